"""Own-code exercises of stop 6: a right answer, typical wrong ones with a hint each, and one that raises."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from ipywidgets import FloatSlider, IntSlider, VBox, interact, interactive
from scipy.stats import binomtest, fisher_exact

from lupus_kit import cohort, lessons
from lupus_kit.lessons.catalogue import find


def _explore(make=interactive, calls=True, **slider):
    def explore(show):
        if not calls:
            return VBox([IntSlider(**{"value": 29, "min": 10, "max": 300, "description": "patients", **slider})])
        return make(show, n=IntSlider(**{"value": 29, "min": 10, "max": 300, "description": "patients", **slider}))

    return explore


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
    ("06.2", _explore()),
    ("06.2", _explore(interact)),
    ("06.4", _mcnemar),
    ("06.4", lambda before, after: min(1, _doubled(before, after))),
    ("06.5", _effect),
    ("06.5", lambda patients: pd.Series(_effect(patients)).tolist()),
]
WRONG = [
    ("06.2", _explore(min=0), "begin at 10"),
    ("06.2", _explore(description="n"), "what is counted"),
    ("06.2", _explore(max=100), "runs from 10 to 100"),
    ("06.2", lambda show: interactive(show, n=FloatSlider(155, min=10, max=300, description="patients")), "starts at 155"),
    ("06.2", _explore(calls=False), "show is not called"),
    ("06.2", lambda show: show(29), "gives back no slider"),
    ("06.2", lambda show: IntSlider(value=1, min=10, max=5), "stopped with TraitError"),
    ("06.4", _as_two_groups, "different people"),
    ("06.4", lambda before, after: _doubled(before, after) / 2, "one tail"),
    ("06.4", _doubled, "above 1"),
    ("06.4", lambda before, after: _mcnemar(before, after) if (before != after).any() else np.nan, "nothing to toss"),
    ("06.4", lambda before, after: binomtest(_changed(before, after)[0], len(before)).pvalue, "right is"),
    ("06.4", lambda before, after: 1 / 0, "stopped with ZeroDivisionError"),
    ("06.4", lambda before, after: print(before), "gives None"),
    ("06.5", lambda patients: (-_effect(patients)[0], _effect(patients)[1]), "sign is not"),
    ("06.5", _week12_only, "own baseline"),
    ("06.5", _of_all_seen, "who have no week 12"),
    ("06.5", lambda patients: (_effect(patients)[0], patients["patient"].nunique()), "have both values"),
    ("06.5", lambda patients: (100 * _effect(patients)[0], len(_changes(patients))), "right is"),
    ("06.5", lambda patients: _effect(patients)[0], "it gives -4; right is (-4.0, 5)"),
    ("06.5", lambda patients: patients["SLEDAI"], "stopped with KeyError"),
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
    hints = [slip.hint for key in ("06.2", "06.4", "06.5") for slip in find(key).misconceptions]
    assert [hint for hint in hints if hint not in said] == []


def test_the_invented_table_is_the_cohort_of_its_seed():
    invented = cohort.what_if(cohort.Assumptions(extra_weeks=(9,), dropout_rate=0.1), seed=7)
    visits = invented.visits[["patient", "arm", "week", "sledai"]]
    visits = visits.astype({"arm": str})
    cells = invented.immune[["patient", "week", "treg_percent_cd4"]]
    shipped = pd.read_csv(lessons.data("sledai_treg.csv"))
    pd.testing.assert_frame_equal(shipped, visits.merge(cells, on=["patient", "week"]), check_dtype=False)
