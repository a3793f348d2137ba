"""Covariates in, a design matrix out."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lupus_kit.core.errors import InputError
from lupus_kit.core.text import listing, plural
from lupus_kit.inference.two_by_two.counts import FloatArray


def _columns(values: "pd.Series[object]", name: str) -> pd.DataFrame:
    """Return a covariate as columns of numbers; words and categories as levels against the first of them."""
    if values.nunique() < 2:
        raise InputError(f"covariate {name!r} has one value, {values.tolist()[0]!r}, for every patient: leave it out.")
    kind = getattr(values.dtype, "kind", "O")
    if kind in "biuf":
        return values.astype(np.float64).to_frame(name)
    if kind in "mMc":
        raise InputError(f"covariate {name!r} is of type {values.dtype}: give numbers, truth values or words.")
    levels = values if isinstance(values.dtype, pd.CategoricalDtype) else values.astype(str).astype("category")
    levels = levels.cat.remove_unused_categories()
    return pd.get_dummies(levels, prefix=f"{name} ({levels.cat.categories[0]})", prefix_sep=" v ", dtype=float).iloc[
        :, 1:
    ]


def design_of(
    frame: pd.DataFrame, first: NDArray[np.bool_], covariates: list[str]
) -> tuple[FloatArray, list[str], list[str]]:
    """Make a design matrix: ones, the first arm as 1, then the covariates, centred and divided by their deviation.

    Returns
    -------
    ndarray, shape (patients, terms)
    list of str
        Names of the terms.
    list of str
        What is compared with what.

    Raises
    ------
    InputError
        A covariate with one value, of a type that is neither numbers nor words, that others explain, or too many of them.
    """
    parts = [_columns(frame[name], name) for name in covariates]
    terms = ["intercept", "arm", *(str(term) for part in parts for term in part.columns)]
    raw = np.column_stack([np.empty((len(frame), 0)), *parts])
    if not np.isfinite(raw).all():
        raise InputError(f"covariate {terms[2 + np.isinf(raw).any(axis=0).argmax()]!r} holds an infinite value.")
    if len(frame) <= len(terms):
        raise InputError(f"{len(terms)} coefficients ({listing(terms)}) for {plural(len(frame), 'patient')}: too many.")
    matrix = np.column_stack([np.ones(len(frame)), first, (raw - raw.mean(axis=0)) / raw.std(axis=0)])
    ranks = [int(np.linalg.matrix_rank(matrix[:, :number])) for number in range(1, len(terms) + 1)]
    if explained := [term for term, gained in zip(terms[1:], np.diff(ranks), strict=True) if not gained]:
        raise InputError(f"{listing(explained)}: the columns before explain it completely; leave it out.")
    words = [term for part in parts for term in part.columns if " v " in str(term)]
    return matrix, terms, [f"Levels, each against the one in brackets: {listing(words)}."] if words else []
