"""The statistical section of a protocol, written from a plan: every number in it is computed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from importlib import resources
from string import Template

import pandas as pd

from lupus_kit import __version__
from lupus_kit.core.errors import InputError
from lupus_kit.design import TrialDesign
from lupus_kit.endpoints import EVENT_STRATEGIES
from lupus_kit.inference import STRATEGIES, TESTS
from lupus_kit.simulation.engine import run
from lupus_kit.simulation.enumeration import can_enumerate, exact
from lupus_kit.simulation.familywise import familywise
from lupus_kit.simulation.monte_carlo import in_words
from lupus_kit.simulation.plan.analysis_plan import MISSING_RULES, AnalysisPlan
from lupus_kit.simulation.plan.boundaries import BOUNDARIES
from lupus_kit.simulation.plan.futility import FUTILITY
from lupus_kit.simulation.plan.response_rates import ResponseRates
from lupus_kit.simulation.plan.scenario import Scenario
from lupus_kit.simulation.sequential import assurance, plan_size, planned_looks
from lupus_kit.simulation.trials.truth import ESTIMANDS

_QUANTITIES = (
    "primary claimed", "secondary claimed", "any endpoint claimed", "primary harm found", "type III error",
    "patients randomised", "stopped early", "stopped for futility", "months to the decision", "months to the last visit",
)  # fmt: skip


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

    Examples
    --------
    >>> text = protocol(Scenario(ResponseRates((0.55, 0.30), (0.65, 0.37))))
    >>> "| primary claimed | 0.5065 |" in text, "No interim look is planned." in text
    (True, True)
    """
    plan, design, assumed = scenario.plan, scenario.design, scenario.assumptions
    (first, second), (n1, n2) = (arm.name.replace("|", "/") for arm in design.arms), scenario.sizes
    result = exact(design, assumed, plan) if can_enumerate(scenario) else None
    source = "Every possible outcome was added up: no number below has a simulation error."
    if result is None:
        result = run(design, assumed, n_trials, seed, plan=plan, keep_trials=False)
        source = f"{n_trials:,} simulated trials (seed {seed}); simulation errors in brackets."
    summary = result.summary().set_index("quantity").drop(index=list(result.undefined), errors="ignore")
    kept = [(name, in_words(summary.loc[name])) for name in _QUANTITIES if name in summary.index]
    tables, true, rule = scenario.to_dict(), result.truth, STRATEGIES[plan.multiplicity]
    given = tables.get("rates") or tables["patients"] or {"every assumption": "the usual one"}
    values = {
        "version": __version__,
        "design": f"A randomised trial of two parallel arms, {n1} : {n2}, that is to show a difference in favour of {first}.",
        "arms": _rows((arm.name, arm.n_randomised, arm.treatment) for arm in design.arms),
        "visits": ", ".join(f"week {visit.week} ({visit.purpose})" for visit in design.visits),
        "primary": plan.primary,
        "secondary": plan.secondary,
        "first": first,
        "second": second,
        "one_sided": "" if plan.sided == 2 else f", or that {first} has the lower one",
        "sided": "two-sided" if plan.sided == 2 else "one-sided",
        "alpha": f"{plan.alpha:g}",
        "harm": "a difference the other way is harm found" if plan.sided == 2 else "harm is not tested",
        "events": f"{plan.events.replace('_', ' ')}: {EVENT_STRATEGIES[plan.events]}",
        "estimand": true.estimand.replace("_", " "),
        "estimand_text": ESTIMANDS[true.estimand],
        "true_primary": f"{100 * true.difference(0):.1f}",
        "true_secondary": f"{100 * true.difference(1):.1f}",
        "sizes": f"{n1} patients with {first} and {n2} with {second}",
        "assumed": "\n".join(f"- {name}: {_plain(value)}" for name, value in given.items()),
        "source": source,
        "quantities": _rows(kept),
        "needed": _said(_needed, scenario),
        "assurance": _said(_assurance, scenario),
        "looks": "No interim look is planned." if plan.looks is None else _said(_looks, scenario),
        "recruitment": f"Evenly, {plan.recruitment}." if plan.recruitment else "*[Patients a month are not in the plan.]*",
        "test": TESTS[plan.test].label,
        "rule": f"{rule.label}: {rule.description} ({rule.reference}).",
        "familywise": _said(_familywise, scenario),
        "missing": MISSING_RULES[plan.missing],
        "left_out": ", but for those whose outcome is missing" if plan.missing == "observed" else "",
        "sensitivity": _said(_sensitivity, scenario),
    }  # fmt: skip
    template = resources.files(__package__).joinpath("protocol.md").read_text(encoding="utf-8")
    return Template(template).substitute(values)


def _rows(cells: Iterable[Sequence[object]]) -> str:
    return "\n".join(f"| {' | '.join(str(cell).replace('|', '/') for cell in row)} |" for row in cells)


def _plain(value: object) -> str:
    """Write a value of a plan file in words."""
    if isinstance(value, dict):
        return "; ".join(f"{name} {_plain(part)}" for name, part in value.items())
    return " and ".join(map(str, value)) if isinstance(value, list) else str(value)


def _table(frame: pd.DataFrame) -> str:
    shown = frame.map(lambda value: f"{value:.4g}" if isinstance(value, float) else value)
    return _rows([frame.columns, ["---"] * len(frame.columns), *shown.itertuples(index=False)])


def _said(part: Callable[[TrialDesign, ResponseRates, AnalysisPlan], str], scenario: Scenario) -> str:
    """Write a part that needs response rates, or why it is not there."""
    if not isinstance(scenario.assumptions, ResponseRates):
        return "*[Computed for response rates alone, not for a model of patients.]*"
    try:
        return part(scenario.design, scenario.assumptions, scenario.plan)
    except InputError as error:
        return f"*[Not computed: {error}]*"


def _needed(design: TrialDesign, rates: ResponseRates, plan: AnalysisPlan) -> str:
    found = [plan_size(design, rates, plan, target) for target in (0.8, 0.9)]
    return "In this ratio of the arms " + ", and ".join(
        f"{size.n1} and {size.n2} patients reach a power of {size.target:.0%} for the primary endpoint ({size.power:.4f})"
        for size in found
    ) + "; more patients never bring it below, as far as was checked."  # fmt: skip


def _assurance(design: TrialDesign, rates: ResponseRates, plan: AnalysisPlan) -> str:
    priors = {str(plan.prior): plan.prior} if plan.prior else None
    said = "Assurance, the power of the primary endpoint averaged over what is known of both rates before (their means first):"
    return f"{said}\n\n{_table(assurance(design, plan, priors))}"


def _looks(design: TrialDesign, rates: ResponseRates, plan: AnalysisPlan) -> str:
    assert plan.looks is not None
    said = f"At a look the primary endpoint is tested; its boundary {BOUNDARIES[plan.looks.boundary]}. "
    if plan.looks.futility:
        said += f"The rule for futility, not binding, {FUTILITY[plan.looks.futility]} ({plan.looks.futility_level:g}). "
    said += (
        "Probabilities are those under the assumptions; after an early stop the secondary endpoint has the same level."
    )
    return f"{said}\n\n{_table(planned_looks(design, rates, plan).table)}"


def _familywise(design: TrialDesign, rates: ResponseRates, plan: AnalysisPlan) -> str:
    top = familywise(design, rates, plan).iloc[0]
    where = f"where the hypotheses are {top['null']} and the common rate is {top['rate']:.3f} ({top['method']})"
    return f"The largest probability of a false claim or of harm falsely found is {top['estimate']:.4f}, {where}."


def _sensitivity(design: TrialDesign, rates: ResponseRates, plan: AnalysisPlan) -> str:
    rows = []
    for points in (-10, -5, 0, 5, 10):
        first, second = ((min(max(a + points / 100, 0.0), 1.0), b) for a, b in (rates.primary, rates.follow_up))
        case = replace(rates, primary=first, follow_up=second)
        rows.append((f"{points:+d} points", planned_looks(design, case, plan).power))
    return _table(pd.DataFrame(rows, columns=["rate of the first arm", "power"]))
