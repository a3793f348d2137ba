"""Logistic models of a response: fitted by libraries, and many at once for a bootstrap; standardised rates."""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from lupus_kit.inference.strata.covariates import Design
from lupus_kit.inference.two_by_two.counts import FloatArray

# Terms of a bootstrap that are worked out at once.
_AT_ONCE = 4_000_000


def infinite_terms(design: Design, response: FloatArray) -> list[str]:
    """Name the coefficients without a finite maximum-likelihood estimate: the response separates.

    References
    ----------
    Konis K. DPhil thesis, University of Oxford 2007 (a linear program; from the library firthmodels).
    """
    from firthmodels import detect_separation

    found = detect_separation(design.matrix, response, fit_intercept=False)
    return [term for term, finite in zip(design.terms, found.is_finite, strict=True) if not finite]


def fit_likelihood(design: Design, response: FloatArray) -> FloatArray:
    """Maximum-likelihood coefficients, from statsmodels."""
    from statsmodels.discrete.discrete_model import Logit

    fitted = Logit(response, design.matrix).fit(disp=False, maxiter=100, tol=1e-12)
    return np.asarray(fitted.params, dtype=np.float64)


def fit_profile(
    design: Design, response: FloatArray, level: float, firth: bool
) -> tuple[FloatArray, float, float, float]:
    """Coefficients, and the profile-likelihood interval and p-value of the arm's, with Firth's penalty or without.

    ``nan`` where the library's search does not end.

    References
    ----------
    Firth D. Biometrika 1993;80:27-38. Heinze G, Schemper M. Stat Med 2002;21:2409-2419. Library: firthmodels.
    """
    from firthmodels import FirthLogisticRegression

    model = FirthLogisticRegression(
        backend="numpy", fit_intercept=False, penalty_weight=0.5 if firth else 0.0, max_iter=500, gtol=1e-9, xtol=1e-9
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what did not converge is nan
        model.fit(design.matrix, response).lrt(1)
        low, high = model.conf_int(alpha=1 - level, method="pl", features=1, max_iter=200, tol=1e-9)[1]
    return np.asarray(model.coef_, dtype=np.float64), float(low), float(high), float(model.lrt_pvalues_[1])


def covariance(design: Design, response: FloatArray, coefficients: FloatArray, robust: bool) -> FloatArray:
    """Covariance of the coefficients: the inverse information, or around it the sandwich (HC0)."""
    x, p = design.matrix, expit(design.matrix @ coefficients)
    bread = np.linalg.inv(x.T @ (x * (p * (1 - p))[:, None]))
    return np.asarray(bread @ (x.T @ (x * ((response - p) ** 2)[:, None])) @ bread if robust else bread)


def standardised(design: Design, coefficients: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean predicted rate with everybody in the first and in the second arm, and the gradient of each (rows)."""
    placed = np.stack([design.in_arm(True), design.in_arm(False)])
    p = expit(placed @ coefficients)
    gradient = ((p * (1 - p))[:, :, None] * placed).mean(axis=1)
    return np.asarray(p.mean(axis=1)), np.asarray(gradient)


def _fit_many(
    x: FloatArray, response: FloatArray, drawn: FloatArray, firth: bool
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Newton's steps for many resamples at once, each given by how often every patient was drawn.

    Returns the coefficients, one row a resample, and whether each has converged.
    """
    terms = x.shape[1]
    products = (x[:, :, None] * x[:, None, :]).reshape(len(x), terms**2)
    coefficients = np.zeros((len(drawn), terms))
    for _ in range(60):
        p = expit(coefficients @ x.T)
        weight = drawn * p * (1 - p)
        inverse = np.linalg.pinv((weight @ products).reshape(-1, terms, terms), hermitian=True)
        residual = drawn * (response - p)
        if firth:
            residual += weight * (inverse.reshape(-1, terms**2) @ products.T) * (0.5 - p)
        step = np.clip((inverse @ (residual @ x)[:, :, None])[:, :, 0], -3.0, 3.0)
        coefficients += step
        moved = np.abs(step).max(axis=1)
        if moved.max() < 1e-8:
            break
    return coefficients, moved < 1e-6


def bootstrap(
    design: Design, response: FloatArray, firth: bool, resamples: int, rng: np.random.Generator
) -> tuple[FloatArray, int]:
    """Draw patients within each arm with replacement, fit and standardise again.

    Returns
    -------
    ndarray, shape (resamples, 2)
        Standardised rates of the first and second arm.
    int
        Resamples that separate and were fitted with Firth's penalty although the data were not.
    """
    x, separated, rates = design.matrix, 0, []
    arms = [np.flatnonzero(x[:, 1] == one) for one in (1.0, 0.0)]
    at_once = max(1, _AT_ONCE // (len(x) * x.shape[1] ** 2))
    for start in range(0, resamples, at_once):
        number = min(at_once, resamples - start)
        drawn = np.zeros((number, len(x)))
        for members in arms:
            drawn[:, members] = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), size=number)
        coefficients, converged = _fit_many(x, response, drawn, firth)
        if not converged.all() and not firth:
            separated += int((~converged).sum())
            coefficients[~converged] = _fit_many(x, response, drawn[~converged], firth=True)[0]
        predicted = [(drawn * expit(coefficients @ design.in_arm(first).T)).sum(axis=1) for first in (True, False)]
        rates.append(np.stack(predicted, axis=1) / len(x))
    return np.concatenate(rates), separated
