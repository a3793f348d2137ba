"""Exercises of stop 8: own code with right answers, typical wrong ones and one that raises; the paragraph for a panel."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from lupus_kit import lessons
from lupus_kit.lessons import conclusion
from lupus_kit.lessons.catalogue import find


def _by_arm(x1, n1, x2, n2, m1, m2, draws, rng):
    found = []
    for x, n, m in ((x1, n1, m1), (x2, n2, m2)):
        found.append(rng.binomial(m, rng.beta(1 + x, 1 + n - x, size=draws)) / m)
    return found[0] - found[1]


def _by_loop(*given):
    x1, n1, x2, n2, m1, m2, draws, rng = given
    found = []
    for _ in range(draws):
        rate1, rate2 = rng.beta(1 + x1, 1 + n1 - x1), rng.beta(1 + x2, 1 + n2 - x2)
        found.append(rng.binomial(m1, rate1) / m1 - rng.binomial(m2, rate2) / m2)
    return found


def _no_doubt(x1, n1, x2, n2, m1, m2, draws, rng):
    return rng.binomial(m1, x1 / n1, draws) / m1 - rng.binomial(m2, x2 / n2, draws) / m2


def _rates_alone(x1, n1, x2, n2, m1, m2, draws, rng):
    return rng.beta(1 + x1, 1 + n1 - x1, draws) - rng.beta(1 + x2, 1 + n2 - x2, draws)


def _old_sizes(x1, n1, x2, n2, m1, m2, draws, rng):
    return _by_arm(x1, n1, x2, n2, n1, n2, draws, rng)


def _own_generator(*given):
    return _by_arm(*given[:-1], np.random.default_rng())


def _mean(estimates, errors, power=-2):
    weights = np.asarray(errors, dtype=float) ** power
    return np.sum(weights * estimates) / np.sum(weights)


def _statsmodels(estimates, errors):
    pooled = combine_effects(estimates, errors**2).summary_frame().loc["fixed effect"]
    return pooled["eff"], pooled["sd_eff"]


RIGHT = [
    ("08.1", _by_arm),
    ("08.1", _by_loop),
    ("08.2", _statsmodels),
    ("08.2", lambda estimates, errors: [_mean(estimates, errors), np.sqrt(1 / np.sum(1 / errors**2))]),
]
WRONG = [
    ("08.1", _no_doubt, "observed rates for the true ones"),
    ("08.1", _rates_alone, "spread of the true rates"),
    ("08.1", _old_sizes, "as large as the old one"),
    ("08.1", lambda *given: -_by_arm(*given), "its differences have mean"),
    ("08.1", lambda *given: 100 * _by_arm(*given), "its differences have mean"),
    ("08.1", _own_generator, "Draw from rng alone"),
    ("08.1", lambda *given: _by_arm(*given).mean(), "one difference a draw"),
    ("08.1", lambda rng: 0, "stopped with TypeError"),
    ("08.1", lambda *given: "a difference", "of another form"),
    ("08.1", lambda *given: {"difference": _by_arm(*given)}, "of another form"),
    ("08.1", lambda *given: print(), "one difference a draw"),
    ("08.2", lambda estimates, errors: (np.mean(estimates), _statsmodels(estimates, errors)[1]), "plain mean"),
    ("08.2", lambda estimates, errors: (_mean(estimates, errors, -1), 1.0), "its square"),
    ("08.2", lambda estimates, errors: (_mean(estimates, errors, 2), 1.0), "counts most"),
    ("08.2", lambda estimates, errors: (_mean(estimates, errors), 1 / np.sum(1 / errors**2)), "Take its square root"),
    ("08.2", lambda estimates, errors: (_mean(estimates, errors), np.mean(errors)), "Called with"),
    ("08.2", lambda estimates, errors: _mean(estimates, errors), "right is (0.52, 0.22"),
    ("08.2", lambda estimates, errors: np.array(0.5), "Called with"),
    ("08.2", lambda estimates, errors: "0.52", "Called with"),
    ("08.2", lambda estimates, errors: errors["LUPIL-2"], "stopped with IndexError"),
]


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
    hints = [slip.hint for key in ("08.1", "08.2") for slip in find(key).misconceptions]
    assert [hint for hint in hints if hint not in said] == []


# --- the paragraph for a panel: all are written for this test ------------------------------------------------------

BOTH = "Neither He 2020 nor LUPIL-2 met its primary endpoint, SRI-4 at week 12 (16/29 v 9/30 and 34 of 50 v 29 of 50)."
SIZE = "Pooled, the difference is about 16 percentage points, with an interval from 1 to 31."
HARM = "Too few patients were treated to judge rare harms."
GAPS = "A registered dose trial has no result that we could find."
NEXT = "Treatment should be given only in trials, and a larger trial that meets its endpoint would change our view."


@pytest.mark.parametrize(
    "text",
    [
        conclusion.PANEL_EXAMPLE,
        f"{BOTH} {SIZE} {HARM} {GAPS} {NEXT}",
        "Two placebo-controlled trials missed their primary endpoint. The pooled difference may be anything between 1 and 31 "
        "points, which is imprecise. Adverse events were few, and small trials with other results may be unpublished. We "
        "recommend a larger trial.",
    ],
)
def test_a_sober_paragraph_passes(text):
    assert conclusion.panel_remarks(text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{SIZE} {HARM} {GAPS} {NEXT}", "what became of the primary endpoint"),
        ("The primary endpoint of He 2020 was missed." + f" {SIZE} {HARM} {NEXT}", "name both trials"),
        (f"{BOTH} The difference is positive and imprecise. {HARM} {GAPS} {NEXT}", "two ends of its interval"),
        (f"{BOTH} {SIZE} {GAPS} {NEXT}", "harm beside benefit"),
        (f"{BOTH} {SIZE} {HARM} {NEXT}", "say what is not there"),
        (f"{BOTH} {SIZE} {HARM} {GAPS}", "what would change the advice"),
        (f"{BOTH} {SIZE} {HARM} {GAPS} It should be given to all patients. {NEXT}", "more than one small trial"),
        (f"{BOTH} {SIZE} {HARM} {GAPS} We recommend low-dose IL-2. {NEXT}", "more than one small trial"),
        (f"{BOTH} {SIZE} Low-dose IL-2 is safe. {GAPS} {NEXT}", "one in ten"),
        (f"{BOTH} {SIZE} {HARM} {GAPS} {NEXT} On placebo it was 28/50.", "not in the record"),
        (f"{BOTH} {NEXT}", "three to eight"),
        ("IL-2 works.", "1 sentence;"),
    ],
)
def test_what_a_paragraph_lacks_or_overclaims_is_said(text, words):
    assert any(words in remark for remark in conclusion.panel_remarks(text)), conclusion.panel_remarks(text)


def test_the_counts_of_lupil2_are_no_counts_of_he2020():
    text = "The primary endpoint was missed. The estimates (34/50 v 9/30) are imprecise."
    assert conclusion.remarks(text) == []  # 50 is nobody's size there: not looked at
    assert "“17/29”" in conclusion.remarks(text.replace("9/30", "17/29"))[0]
