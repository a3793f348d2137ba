"""Stop 6: its own-code exercises with right answers, typical wrong ones and one that raises; the facts of its quizzes."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, fisher_exact

from lupus_kit import cohort, inference, lessons, published
from lupus_kit.lessons.catalogue import find


def _changed(before, after):
    return int((before & ~after).sum()), int((after & ~before).sum())


def _mcnemar(before, after):
    lost, got = _changed(before, after)
    return binomtest(lost, lost + got).pvalue if lost + got else 1.0


def _doubled(before, after):
    lost, got = _changed(before, after)
    return 2 * binomtest(min(lost, got), lost + got, alternative="less").pvalue if lost + got else 1.0


def _as_two_groups(before, after):
    pair = [[column.sum(), (~column).sum()] for column in (before, after)]
    return fisher_exact(pair).pvalue


def _changes(patients):
    first, last = (patients[patients["week"] == week].set_index(["arm", "patient"])["sledai"] for week in (0, 12))
    return (last - first).dropna()


def _effect(patients):
    change = _changes(patients)
    return change["IL-2"].mean() - change["placebo"].mean(), len(change)


def _of_all_seen(patients):
    mean = patients.groupby(["arm", "week"])["sledai"].mean().unstack()
    change = mean[12] - mean[0]
    return change["IL-2"] - change["placebo"], len(_changes(patients))


def _week12_only(patients):
    mean = patients[patients["week"] == 12].groupby("arm")["sledai"].mean()
    return mean["IL-2"] - mean["placebo"], len(_changes(patients))


RIGHT = [
    ("06.3", _mcnemar),
    ("06.3", lambda before, after: min(1, _doubled(before, after))),
    ("06.4", _effect),
    ("06.4", lambda patients: pd.Series(_effect(patients)).tolist()),
]
WRONG = [
    ("06.3", _as_two_groups, "different people"),
    ("06.3", lambda before, after: _doubled(before, after) / 2, "one tail"),
    ("06.3", _doubled, "above 1"),
    ("06.3", lambda before, after: _mcnemar(before, after) if (before != after).any() else np.nan, "nothing to toss"),
    ("06.3", lambda before, after: binomtest(_changed(before, after)[0], len(before)).pvalue, "right is"),
    ("06.3", lambda before, after: 1 / 0, "stopped with ZeroDivisionError"),
    ("06.3", lambda before, after: print(before), "gives None"),
    ("06.4", lambda patients: (-_effect(patients)[0], _effect(patients)[1]), "sign is not"),
    ("06.4", _week12_only, "own baseline"),
    ("06.4", _of_all_seen, "who have no week 12"),
    ("06.4", lambda patients: (_effect(patients)[0], patients["patient"].nunique()), "have both values"),
    ("06.4", lambda patients: (100 * _effect(patients)[0], len(_changes(patients))), "right is"),
    ("06.4", lambda patients: _effect(patients)[0], "it gives -4; right is (-4.0, 5)"),
    ("06.4", lambda patients: patients["SLEDAI"], "stopped with KeyError"),
]  # fmt: skip
#: Two tests look at what is said of each slip.
checked = cache(lessons.check)


@pytest.mark.parametrize(("key", "given"), RIGHT)
def test_a_right_function_passes(key, given):
    result = lessons.check(key, given)
    assert result.passed is True, result.message


@pytest.mark.parametrize(("key", "given", "words"), WRONG)
def test_a_slip_gets_its_hint(key, given, words):
    result = checked(key, given)
    assert result.passed is False
    assert words in result.message, result.message


def test_every_slip_is_tried():
    said = {checked(key, given).message for key, given, _ in WRONG}
    hints = [slip.hint for key in ("06.3", "06.4") for slip in find(key).misconceptions]
    assert [hint for hint in hints if hint not in said] == []


def test_the_invented_table_is_the_cohort_of_its_seed():
    invented = cohort.what_if(cohort.Assumptions(extra_weeks=(9,), dropout_rate=0.1), seed=7)
    visits = invented.visits[["patient", "arm", "week", "sledai"]]
    visits = visits.astype({"arm": str})
    cells = invented.immune[["patient", "week", "treg_percent_cd4"]]
    shipped = pd.read_csv(lessons.data("sledai_treg.csv"))
    pd.testing.assert_frame_equal(shipped, visits.merge(cells, on=["patient", "week"]), check_dtype=False)


def test_what_the_quizzes_say_is_so():
    assert 100 * inference.upper_limit(0, 60) == pytest.approx(5, abs=0.2)
    none_of_sixty = (1 - 1 / 60) ** 60
    assert none_of_sixty == pytest.approx(0.36, abs=0.01), "quite usual"
    events = published.load("he2020").tables["table3"].set_index(["event", "arm"])[["count", "n"]]
    assert events.loc["Injection site reaction"].to_numpy().tolist() == [[9, 29], [2, 30]]
