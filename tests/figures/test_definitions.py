"""Figures of agreement: they draw the numbers they were given and say them in their alt text."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from lupus_kit import endpoints
from lupus_kit.cohort import Assumptions, what_if
from lupus_kit.core.errors import InputError
from lupus_kit.figures import alt_text
from lupus_kit.figures import definitions as drawn

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def trial():
    return what_if(Assumptions(dropout_rate=0.2), seed=4)


def test_deciding_clauses_draws_every_patient_who_fails(trial) -> None:
    answers = endpoints.sri(trial.visits)
    table = endpoints.deciding_clauses(answers).intersections()
    ax = drawn.deciding_clauses(table, week=24)
    failing = (~answers.loc[answers["week"] == 24, "responder"].astype(bool)).sum()
    assert sum(bar.get_height() for bar in ax.patches) == failing
    assert "respond" in alt_text(ax)
    with pytest.raises(InputError, match="choose one of the week"):
        drawn.deciding_clauses(table)
    only = table[(table["week"] == 24) & (table["failed"] == "responder")]
    assert "no patient fails a clause" in alt_text(drawn.deciding_clauses(only))
