"""Stop 5: its own-code exercise with right answers, typical wrong ones and one that raises; the facts of its quizzes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from lupus_kit import audit, inference, lessons
from lupus_kit.lessons.catalogue import find


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


RIGHT = [("05.2", _looks(_any)), ("05.2", _one_by_one)]
WRONG = [
    ("05.2", _looks(lambda alarms: alarms.all(axis=1).mean()), "both alarms"),
    ("05.2", _looks(lambda alarms: alarms.sum() / len(alarms)), "any, not sum"),
    ("05.2", _looks(_any, rho=0), "only one chance"),
    ("05.2", _looks(_any, tails=1), "one tail"),
    ("05.2", _looks(_any, level=0.05), "right is"),
    ("05.2", lambda *given: _looks(_any)(*given[:3], np.random.default_rng()), "draw from rng"),
    ("05.2", lambda correlation, level, trials, rng: 1 / 0, "stopped with ZeroDivisionError"),
    ("05.2", lambda correlation, level, trials, rng: print(level), "something of another form"),
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
    hints = [slip.hint for slip in find("05.2").misconceptions]
    assert [hint for hint in hints if hint not in said] == []


def test_what_the_quizzes_say_is_so():
    assert audit.counts_from_percent("45.45%", n_max=20) == [(5, 11)]
    assert (audit.counts_from_percent("45.00%", n_max=20), 1 - 0.95**10) == ([(9, 20)], pytest.approx(0.40, abs=0.005))
    allowed = {rule: inference.decide(0.03, 0.03, rule) for rule in ("fixed_sequence", "bonferroni", "holm")}
    assert allowed == {"fixed_sequence": (True, True), "bonferroni": (False, False), "holm": (False, False)}
