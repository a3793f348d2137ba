"""Logistic models of a response: covariates as a design matrix, fits by libraries and of many resamples, standardised rates."""

import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from lupus_kit.core.errors import InputError
from lupus_kit.core.text import listing, plural
from lupus_kit.inference.two_by_two.counts import Bools, FloatArray

# Terms of a bootstrap that are worked out at once.
_AT_ONCE = 1_000_000


def _columns(values: "pd.Series[object]", name: str) -> pd.DataFrame:
    """Return a covariate as columns of numbers; words and categories as levels against the first of them."""
    if values.nunique() < 2:
        raise InputError(f"covariate {name!r} has one value, {values.tolist()[0]!r}, for every patient: leave it out.")
    kind = getattr(values.dtype, "kind", "O")
    if kind in "biuf":
        return values.astype(np.float64).to_frame(name)
    if kind in "mMc":
        raise InputError(f"covariate {name!r} is of type {values.dtype}: give numbers, truth values or words.")
    levels = values if isinstance(values.dtype, pd.CategoricalDtype) else _words(values, name)
    levels = levels.cat.remove_unused_categories()
    against = f"{name} ({levels.cat.categories[0]})"
    return pd.get_dummies(levels, prefix=against, prefix_sep=" v ", dtype=float, drop_first=True)


def _words(values: "pd.Series[object]", name: str) -> "pd.Series[object]":
    """Return words as categories; numbers that are written as words are no levels."""
    levels = values.astype(str).astype("category")
    written = levels.cat.categories.str.strip()
    numbers = written[written.str.fullmatch(r"[-+]?\d+(?:[.,]\d+)?")]
    if numbers.str.contains("[.,]").any() or (len(numbers) > 10 and 3 * len(numbers) > len(values)):
        raise InputError(f"covariate {name!r} holds numbers written as words, as {numbers[0]!r}: make them numbers.")
    return levels


def design_of(frame: pd.DataFrame, first: Bools, covariates: list[str]) -> tuple[FloatArray, list[str], list[str]]:
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


def infinite_terms(matrix: FloatArray, response: FloatArray) -> NDArray[np.intp]:
    """Say which coefficients have no finite maximum-likelihood estimate: the response separates.

    References
    ----------
    Konis K. DPhil thesis, University of Oxford 2007 (a linear program; from the library firthmodels).
    """
    from firthmodels import detect_separation

    return np.flatnonzero(~detect_separation(matrix, response, fit_intercept=False).is_finite)


def fit(matrix: FloatArray, response: FloatArray, level: float, firth: bool) -> tuple[FloatArray, float, float, float]:
    """Coefficients, and the profile-likelihood interval and p-value of the arm's, with Firth's penalty or without.

    The interval and the p-value are ``nan`` where the search for them does not end.

    References
    ----------
    Firth D. Biometrika 1993;80:27-38. Heinze G, Schemper M. Stat Med 2002;21:2409-2419. Libraries: statsmodels without
    the penalty, firthmodels with it and for the profile.
    """
    from firthmodels import FirthLogisticRegression
    from statsmodels.discrete.discrete_model import Logit

    model = FirthLogisticRegression(
        "numpy", fit_intercept=False, penalty_weight=0.5 * firth, max_iter=500, gtol=1e-7, xtol=1e-7
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(matrix, response).lrt(1)
        low, high = model.conf_int(alpha=1 - level, method="pl", features=1, max_iter=200, tol=1e-9)[1]
    if not model.converged_:
        raise InputError("the logistic model does not converge: give fewer covariates.")
    likely = model.coef_ if firth else Logit(response, matrix).fit(disp=False, maxiter=100, tol=1e-12).params
    return np.asarray(likely, dtype=np.float64), float(low), float(high), float(model.lrt_pvalues_[1])


def covariance(matrix: FloatArray, response: FloatArray, coefficients: FloatArray, robust: bool) -> FloatArray:
    """Covariance of the coefficients: the inverse information, or the sandwich around it (HC0)."""
    p = expit(matrix @ coefficients)
    inverse = np.linalg.inv(matrix.T @ (matrix * (p * (1 - p))[:, None]))
    scores = matrix * (response - p)[:, None]
    return np.asarray(inverse @ (scores.T @ scores) @ inverse if robust else inverse)


def _in_each_arm(matrix: FloatArray) -> FloatArray:
    """Return the design matrix with every patient in the first arm, and with every patient in the second."""
    both = np.stack([matrix, matrix])
    both[0, :, 1], both[1, :, 1] = 1.0, 0.0
    return both


def standardised(matrix: FloatArray, coefficients: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean predicted rate with everybody in the first and in the second arm, and the gradient of each (rows)."""
    both = _in_each_arm(matrix)
    p = expit(both @ coefficients)
    return np.asarray(p.mean(axis=1)), np.asarray(((p * (1 - p))[:, :, None] * both).mean(axis=1))


def _fit_many(x: FloatArray, response: FloatArray, drawn: FloatArray, firth: bool) -> tuple[FloatArray, Bools]:
    """Newton's steps for many resamples at once, each given by how often every patient was drawn.

    Returns the coefficients, one row a resample, and which resamples separate.
    """
    terms = x.shape[1]
    products = (x[:, :, None] * x[:, None, :]).reshape(len(x), terms**2)
    coefficients = np.zeros((len(drawn), terms))
    moving = np.arange(len(drawn))
    for _ in range(60):
        p = expit(coefficients[moving] @ x.T)
        weight = drawn[moving] * p * (1 - p)
        # A level that was not drawn has no information: its coefficient stays where it is.
        inverse = np.linalg.pinv((weight @ products).reshape(-1, terms, terms), rcond=1e-10, hermitian=True)
        residual = drawn[moving] * (response - p)
        if firth:
            residual += weight * (inverse.reshape(-1, terms**2) @ products.T) * (0.5 - p)
        step = np.clip((inverse @ (residual @ x)[:, :, None])[:, :, 0], -3.0, 3.0)
        coefficients[moving] += step
        moving = moving[np.abs(step).max(axis=1) > 1e-8]
        if not len(moving):
            break
    # Beyond e^15 to 1 a probability is on its way to 0 or 1.
    return coefficients, np.asarray(((drawn > 0) & (np.abs(coefficients @ x.T) > 15)).any(axis=1))


def bootstrap(
    matrix: FloatArray, response: FloatArray, firth: bool, resamples: int, rng: np.random.Generator
) -> tuple[FloatArray, int]:
    """Draw patients within each arm with replacement, fit and standardise again.

    Returns
    -------
    ndarray, shape (resamples,)
        Standardised differences.
    int
        Resamples that separate, fitted with Firth's penalty although the data were not.
    """
    separated, differences = 0, []
    at_once = max(1, _AT_ONCE // matrix.size)
    for start in range(0, resamples, at_once):
        drawn = np.zeros((min(at_once, resamples - start), len(matrix)))
        for one in (1.0, 0.0):
            (members,) = np.nonzero(matrix[:, 1] == one)
            drawn[:, members] = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), size=len(drawn))
        coefficients, apart = _fit_many(matrix, response, drawn, firth)
        if apart.any() and not firth:
            separated += int(apart.sum())
            coefficients[apart] = _fit_many(matrix, response, drawn[apart], firth=True)[0]
        first, second = expit(_in_each_arm(matrix) @ coefficients.T)
        differences.append((drawn * (first - second).T).mean(axis=1))
    return np.concatenate(differences), separated
