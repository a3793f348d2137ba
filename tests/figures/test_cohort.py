"""Figures of cohorts and of the SRI: they draw the numbers they were given and say them in their alt text."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from seaborn.utils import relative_luminance

from lupus_kit import endpoints
from lupus_kit.cohort import Assumptions, Cohort, what_if
from lupus_kit.core.errors import InputError
from lupus_kit.figures import sri as sri_figures
from lupus_kit.figures.style import alt_text

mpl.use("Agg")


@pytest.fixture(scope="module")
def made() -> Cohort:
    return what_if(Assumptions(dropout_rate=0.1), seed=4)


@pytest.fixture(scope="module")
def answers(made: Cohort) -> pd.DataFrame:
    return endpoints.sri(made.visits)


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    plt.close("all")


def test_sri_clauses_counts_every_patient_once(answers: pd.DataFrame) -> None:
    ax = sri_figures.sri_clauses(answers, week=12)
    chosen = answers[answers["week"] == 12]
    for arm in ("IL-2", "placebo"):
        n = int(chosen.loc[chosen["arm"] == arm, "responder"].sum())
        assert f"{arm}: {n} responder" in alt_text(ax)
    assert sum(bar.get_width() for bar in ax.patches) == pytest.approx(200)  # two bars of 100 %
    with pytest.raises(InputError, match="only week"):
        sri_figures.sri_clauses(answers, week=13)
    with pytest.raises(InputError, match="lacks 'arm'"):
        sri_figures.sri_clauses(answers.drop(columns="arm"))


def test_sri_clauses_count_an_event_as_a_clause_and_keep_their_numbers_readable() -> None:
    answers = endpoints.sri(what_if(seed=13).visits)
    ax = sri_figures.sri_clauses(answers, week=12)
    alone = endpoints.deciding_clauses(answers, week=12).to_frame().query("arm == 'IL-2'").set_index("clause")
    assert f"{alone.at['SLEDAI', 'decides_alone']} SLEDAI clause only" in alt_text(ax)
    assert f"{alone.at['rescue', 'decides_alone']} rescue or another event only" in alt_text(ax)
    for number in ax.texts:
        (bar,) = [bar for bar in ax.patches if bar.contains_point(ax.transData.transform(number.get_position()))]
        light, dark = sorted(map(relative_luminance, (number.get_color(), bar.get_facecolor())), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3, "WCAG 2.1, 1.4.3: large or bold text"


def test_response_over_time_draws_the_shares(answers: pd.DataFrame) -> None:
    ax = sri_figures.response_over_time(answers)
    share = answers.groupby(["arm", "week"], observed=True)["responder"].mean().astype(float) * 100
    lines = {c.get_label(): c.lines[0].get_ydata() for c in ax.containers}
    for arm in ("IL-2", "placebo"):
        assert np.allclose(lines[arm], share[arm])
    assert "weeks" in ax.get_xlabel()


def test_wilson_interval_solves_its_equation() -> None:
    x, n, z = np.array([0.0, 9, 16, 30]), np.array([30.0, 30, 29, 30]), 1.959963984540054
    answers = [k < count for count, of in zip(x, n, strict=True) for k in range(int(of))]
    frame = pd.DataFrame({"arm": "IL-2", "week": np.repeat([0, 4, 8, 12], n.astype(int)), "responder": answers})
    ax = sri_figures.response_over_time(frame)
    low, high = np.array([segment[:, 1] for segment in ax.collections[0].get_segments()]).T / 100
    for bound in (low, high):
        assert np.allclose((x / n - bound) ** 2, z**2 * bound * (1 - bound) / n, atol=1e-12)
