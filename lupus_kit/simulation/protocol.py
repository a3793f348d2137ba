"""The statistical section of a protocol, written from a plan: every number in it is computed."""

from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from string import Template
from typing import Any

import pandas as pd

from lupus_kit import __version__
from lupus_kit.core.errors import InputError
from lupus_kit.core.text import listing
from lupus_kit.design import TrialDesign, he2020
from lupus_kit.simulation.engine import run
from lupus_kit.simulation.enumeration import can_enumerate, exact
from lupus_kit.simulation.familywise import familywise
from lupus_kit.simulation.monte_carlo import in_words
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.response_rates import ResponseRates
from lupus_kit.simulation.plan.scenario import Scenario
from lupus_kit.simulation.sequential import assurance, plan_size, planned_looks
from lupus_kit.simulation.trials.truth import ESTIMANDS, Truth

_QUANTITIES = [
    "primary claimed", "secondary claimed", "any endpoint claimed", "primary harm found", "type III error",
    "patients randomised", "stopped early", "stopped for futility", "months to the decision", "months to the last visit",
]  # fmt: skip


def protocol(scenario: Scenario, n_trials: int = 20_000, seed: int = 0) -> str:
    """Write the statistical section of a protocol from a plan.

    Parameters
    ----------
    scenario : Scenario
        Design, plan and assumptions, as a plan file has them.
    n_trials, seed : int
        Where outcomes cannot be enumerated: trials that are simulated.

    Returns
    -------
    str
        Markdown: design, hypotheses, estimands, sample size, looks, recruitment, tests, multiplicity, missing data, and the
        items of SPIRIT 2025 that this answers (BMJ 2025;389:e081477; the items were read in a copy of its table 1).

    See Also
    --------
    run, exact, grid

    Examples
    --------
    >>> text = protocol(Scenario(ResponseRates((0.55, 0.30), (0.65, 0.37))))
    >>> "| primary claimed | 0.5065 |" in text
    True
    """
    if not isinstance(scenario, Scenario):
        raise InputError(f"scenario == {scenario!r}: give a simulation.Scenario.")
    plan, design, tables = scenario.plan, scenario.design, scenario.to_dict()
    if can_enumerate(scenario):
        result, source = exact(design, scenario.assumptions, plan), "Every possible outcome was added up."
    else:
        result = run(design, scenario.assumptions, n_trials, seed, plan=plan, keep_trials=False)
        source = f"{n_trials:,} simulated trials (seed {seed}); simulation errors in brackets."
    summary = result.summary().set_index("quantity").drop(index=list(result.undefined), errors="ignore")
    of_arms = [*result.events, "any false claim"] if len(scenario.sizes) > 2 else []
    summary = summary.reindex([name for name in (*of_arms, *_QUANTITIES) if name in summary.index])
    given, rules, true, sizes = _assumed(tables), dict(plan.in_words()), result.truth, scenario.sizes
    parts = {name: _computed(part, scenario) for name, part in _PARTS.items()} | _estimands(scenario, true)
    # A plan file names the arms, and has all else of the trial of 2020: what another arm gets, is not known.
    known = {arm.treatment: arm.name for arm in he2020().arms}
    arms = pd.DataFrame(design.arms)[["name", "n_randomised", "treatment"]]
    own = arms["treatment"].map(known).fillna(arms["name"]) == arms["name"]
    template = resources.files(__package__).joinpath("protocol.md").read_text(encoding="utf-8")
    return Template(template).substitute(
        parts,
        version=__version__,
        count=("two", "three", "four", "five", "six")[len(sizes) - 2],
        ratio=" : ".join(map(str, sizes)),
        planned=listing(f"{arm.n_randomised} with {arm.name}" for arm in design.arms),
        first=listing((arm.name for arm in design.arms[:-1]), "or"),
        second=design.arms[-1].name,
        arms=_table(arms.assign(treatment=arms["treatment"].where(own, "*[treatment]*"))),
        visits=", ".join(f"week {visit.week}" for visit in design.visits),
        claim=("is " if plan.margin else "") + rules["a claim"],
        events=rules["intercurrent events"],
        estimand=f"{true.estimand.replace('_', ' ')}: {ESTIMANDS[true.estimand]}",
        assumed=_table(given) if len(given) else "the usual model of patients.",
        source=source,
        quantities=_table(pd.DataFrame({"quantity": summary.index, "estimate": summary.apply(in_words, axis=1)})),
        plan=_table(pd.DataFrame(rules.items(), columns=["what", "how"])),
    )  # fmt: skip


def _estimands(scenario: Scenario, true: Truth) -> dict[str, str]:
    """Say what the trial is to show, what both endpoints are, and how large their differences are in truth."""
    plan, arms = scenario.plan, [arm.name for arm in scenario.design.arms]
    first, second, active = listing(arms[:-1], "or"), arms[-1], len(arms) - 1
    said = {"aim": f"a difference in favour of {first}", "null": f"{first} and {second} do not differ"}
    if plan.margin:
        said["aim"] = f"that {first} is not inferior to {second}"
        said["null"] = f"the response rate of {first} is lower than that of {second} by {plan.margin:g} or more"
    for k, end in enumerate(plan.endpoints):
        said[f"variable{k}"] = f"{end}, {'in points' if end.is_fall else 'yes or no'}"
        scale, unit = (1, "points") if end.is_fall else (100, "percentage points")
        differences = listing(f"{scale * true.difference(part):.1f}" for part in range(k * active, (k + 1) * active))
        error = f" (simulation error {scale * true.error(k):.2f})" if true.error(k) else ""
        said[f"true{k}"] = f"{differences} {unit}{error}"
    return said


def _assumed(tables: dict[str, Any]) -> pd.DataFrame:
    """Return what a plan file assumes: a row an assumption, or a row a stratum."""
    if "strata" in tables:
        return pd.DataFrame(tables["strata"])
    return pd.DataFrame((tables.get("rates") or tables["patients"]).items(), columns=["assumption", "value"])


def _table(frame: pd.DataFrame) -> str:
    shown = frame.map(lambda value: f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "/"))
    rows = [frame.columns, ["---"] * len(frame.columns), *shown.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _computed(part: Callable[[TrialDesign, ResponseRates, AnalysisPlan], pd.DataFrame], scenario: Scenario) -> str:
    """Write a table that needs response rates, or why it is not there."""
    if not isinstance(scenario.assumptions, ResponseRates):
        return "*[Computed for response rates of all patients, not for a model of patients or for strata.]*"
    try:
        return _table(part(scenario.design, scenario.assumptions, scenario.plan))
    except InputError as error:
        return f"*[Not computed: {error}]*"


def _needed(design: TrialDesign, rates: ResponseRates, plan: AnalysisPlan) -> pd.DataFrame:
    sizes = [plan_size(design, rates, plan, target).to_frame() for target in (0.8, 0.9)]
    return pd.concat(sizes)[["target", "n1", "n2", "power"]]


def _sensitivity(design: TrialDesign, rates: ResponseRates, plan: AnalysisPlan) -> pd.DataFrame:
    rows = []
    for points in (-10, -5, 0, 5, 10):
        moved = [
            (min(max(first + points / 100, 0.0), 1.0), *others) for first, *others in (rates.primary, rates.follow_up)
        ]
        case = replace(rates, primary=moved[0], follow_up=moved[1])
        rows.append((f"{points:+d} points", planned_looks(design, case, plan).power))
    return pd.DataFrame(rows, columns=["first arm", "power"])


_PARTS: dict[str, Callable[[TrialDesign, ResponseRates, AnalysisPlan], pd.DataFrame]] = {
    "needed": _needed,
    "sensitivity": _sensitivity,
    "assurance": lambda design, _, plan: assurance(design, plan, {str(plan.prior): plan.prior} if plan.prior else None),
    "looks": lambda design, rates, plan: planned_looks(design, rates, plan).table,
    "familywise": lambda design, rates, plan: familywise(design, rates, plan).drop(columns=["mc_error", "low", "high"]),
}
