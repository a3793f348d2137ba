"""Trials of invented patients: every item drawn, scored as :mod:`lupus_kit.endpoints` does, then counted.

Patients of one arm are drawn independently from the same law, so one large cohort cut into trials is the same as many
small ones, and is far quicker to draw and to score.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit import cohort
from lupus_kit.cohort.what_if.generative import checked, drawn_tables
from lupus_kit.design import he2020
from lupus_kit.endpoints import score_visits, sri
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.endpoint import RESPONSES, SLEDAI_FALL
from lupus_kit.simulation.plan.scenario import Scenario
from lupus_kit.simulation.trials.adaptive import largest_size, run_to_end
from lupus_kit.simulation.trials.endpoint_level import COUNTS_AS
from lupus_kit.simulation.trials.falls import compare_falls

#: Endpoints whose answer at a visit needs the visits before it.
_LOOK_BACK = {"lldas", "flare", "severe-flare"}


def trials(scenario: Scenario, rng: np.random.Generator, n_trials: int) -> pd.DataFrame:
    """Simulate trials patient by patient; one row a trial."""
    sizes = [largest_size(scenario.plan, n) for n in scenario.sizes]
    found = outcomes(scenario, n_trials * max(sizes), rng)
    arms = [arm[: n_trials * n].reshape(n_trials, n, 2) for arm, n in zip(found, sizes, strict=True)]
    source = PatientSource(arms)
    return pd.DataFrame(run_to_end(scenario.plan, scenario.sizes, source, source.compare_falls))


def outcomes(scenario: Scenario, n_per_arm: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Invent patients and score them.

    Parameters
    ----------
    scenario : Scenario
        With a patient model.
    n_per_arm : int
        Patients of each arm.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    list of numpy.ndarray of float
        For each arm, shape (n_per_arm, 2): what a patient counts as at the primary and the secondary endpoint (1 or 0;
        or the fall of SLEDAI), ``nan`` where the patient is left out.
    """
    assumptions, plan = scenario.assumptions, scenario.plan
    assert isinstance(assumptions, cohort.Assumptions)
    asked = {RESPONSES[end.name]["endpoint"] for end in plan.endpoints if not end.is_fall}
    # One strategy judges the last visit before an event.
    between = plan.events == "while_on_treatment" or not asked.isdisjoint(_LOOK_BACK)
    if assumptions.dropout_mechanism == "MCAR" and not between:
        # Visits between the analysed ones change nothing then, and cost time.
        assumptions = replace(assumptions, extra_weeks=())
    wanted = ["patients", "visits"] if asked <= {"sri"} else ["patients", "visits", "sledai", "labs"]
    made = drawn_tables(*checked(assumptions, n_per_arm), rng, wanted)
    people, weeks = made["patients"], made["visits"]["week"]
    # Every patient has a visit at entry: numbers are read quicker than names.
    visits = made["visits"].drop(columns="arm").assign(patient=(weeks == 0).cumsum() - 1)
    if not between:
        visits = visits[weeks.isin([visit.week for visit in scenario.design.visits])]
    values = {name: _values(name, visits, made, plan) for name in {end.name for end in plan.endpoints}}
    in_first = (people["arm"] == he2020().arms[0].name).to_numpy()
    counts_as = np.where(in_first, *COUNTS_AS[plan.missing])
    columns = []
    for end in plan.endpoints:
        rows = values[end.name][values[end.name]["week"] == end.week]
        at_week = np.full(len(people), np.nan)
        at_week[rows["patient"]] = rows["counts"]
        at_week = np.where(np.isnan(at_week) & (counts_as >= 0), counts_as, at_week)
        columns.append(np.where(people["nephritis"], at_week, np.nan) if end.of_nephritis else at_week)
    both = np.stack(columns, axis=1)
    return [both[in_first], both[~in_first]]


def _values(name: str, visits: pd.DataFrame, made: dict[str, pd.DataFrame], plan: AnalysisPlan) -> pd.DataFrame:
    """Return what a ``patient`` (position) ``counts`` as at every ``week``; ``nan`` where that is open."""
    options: dict[str, Any] = {"missing": "observed", "events": plan.events}
    asked, column = RESPONSES.get(name, {}), "responder"
    if name == SLEDAI_FALL:
        rows, column = sri(visits, components=("sledai",), reasons=False, **options), "sledai_drop"
        if plan.events == "composite":  # after an event nothing has been gained
            happened = rows[rows.columns.intersection(["rescue", "steroids_over_limit"])].any(axis=1)
            rows[column] = rows[column].mask(happened, 0)
    elif asked["endpoint"] == "sri":
        rows = sri(visits, asked["points"], reasons=False, **options)
    else:
        people, renal = made["patients"], asked["endpoint"].startswith("renal")
        found = made["labs"] if renal else made["sledai"].assign(weight_kg=visits["patient"].map(people["weight_kg"]))
        read = visits[visits["patient"].map(people["nephritis"])] if renal else visits
        if read.empty:  # nobody has nephritis
            return pd.DataFrame({"patient": [], "week": [], "counts": []}, dtype=int)
        more = found[found.columns.difference([*visits.columns, "arm", "proteinuria_stable"])]
        scored = score_visits(read.join(more), **asked, **options)
        rows, column = scored.verdicts, scored.verdict
    return rows[["patient", "week"]].assign(counts=rows[column].astype("Float64").astype(float))


class PatientSource:
    """Patients of each trial in the order in which they come in.

    Parameters
    ----------
    arms : list of numpy.ndarray
        For each arm outcomes of shape (trials, patients, 2), as :func:`outcomes` gives them.
    """

    def __init__(self, arms: list[np.ndarray]) -> None:
        self.n_trials, self.arms = len(arms[0]), arms
        # Sums over the first k patients, from k = 0, so that those so far are one look-up.
        known = [np.stack([~np.isnan(arm), np.nan_to_num(arm)], axis=3).astype(np.int64) for arm in arms]
        self.sums = [np.cumsum(np.pad(each, ((0, 0), (1, 0), (0, 0), (0, 0))), axis=1) for each in known]
        self.used = [np.zeros(self.n_trials, dtype=np.int64) for _ in arms]

    def take(self, sizes: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Bring in the next patients: counts so far of shape (trials, arm, endpoint, (n, x)); of falls x is the sum."""
        self.used = [used + more for used, more in zip(self.used, sizes, strict=True)]
        rows = np.arange(self.n_trials)
        return np.stack([sums[rows, used] for sums, used in zip(self.sums, self.used, strict=True)], axis=1)

    def compare_falls(self, endpoint: int, test: str, alternative: str) -> np.ndarray:
        """p-values of the falls of SLEDAI so far."""
        first, second = (
            np.where(np.arange(arm.shape[1]) < used[:, None], arm[:, :, endpoint], np.nan)
            for arm, used in zip(self.arms, self.used, strict=True)
        )
        return compare_falls(test, first, second, alternative)
