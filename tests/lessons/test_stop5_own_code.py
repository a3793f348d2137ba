"""Own-code exercises of stop 5: a right answer, typical wrong ones with a hint each, and one that raises."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from lupus_kit import lessons
from lupus_kit.lessons.catalogue import find


def _decimals(printed):
    return len(printed.rstrip("%").partition(".")[2])


def _pairs(printed, n_max):
    sizes = range(1, n_max + 1)
    prints = f".{_decimals(printed)}f"
    return [(x, n) for n in sizes for x in range(n + 1) if f"{100 * x / n:{prints}}%" == printed]


def _pairs_by_rounding(printed, n_max):
    found = []
    for n in range(1, n_max + 1):
        x = np.arange(n + 1)
        fits = np.round(100 * x / n, _decimals(printed)) == float(printed.rstrip("%"))
        found += [(int(one), n) for one in x[fits]]
    return found


def _two_decimals(printed, n_max):
    value = float(printed.rstrip("%"))
    return [(x, n) for n in range(1, n_max + 1) for x in range(n + 1) if round(100 * x / n, 2) == value]


def _looks(counted, rho=None, level=None, tails=2):
    """Make a function that simulates two looks and counts the alarms in its own way."""

    def share(correlation, given_level, trials, rng):
        r = correlation if rho is None else rho
        cut = norm.isf((given_level if level is None else level) / tails)
        z = rng.multivariate_normal([0, 0], [[1, r], [r, 1]], trials)
        return counted((np.abs(z) if tails == 2 else z) >= cut)

    return share


def _any(alarms):
    return alarms.any(axis=1).mean()


def _one_by_one(correlation, level, trials, rng):
    hits, cut = 0, norm.isf(level / 2)
    for _ in range(trials):
        a, b = rng.standard_normal(2)
        both = np.array([a, correlation * a + np.sqrt(1 - correlation**2) * b])
        hits += (np.abs(both) >= cut).any()
    return hits / trials


RIGHT = [("05.1", _pairs), ("05.1", _pairs_by_rounding), ("05.3", _looks(_any)), ("05.3", _one_by_one)]
WRONG = [
    ("05.1", lambda printed, n_max: [(n, x) for x, n in _pairs(printed, n_max)], "responders first"),
    ("05.1", lambda printed, n_max: _pairs(printed, n_max - 1), "largest arm is never tried"),
    ("05.1", lambda printed, n_max: [pair for pair in _pairs(printed, n_max) if pair[1] == n_max], "largest arm only"),
    ("05.1", _two_decimals, "as many decimals as are printed"),
    ("05.1", lambda printed, n_max: [pair for pair in _pairs(printed, n_max) if pair[0]], "Called with ('0%', 4) it gives []"),
    ("05.1", lambda printed, n_max: _pairs(printed[:-1], n_max), "it gives []"),
    ("05.1", lambda printed, n_max: float(printed), "stopped with ValueError"),
    ("05.1", lambda printed, n_max: print(printed), "gives None"),
    ("05.3", _looks(lambda alarms: alarms.all(axis=1).mean()), "both alarms"),
    ("05.3", _looks(lambda alarms: alarms.sum() / len(alarms)), "any, not sum"),
    ("05.3", _looks(_any, rho=0), "only one chance"),
    ("05.3", _looks(_any, tails=1), "one tail"),
    ("05.3", _looks(_any, level=0.05), "right is"),
    ("05.3", lambda *given: _looks(_any)(*given[:3], np.random.default_rng()), "draw from rng"),
    ("05.3", lambda correlation, level, trials, rng: 1 / 0, "stopped with ZeroDivisionError"),
    ("05.3", lambda correlation, level, trials, rng: print(level), "something of another form"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "given"), RIGHT)
def test_a_right_function_passes(key, given):
    result = lessons.check(key, given)
    assert result.passed is True, result.message


@pytest.mark.parametrize(("key", "given", "words"), WRONG)
def test_a_slip_gets_its_hint(key, given, words):
    result = lessons.check(key, given)
    assert result.passed is False
    assert words in result.message, result.message


def test_every_slip_is_tried():
    said = {lessons.check(key, given).message for key, given, _ in WRONG}
    hints = [slip.hint for key in ("05.1", "05.3") for slip in find(key).misconceptions]
    assert [hint for hint in hints if hint not in said] == []
