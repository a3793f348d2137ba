"""Covariates in, a design matrix out."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError
from lupus_kit.core.text import listing, plural
from lupus_kit.inference.two_by_two.counts import FloatArray


@dataclass(frozen=True)
class Design:
    """A design matrix: a column of ones, the first arm as 1, then the covariates.

    Attributes
    ----------
    matrix : ndarray, shape (patients, terms)
        Covariates centred and divided by their standard deviation: that changes no fit, and keeps solvers in reach.
    terms : tuple of str
        Names of the columns.
    to_units : ndarray, shape (terms, terms)
        Takes coefficients of `matrix` to coefficients in the covariates' own units.
    notes : tuple of str
        Baselines of covariates in words.
    """

    matrix: FloatArray
    terms: tuple[str, ...]
    to_units: FloatArray
    notes: tuple[str, ...]

    def in_arm(self, first: bool) -> FloatArray:
        """Return the matrix with every patient in one arm."""
        placed = self.matrix.copy()
        placed[:, 1] = float(first)
        return placed


def _columns(values: "pd.Series[object]", name: str) -> tuple[pd.DataFrame, str]:
    """Return a covariate as columns of numbers, and say how words became numbers."""
    if values.nunique() < 2:
        raise InputError(f"covariate {name!r} has one value, {values.iloc[0]!r}, for every patient: leave it out.")
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        numbers = values.astype(np.float64)
        if not np.isfinite(numbers).all():
            raise InputError(
                f"covariate {name!r} holds an infinite value in row {int(np.isinf(numbers).idxmax()) + 1}."
            )
        return numbers.to_frame(name), ""
    if not isinstance(values.dtype, (pd.CategoricalDtype, pd.StringDtype)) and values.dtype != object:
        raise InputError(f"covariate {name!r} is of type {values.dtype}: give numbers, truth values or words.")
    if not isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(str).astype("category")
    levels = values.cat.remove_unused_categories()
    dummies = pd.get_dummies(levels, prefix=name, prefix_sep="=", drop_first=True, dtype=np.float64)
    return dummies, f"{name!r} is compared with its first level, {levels.cat.categories[0]!r}."


def design_of(frame: pd.DataFrame, first: np.ndarray, covariates: list[str]) -> Design:
    """Make the design matrix of an arm and covariates.

    Raises
    ------
    InputError
        A covariate with one value, of a type that is neither numbers nor words, that others explain, or too many of them.
    """
    parts, said = [], []
    for name in covariates:
        columns, note = _columns(frame[name], name)
        parts.append(columns)
        said += [note] if note else []
    raw = pd.concat([pd.DataFrame(index=frame.index), *parts], axis=1)
    centre, scale = raw.mean().to_numpy(), raw.std(ddof=0).to_numpy()
    matrix = np.column_stack([np.ones(len(frame)), first, (raw.to_numpy(dtype=np.float64) - centre) / scale])
    terms = ("intercept", "arm", *map(str, raw.columns))
    if len(frame) <= len(terms):
        raise InputError(
            f"{plural(len(terms), 'coefficient')} for {plural(len(frame), 'patient')} ({listing(terms)}): too many; "
            "give fewer covariates."
        )
    if np.linalg.matrix_rank(matrix) < len(terms):
        ranks = [int(np.linalg.matrix_rank(matrix[:, :k])) for k in range(1, len(terms) + 1)]
        explained = [term for term, before, rank in zip(terms[1:], ranks, ranks[1:], strict=False) if rank == before]
        raise InputError(f"{listing(explained)}: the other columns explain it completely; leave it out.")
    to_units = np.diag([1.0, 1.0, *(1 / scale)])
    to_units[0, 2:] = -centre / scale
    return Design(matrix, terms, to_units, tuple(said))
