"""Own-code exercises of stop 0: a right answer, typical wrong ones with a hint each, and one that raises."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
import seaborn as sns

from lupus_kit import lessons, published
from lupus_kit.audit import claim_counts
from lupus_kit.lessons.catalogue import find


def _rate(patients, arm):
    return patients.loc[patients["arm"] == arm, "responder"].mean()


def _by_loc(patients):
    return _rate(patients, "IL-2") - _rate(patients, "placebo")


def _changes(patients, rng):
    patients["responder"] = rng.permutation(patients["responder"])
    return _by_loc(patients)


def _with_replacement(patients, rng):
    return _by_loc(patients.assign(responder=rng.choice(patients["responder"], len(patients))))


def _arms_shuffled(patients, rng):
    return _by_loc(patients.assign(arm=rng.permutation(patients["arm"])))


def _own_generator(patients, rng):
    return _by_loc(patients.assign(responder=np.random.default_rng().permutation(patients["responder"])))


def _share(interval, rate1, n1, rate2, n2, trials, rng, *, truth=None, size=0):
    hits = 0
    for _ in range(trials):
        x1, x2 = rng.binomial(n1 + size, rate1), rng.binomial(n2, rate2)
        low, high = interval(x1, n1, x2, n2)
        hits += low <= (rate1 - rate2 if truth is None else truth(x1, n1, x2, n2, rate1, rate2)) <= high
    return hits / trials


def _bar(y="percent", label="Responders (%)", hue="arm", low=0):
    def draw(patients):
        ax = sns.barplot(patients.assign(percent=100 * patients["responder"]), x="week", y=y, hue=hue)
        ax.set_ylabel(label)
        ax.set_ylim(low)
        return ax

    return draw


RIGHT = [
    ("00.2", _by_loc),
    ("00.2", lambda patients: np.subtract(_rate(patients, "IL-2"), _rate(patients, "placebo"))),
    ("00.3", _bar()),
    ("00.3", _bar("responder", "Share of responders")),
    ("00.4", _arms_shuffled),
    ("00.4", lambda patients, rng: _by_loc(patients.assign(responder=rng.permutation(patients["responder"])))),
    ("00.5", lambda shuffled, observed: (1 + sum(abs(one) >= abs(observed) for one in shuffled)) / (1 + len(shuffled))),
    ("00.6", _share),
]
WRONG = [
    ("00.2", lambda patients: -_by_loc(patients), "placebo minus IL-2"),
    ("00.2", lambda patients: 100 * _by_loc(patients), "percentage points"),
    ("00.2", lambda patients: patients.groupby("arm")["responder"].sum().loc["IL-2"] - 2, "difference of counts"),
    ("00.2", lambda patients: 0.25, "Called with (a table with 17 rows) it gives 0.25"),
    ("00.2", lambda patients: _rate(patients, "IL-2") - np.nan_to_num(_rate(patients, "placebo")), "no patient on placebo"),
    ("00.2", lambda patients: patients["response"].mean(), "stopped with KeyError"),
    ("00.3", _bar(hue=None), "heights of the bars"),
    ("00.3", _bar(label="Responders"), "unit"),
    ("00.3", _bar(low=20), "begin at zero"),
    ("00.3", lambda patients: print(len(patients)), "Return the axes"),
    ("00.4", _changes, "changes the table"),
    ("00.4", lambda patients, rng: _by_loc(patients), "same difference each time"),
    ("00.4", _with_replacement, "no shuffle of the table has"),
    ("00.4", _own_generator, "draw from rng"),
    ("00.4", lambda patients: 0.0, "stopped with TypeError"),
    ("00.5", lambda shuffled, observed: np.mean(shuffled >= observed), "one tail"),
    ("00.5", lambda shuffled, observed: np.mean(np.abs(shuffled) > abs(observed)), "exactly as far out"),
    ("00.5", lambda shuffled, observed: np.mean(np.abs(shuffled) >= abs(observed)), "It can give 0"),
    ("00.5", lambda shuffled, observed: 1 / 0, "stopped with ZeroDivisionError"),
    ("00.6", lambda *given: _share(*given, truth=lambda x1, n1, x2, n2, *rates: x1 / n1 - x2 / n2), "observed difference"),
    ("00.6", lambda *given: _share(*given, truth=lambda *counts: abs(counts[4] - counts[5])), "the truth is −0.6"),
    ("00.6", lambda *given: _share(*given, size=-1), "all of the n1 patients respond"),
    ("00.6", lambda *given: 95.0, "it should give 1 and 0"),
    ("00.6", lambda interval: 0, "stopped with TypeError"),
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
    hints = [slip.hint for number in range(1, 9) for slip in find(f"00.{number}").misconceptions if slip.when]
    assert [hint for hint in hints if hint not in said] == []


def test_the_table_of_responses_is_the_printed_record():
    rows = pd.read_csv(lessons.data("sri4_responses.csv"))
    for week in (12, 24):
        counted = rows[rows["week"] == week].groupby("arm")["responder"].agg(["sum", "size"])
        x1, n1, x2, n2 = claim_counts(published.load("he2020"), f"sri4_week{week}")
        assert counted.loc["IL-2"].tolist() == [x1, n1]
        assert counted.loc["placebo"].tolist() == [x2, n2]
