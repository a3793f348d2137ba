"""Large-sample tests of a difference between two response rates: their statistics, and where p comes from.

Each statistic takes integer arrays that are already checked and broadcast, and is positive where the first arm responds
more. :func:`normal_test` and :func:`t_test` turn it into a p-value. Where a statistic is 0/0 (nobody responds, or
everybody) both are ``nan``; where a non-zero difference has estimated variance 0 the statistic is infinite and p is 0.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import stdtr, xlogy

from lupus_kit.inference.two_by_two.counts import FloatArray, IntArray
from lupus_kit.inference.two_by_two.pearson import normal_pvalue

Statistic = Callable[..., FloatArray]


def normal_test(
    z: Statistic, x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str, **null: float
) -> FloatArray:
    """p-value of a statistic with a standard normal law."""
    return normal_pvalue(z(x1, n1, x2, n2, **null), alternative)


def t_test(
    t: Statistic,
    degrees: Statistic,
    x1: IntArray,
    n1: IntArray,
    x2: IntArray,
    n2: IntArray,
    alternative: str,
    **null: float,
) -> FloatArray:
    """p-value of a statistic with a t law; nan without a degree of freedom."""
    value, df = t(x1, n1, x2, n2, **null), degrees(x1, n1, x2, n2)
    df = np.where(df > 0, df, np.nan)
    if alternative == "two-sided":
        return np.asarray(2 * stdtr(df, -np.abs(value)))
    return np.asarray(stdtr(df, -value if alternative == "greater" else value))


def standardised(estimate: float | FloatArray, variance: float | FloatArray) -> FloatArray:
    """Return an estimate over its standard error, quietly: 0/0 is nan, a/0 is infinite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(estimate / np.sqrt(variance))


def _cross(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """``x1 n2 - x2 n1``: the difference of the rates times ``n1 n2``, exact."""
    return (x1 * n2 - x2 * n1).astype(np.float64)


def _pooled(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """``n1 n2 s f``: the product of the four margins."""
    s = x1 + x2
    return n1.astype(np.float64) * n2 * s * (n1 + n2 - s)


def n_minus_1(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Pearson's statistic times (N - 1)/N; also the Miettinen–Nurminen score test of no difference."""
    return standardised(_cross(x1, n1, x2, n2), _pooled(x1, n1, x2, n2) / (n1 + n2 - 1))


def yates(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Pearson's test with Yates's correction, never past zero."""
    cross = _cross(x1, n1, x2, n2)
    shrunk = np.sign(cross) * np.maximum(np.abs(cross) - (n1 + n2) / 2, 0.0)
    return standardised(shrunk, _pooled(x1, n1, x2, n2) / (n1 + n2))


def _cells(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> tuple[FloatArray, FloatArray]:
    """Observed and expected counts, cells on the first axis; expected is nan where a column is empty."""
    s, total = x1 + x2, n1 + n2
    observed = np.stack([x1, n1 - x1, x2, n2 - x2]).astype(np.float64)
    expected = np.stack([n1 * s, n1 * (total - s), n2 * s, n2 * (total - s)]) / total
    return observed, np.where((s == 0) | (s == total), np.nan, expected)


def divergence(observed: FloatArray, expected: FloatArray, power: float) -> FloatArray:
    """Return the power divergence of counts, cells on the first axis; with a power of 0 the likelihood ratio (G)."""
    ratio = np.divide(observed, expected, out=np.ones_like(observed), where=~(expected <= 0))
    terms = xlogy(observed, ratio) if power == 0 else observed * (ratio**power - 1) / (power * (power + 1))
    return np.asarray(2 * terms.sum(axis=0))


def divergence_root(power: float, x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Signed root of the power divergence: likelihood-ratio test with a power of 0, Cressie and Read's with 2/3."""
    chi_squared = divergence(*_cells(x1, n1, x2, n2), power)
    return np.asarray(np.sign(_cross(x1, n1, x2, n2)) * np.sqrt(np.maximum(chi_squared, 0.0)))


def wald_unpooled(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Wald test of the risk difference with each arm's own variance."""
    a, b = n1.astype(np.float64), n2.astype(np.float64)
    variance = b**3 * x1 * (n1 - x1) + a**3 * x2 * (n2 - x2)
    return standardised(_cross(x1, n1, x2, n2) * np.sqrt(a * b), variance)


def agresti_caffo(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Wald test after adding one responder and one non-responder to each arm."""
    return wald_unpooled(x1 + 1, n1 + 2, x2 + 1, n2 + 2)


def log_odds_wald(
    x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, null: float = 0.0, added: float = 0.0
) -> FloatArray:
    """Wald test of a log odds ratio (Woolf), with ``added`` patients in every cell; nan with an empty cell."""
    a, b, c, d = x1 + added, n1 - x1 + added, x2 + added, n2 - x2 + added
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.log(a) + np.log(d) - np.log(b) - np.log(c) - null
        return standardised(estimate, 1 / a + 1 / b + 1 / c + 1 / d)


def log_risk_ratio_wald(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, null: float = 0.0) -> FloatArray:
    """Wald test of a log risk ratio (Katz); nan where an arm has no responder."""
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.log(x1 * n2) - np.log(x2 * n1) - null
        variance = (n1 - x1) / (x1 * n1) + (n2 - x2) / (x2 * n2)
        return standardised(estimate, variance)


def arcsine_difference(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, anscombe: bool = False) -> FloatArray:
    """Return Cohen's h, or with ``anscombe`` the one of counts with 3/8 added."""
    added = 3 / 8 * anscombe
    first, second = (np.arcsin(np.sqrt((x + added) / (n + 2 * added))) for x, n in ((x1, n1), (x2, n2)))
    return np.asarray(2 * (first - second))


def arcsine(
    x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, null: float = 0.0, anscombe: bool = False
) -> FloatArray:
    """Difference of arcsine-transformed rates; with Anscombe's fractions the variance of each is 1/(4n + 2)."""
    half = 0.5 * anscombe
    return standardised(arcsine_difference(x1, n1, x2, n2, anscombe) - null, 1 / (n1 + half) + 1 / (n2 + half))


def residual_degrees(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Patients less the two means."""
    return np.asarray((n1 + n2 - 2 + 0 * (x1 + x2)).astype(np.float64))


def student_t(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, null: float = 0.0) -> FloatArray:
    """Student's t with the pooled variance, on outcomes coded 0 and 1."""
    squares = x1 * (n1 - x1) / n1 + x2 * (n2 - x2) / n2
    with np.errstate(divide="ignore", invalid="ignore"):
        return standardised(x1 / n1 - x2 / n2 - null, squares / (n1 + n2 - 2) * (1 / n1 + 1 / n2))


def robust_variances(kind: str, x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Heteroscedasticity-consistent variance of each arm's mean of 0/1 data (MacKinnon and White 1985).

    Least squares on one 0/1 covariate fit the two rates; a residual of an arm has leverage 1/n there. HC0 adds the
    squared residuals as they are, HC1 times N/(N - 2), HC2 each over 1 - 1/n and HC3 over (1 - 1/n)²; nan for HC2 and
    HC3 of an arm of one.
    """
    a, b = n1.astype(np.float64), n2.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind == "HC1":
            factor1 = factor2 = (a + b) / (a + b - 2)
        else:
            power = {"HC0": 0, "HC2": 1, "HC3": 2}[kind]
            factor1, factor2 = (a / (a - 1)) ** power, (b / (b - 1)) ** power
        return np.stack([x1 * (n1 - x1) / a**3 * factor1, x2 * (n2 - x2) / b**3 * factor2])


def robust_t(kind: str, x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, null: float = 0.0) -> FloatArray:
    """Difference of the rates over its heteroscedasticity-consistent standard error."""
    return standardised(x1 / n1 - x2 / n2 - null, robust_variances(kind, x1, n1, x2, n2).sum(axis=0))


def welch_degrees(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Satterthwaite's degrees of freedom; the variances of the means are those of HC2."""
    v1, v2 = robust_variances("HC2", x1, n1, x2, n2)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    # Without any variance the degrees of freedom are 0/0, but an infinite t has p = 0 whatever they are.
    return np.where(v1 + v2 == 0, 1.0, df)


def mann_whitney(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str = "two-sided") -> FloatArray:
    """Mann–Whitney statistic with the correction for ties and for continuity."""
    cross = _cross(x1, n1, x2, n2)  # twice the distance of U from its mean
    shift = np.sign(cross) if alternative == "two-sided" else np.float64(1.0 if alternative == "greater" else -1.0)
    variance = _pooled(x1, n1, x2, n2) / (n1 + n2 - 1)
    # All outcomes alike: U has no variance, and the shift alone must not look like an infinite difference.
    return standardised(np.where(variance > 0, cross - shift, 0.0), variance)


def mann_whitney_test(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """p-value of the Mann–Whitney test; the correction goes against the alternative."""
    return normal_pvalue(mann_whitney(x1, n1, x2, n2, alternative), alternative)
