"""A grid of trials: every combination of designs, plans and assumptions, in one tidy frame."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError, is_number, require_choice, unknown_name
from lupus_kit.core.seeds import as_generator
from lupus_kit.design import TrialDesign
from lupus_kit.simulation.engine import checked_trials, run_each
from lupus_kit.simulation.enumeration import can_enumerate, exact
from lupus_kit.simulation.monte_carlo import Estimate
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.response_rates import Dropout
from lupus_kit.simulation.plan.scenario import Assumed, Scenario

METHODS = ("auto", "exact", "simulate")

_PLAN = tuple(field.name for field in fields(AnalysisPlan))


def with_patients(design: TrialDesign, first: int, second: int | None = None) -> TrialDesign:
    """Return the design with other numbers of patients.

    Parameters
    ----------
    design : TrialDesign
        Of two arms, or more.
    first, second : int
        Patients of the first and the second arm; the same in all unless told.

    Raises
    ------
    InputError
        Two numbers for other than two arms, or numbers that are not whole and positive.

    See Also
    --------
    run

    Examples
    --------
    >>> from lupus_kit.design import he2020
    >>> with_patients(he2020(), 60).n_randomised
    120
    """
    sizes = (first,) * len(design.arms) if second is None else (first, second)
    for n in sizes:
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
            raise InputError(f"patients == {n!r}: the patients of an arm are a whole number of 1 or more.")
    if len(design.arms) != len(sizes):
        raise InputError(f"the design has {len(design.arms)} arms: give one number for all of them.")
    arms = tuple(replace(arm, n_randomised=int(n)) for arm, n in zip(design.arms, sizes, strict=True))
    return replace(design, arms=arms)


def grid(
    design: TrialDesign,
    assumptions: Assumed,
    over: Mapping[str, Sequence[Any]],
    plan: AnalysisPlan | None = None,
    *,
    n_trials: int = 10_000,
    seed: int | np.random.Generator = 0,
    n_jobs: int | None = 1,
    method: str = "auto",
    checkpoint: str | Path | None = None,
    progress: bool | Callable[[int, int], object] | None = None,
) -> pd.DataFrame:
    """Compute the operating characteristics of every combination of some choices.

    Parameters
    ----------
    design : TrialDesign
        Where to start.
    assumptions : ResponseRates, StratifiedRates or lupus_kit.cohort.Assumptions
        Where to start.
    over : mapping of str to sequence
        What varies, and its values:

        - ``"n_per_arm"``: a number of patients, or a pair;
        - a field of the assumptions, such as ``"primary"``, ``"correlation"`` or ``"drug_effect"``. ``"dropout"`` may be
          one share: so many of both arms have left by follow-up, half of them by the primary visit;
        - a field of the plan, such as ``"test"``, ``"missing"``, ``"looks"`` or ``"alpha"``. Where the assumptions have a
          field of the same name, the plan's is ``"plan.primary"`` or ``"plan.correlation"``.
    plan : AnalysisPlan, optional
        Where to start.
    n_trials : int
        Trials for each combination that is simulated.
    seed : int or numpy.random.Generator
        Each combination gets a random stream of its own.
    n_jobs : int, optional
        As for :func:`run`; all combinations are simulated as one lot, also on a cluster.
    method : {"auto", "exact", "simulate"}
        ``"auto"`` enumerates outcomes where that is possible (:func:`exact`) and simulates elsewhere.
    checkpoint, progress
        As for :func:`run`, for all combinations that are simulated.

    Returns
    -------
    pandas.DataFrame
        One row a combination and quantity: a column for each thing that varies, then ``quantity``, ``estimate``,
        ``mc_error``, ``low``, ``high`` and ``method`` (``"exact"`` or ``"simulated"``). Values that are not numbers or text
        are shown as text.

    Raises
    ------
    InputError
        An unknown name, no values, or a combination that cannot be simulated: before anything runs.

    See Also
    --------
    run, exact, protocol

    Examples
    --------
    >>> from lupus_kit.design import he2020
    >>> from lupus_kit.simulation import ResponseRates
    >>> rates = ResponseRates((0.55, 0.30), (0.65, 0.37))
    >>> found = grid(he2020(), rates, {"n_per_arm": [30, 60], "test": ["fisher", "boschloo"]})
    >>> power = found[found["quantity"] == "primary claimed"]
    >>> power[["n_per_arm", "test", "estimate"]].round(2).to_numpy().tolist()
    [[30, 'fisher', 0.4], [30, 'boschloo', 0.49], [60, 'fisher', 0.75], [60, 'boschloo', 0.8]]
    """
    require_choice("method", method, METHODS)
    if not isinstance(over, Mapping) or not over:
        raise InputError(f"over == {over!r}: name at least one thing that varies, such as {{'n_per_arm': [30, 60]}}.")
    for name, values in over.items():
        if isinstance(values, str) or not isinstance(values, (Sequence, np.ndarray)) or len(values) == 0:
            raise InputError(f"over[{name!r}] == {values!r}: give a list of values.")
    trials = checked_trials(n_trials)
    start = Scenario(assumptions, design, AnalysisPlan() if plan is None else plan)
    # All combinations are built first: a mistake in the last one is found before the first one runs.
    cases = []
    for values in product(*over.values()):
        scenario = start
        for name, value in zip(over, values, strict=True):
            scenario = _changed(scenario, name, value)
        if method == "exact" and not can_enumerate(scenario):
            raise InputError(f"{dict(zip(over, values, strict=True))} cannot be enumerated; use method='auto'.")
        cases.append((values, scenario))
    streams = as_generator(seed).spawn(len(cases))
    lot = [k for k, (_, scenario) in enumerate(cases) if method == "simulate" or not can_enumerate(scenario)]
    chosen, own = [cases[k][1] for k in lot], [streams[k] for k in lot]
    run_lot = partial(run_each, n_jobs=n_jobs, checkpoint=checkpoint, progress=progress)
    results = dict(zip(lot, run_lot(chosen, own, trials), strict=True)) if lot else {}
    frames = []
    for k, (values, scenario) in enumerate(cases):
        how = "simulated" if k in results else "exact"
        result = results[k] if k in results else exact(scenario.design, scenario.assumptions, plan=scenario.plan)
        shown = {name: _shown(value) for name, value in zip(over, values, strict=True)}
        frames.append(result.summary().assign(**shown, method=how)[[*over, "quantity", *Estimate._fields, "method"]])
    return pd.concat(frames, ignore_index=True)


def _shown(value: Any) -> Any:
    if value is None:
        return "none"
    if isinstance(value, (tuple, list)):
        return " v ".join(f"{item:.3g}" if is_number(item) else str(item) for item in value)
    return value if isinstance(value, (bool, int, float, str, np.generic)) else str(value)


def _changed(scenario: Scenario, name: str, value: Any) -> Scenario:
    """Return the scenario with one thing changed."""
    assumed = scenario.assumptions
    own = [field.name for field in fields(assumed)]
    if name == "n_per_arm":
        sizes = value if isinstance(value, (tuple, list)) else (value,)
        return replace(scenario, design=with_patients(scenario.design, *sizes))
    if name == "dropout" and name in own and not isinstance(value, Dropout):
        if isinstance(value, (bool, str)) or not isinstance(value, (int, float, np.number)):
            raise InputError(f"dropout == {value!r}: give a share from 0 to 1, or a Dropout.")
        share = float(value)
        arms = len(scenario.design.arms)
        value = Dropout((share / 2,) * arms, (share,) * arms)
    if name in own:
        return replace(scenario, assumptions=replace(assumed, **{name: value}))
    field = name.removeprefix("plan.")
    if field in _PLAN:
        return replace(scenario, plan=replace(scenario.plan, **{field: value}))
    shared = [f"plan.{field}" if field in own else field for field in _PLAN]
    raise unknown_name("choice to vary", name, ["n_per_arm", *shared, *own])
