"""Exercises of stop 4: one more responder, the size of a test, how large an effect is, and four misreadings."""

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.exercises.record import printed, table

NOTEBOOK = "04_week12_week24"

_CANDIDATES = ("barnard", "fisher", "likelihood_ratio", "boschloo")


def _pearson(extra: int, test: str = "pearson") -> float:
    """p-value of week 12 with some more responders on IL-2."""
    x1, n1, x2, n2 = table("sri4_week12")
    return float(lk.inference.pvalue(test, x1 + extra, n1, x2, n2))


def _ratios() -> tuple[float, float, float]:
    """Return difference, ratio and odds ratio of the two response rates of week 12."""
    x1, n1, x2, n2 = table("sri4_week12")
    p, q = x1 / n1, x2 / n2
    return p - q, p / q, (p / (1 - p)) / (q / (1 - q))


def _smaller_with_more_patients() -> float:
    """Probability that as many patients again, on a drug that does nothing, make the p-value of week 12 smaller."""
    import numpy as np
    from scipy.stats import binom

    x1, n1, x2, n2 = table("sri4_week12")
    rate = (x1 + x2) / (n1 + n2)
    new1, new2 = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)[None, :]
    chance = binom.pmf(new1, n1, rate) * binom.pmf(new2, n2, rate)
    together = lk.inference.pvalue("pearson", x1 + new1, 2 * n1, x2 + new2, 2 * n2)
    return float(chance[together < _pearson(0)].sum())


#: What the four answers of 04.5 say.
_SHARES = {"a": 0.95, "b": 0.50, "c": 0.20, "d": 0.05}


def _nearest_share() -> str:
    return min(_SHARES, key=lambda letter: abs(_SHARES[letter] - _smaller_with_more_patients()))


def _size(test: str) -> float:
    _, n1, _, n2 = table("sri4_week12")
    return lk.inference.size(test, n1, n2).size


def _p(claim: str) -> float:
    return float(printed(claim))


def _bits() -> tuple[float, float]:
    return lk.inference.s_value(_p("sri4_week12")), lk.inference.s_value(_p("sri4_week24"))


EXERCISES = read_exercises(
    "stop4",
    observed=lambda: _pearson(0),
    one_more=lambda: _pearson(1),
    one_fewer=lambda: _pearson(-1),
    yates=lambda: _pearson(1, "yates"),
    fisher=lambda: _pearson(1, "fisher"),
    largest_size=lambda: max(_CANDIDATES, key=_size),
    size_of_likelihood_ratio=lambda: _size("likelihood_ratio"),
    risk_ratio=lambda: _ratios()[1],
    inverse_ratio=lambda: 1 / _ratios()[1],
    odds_ratio=lambda: _ratios()[2],
    ratio_of_counts=lambda: table("sri4_week12")[0] / table("sri4_week12")[2],
    is_difference=lambda given: abs(given - _ratios()[0]) < 0.006 or abs(given - 100 * _ratios()[0]) < 0.6,
    is_how_much_larger=lambda given: min(abs(one - (_ratios()[1] - 1)) for one in (given, given / 100)) < 0.006,
    bits_week_12=lambda: _bits()[0],
    bits_week_24=lambda: _bits()[1],
    bits_between=lambda: _bits()[1] - _bits()[0],
    bits_reversed=lambda: _bits()[0] - _bits()[1],
    is_p_difference=lambda given: abs(abs(given) - abs(_p("sri4_week12") - _p("sri4_week24"))) < 1e-9,
    nearest_share=_nearest_share,
    smaller_of_100=lambda: 100 * _smaller_with_more_patients(),
)
