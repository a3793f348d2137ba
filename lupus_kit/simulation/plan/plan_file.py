"""Plan files: design, analysis plan and assumptions as TOML, written down before the data.

The format, with everything it can hold (what is left out keeps its default; either ``[rates]`` or ``[patients]``)::

    format = 1

    [design]                        # what the simulation uses of the design
    base = "he2020"                 # everything else comes from here
    arms = ["IL-2", "placebo"]
    patients = [30, 30]
    visit_weeks = [0, 12, 24]
    primary_week = 12               # the weeks that [rates] speaks about
    follow_up_week = 24

    [plan]
    primary = { name = "SRI-4", week = 12 }
    secondary = { name = "SRI-4", week = 24 }
    test = "pearson"                # a key of inference.TESTS
    alpha = 0.05
    multiplicity = "fixed_sequence" # a key of inference.STRATEGIES
    missing = "nonresponder"        # nonresponder, observed, worst or best
    correlation = 0.4               # for the rule "obrien_fleming" alone

    [plan.looks]                    # either looks or re-estimation, or neither
    fractions = [0.5, 1.0]
    boundary = "spending"           # a key of simulation.BOUNDARIES
    spent = [0.01, 0.05]            # for "spending" alone, cumulative

    [plan.reestimation]
    at = 0.5
    difference = 0.25
    power = 0.8
    max_factor = 2.0

    [rates]                         # endpoint level
    primary = [0.55, 0.30]
    follow_up = [0.65, 0.37]
    correlation = 0.4

    [rates.dropout]
    primary = [0.05, 0.05]
    follow_up = [0.15, 0.10]
    nonresponder_ratio = 1.0

    [patients]                      # patient level: any field of cohort.Assumptions
    drug_effect = 0.5
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, fields, replace
from pathlib import Path
from typing import Any

from lupus_kit import cohort
from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.design import TrialDesign, he2020
from lupus_kit.design.trial import Visit
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan, Endpoint, InterimLooks, Reestimation
from lupus_kit.simulation.plan.response_rates import Dropout, ResponseRates
from lupus_kit.simulation.plan.scenario import Scenario

FORMAT = 1
_BARE = re.compile(r"^[A-Za-z0-9_-]+$")
_DESIGN = ("base", "arms", "patients", "visit_weeks", "primary_week", "follow_up_week")


def _value(value: object) -> str:
    """Write one value. A JSON text is a TOML text, but for the one control sign that JSON lets through."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value.item() if hasattr(value, "item") else value)


def _key(name: str) -> str:
    return name if _BARE.match(name) else _value(name)


def _lines(pairs: Iterable[tuple[str, object]]) -> list[str]:
    return [f"{_key(name)} = {_value(value)}" for name, value in pairs if value is not None]


def plan_lines(plan: AnalysisPlan) -> list[str]:
    """Write a plan as the lines of its tables."""
    ends = [
        (role, {"name": e.name, "week": e.week})
        for role, e in (("primary", plan.primary), ("secondary", plan.secondary))
    ]
    plain = [(name, getattr(plan, name)) for name in ("test", "alpha", "multiplicity", "missing", "correlation")]
    lines = ["[plan]", *_lines(ends), *_lines(plain)]
    for name in ("looks", "reestimation"):
        part = getattr(plan, name)
        if part is not None:
            lines += ["", f"[plan.{name}]", *_lines((f.name, getattr(part, f.name)) for f in fields(part))]
    return lines


def scenario_toml(scenario: Scenario) -> str:
    """Write a scenario as a plan file."""
    design = scenario.design
    pairs = {
        "base": "he2020",
        "arms": [arm.name for arm in design.arms],
        "patients": list(scenario.sizes),
        "visit_weeks": [visit.week for visit in design.visits],
        "primary_week": design.primary_week,
        "follow_up_week": design.follow_up_week,
    }
    lines = [f"format = {FORMAT}", "", "[design]", *_lines(pairs.items()), "", *plan_lines(scenario.plan), ""]
    assumed = scenario.assumptions
    if isinstance(assumed, ResponseRates):
        names = ("primary", "follow_up", "correlation")
        lines += ["[rates]", *_lines((name, getattr(assumed, name)) for name in names)]
        if not assumed.dropout.none or not assumed.dropout.at_random:
            lines += ["", "[rates.dropout]", *_lines(asdict(assumed.dropout).items())]
    else:
        usual = cohort.Assumptions().to_dict()
        changed = [(name, value) for name, value in assumed.to_dict().items() if value != usual[name]]
        lines += ["[patients]", *_lines(changed)]
    return "\n".join(lines) + "\n"


def _load(source: str | Path) -> tuple[dict[str, Any], str]:
    """Return the tables of a plan file, and what to call it in messages."""
    if isinstance(source, str) and "\n" in source:
        text, name = source, "the plan"
    else:
        name = str(source)
        try:
            text = Path(source).read_text(encoding="utf-8")
        except (OSError, TypeError) as error:
            raise InputError(f"{name}: cannot be read ({getattr(error, 'strerror', None) or error}).") from None
        except UnicodeDecodeError:
            raise InputError(f"{name}: is not a text in UTF-8; save the plan as UTF-8.") from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name}: is not valid TOML: {error}.") from None
    _known(tables, ("format", "design", "plan", "rates", "patients"), name, "the top of the file")
    if tables.get("format", FORMAT) != FORMAT:
        raise InputError(f"{name}: format == {tables['format']!r}; this version reads plan files of format {FORMAT}.")
    return tables, name


def _known(table: object, allowed: Iterable[str], name: str, where: str) -> None:
    if not isinstance(table, dict):
        raise InputError(f"{name}: {where} must be a table of keys and values, not {table!r}.")
    for key in table:
        if key not in list(allowed):
            raise InputError(f"{name}, {where}: {unknown_name('key', key, allowed)}")


def _make(kind: type, table: object, name: str, where: str) -> Any:
    """Build a dataclass from a table; its own complaints get the place in the file."""
    _known(table, [f.name for f in fields(kind)], name, where)
    assert isinstance(table, dict)
    lacking = [f.name for f in fields(kind) if f.default is f.default_factory is MISSING and f.name not in table]
    if lacking:
        raise InputError(f"{name}, {where}: lacks {', '.join(map(repr, lacking))}.")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    try:
        return kind(**values)
    except InputError as error:
        raise InputError(f"{name}, {where}: {error}") from None
    except TypeError as error:  # a value of a kind that nobody expected
        raise InputError(f"{name}, {where}: a value of the wrong kind ({error}).") from None


def _plan(tables: dict[str, Any], name: str) -> AnalysisPlan:
    table = tables.get("plan", {})
    _known(table, [f.name for f in fields(AnalysisPlan)], name, "[plan]")
    parts = {"primary": Endpoint, "secondary": Endpoint, "looks": InterimLooks, "reestimation": Reestimation}
    made = {k: _make(parts[k], v, name, f"[plan.{k}]") if k in parts else v for k, v in table.items()}
    return _make(AnalysisPlan, made, name, "[plan]")


def read_plan(source: str | Path) -> AnalysisPlan:
    """Read the ``[plan]`` table of a plan file."""
    return _plan(*_load(source))


def _design(tables: dict[str, Any], name: str) -> TrialDesign:
    table = tables.get("design", {})
    where = f"{name}, [design]"
    _known(table, _DESIGN, name, "[design]")
    if table.get("base", "he2020") != "he2020":
        raise InputError(f"{where}: {unknown_name('base', table['base'], ['he2020'])}")
    base = he2020()
    names = _list(table, "arms", [arm.name for arm in base.arms], str, where)
    sizes = _list(table, "patients", [arm.n_randomised for arm in base.arms], int, where)
    weeks = _list(table, "visit_weeks", [visit.week for visit in base.visits], int, where)
    if len(names) != len(base.arms) or len(sizes) != len(base.arms):
        raise InputError(f"{where}: arms == {names}, patients == {sizes}; two arms need two names and two numbers.")
    known = {visit.week: visit for visit in base.visits}
    try:
        return replace(
            base,
            arms=tuple(replace(a, name=n, n_randomised=k) for a, n, k in zip(base.arms, names, sizes, strict=True)),
            visits=tuple(known.get(w, Visit(f"week {w}", w, "follow-up")) for w in weeks),
            primary_week=table.get("primary_week", base.primary_week),
            follow_up_week=table.get("follow_up_week", base.follow_up_week),
        )
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _list(table: dict[str, Any], key: str, default: list[Any], kind: type, where: str) -> list[Any]:
    value = table.get(key, default)
    if not isinstance(value, list) or not all(type(item) is kind for item in value):
        kinds = {str: "names", int: "whole numbers"}
        raise InputError(f"{where}: {key} == {value!r} must be a list of {kinds[kind]}.")
    return value


def _assumptions(tables: dict[str, Any], name: str) -> ResponseRates | cohort.Assumptions:
    if ("rates" in tables) == ("patients" in tables):
        raise InputError(
            f"{name}: needs either [rates] (endpoint level) or [patients] (patient level), "
            f"{'not both' if 'rates' in tables else 'and has neither'}."
        )
    if "patients" in tables:
        table = tables["patients"]
        _known(table, [f.name for f in fields(cohort.Assumptions)], name, "[patients]")
        try:
            return cohort.Assumptions.from_dict(table)
        except InputError as error:
            raise InputError(f"{name}, [patients]: {error}") from None
    table = tables["rates"]
    if isinstance(table, dict) and "dropout" in table:
        table = table | {"dropout": _make(Dropout, table["dropout"], name, "[rates.dropout]")}
    rates = _make(ResponseRates, table, name, "[rates]")
    assert isinstance(rates, ResponseRates)
    return rates


def read_scenario(source: str | Path) -> Scenario:
    """Read a plan file."""
    tables, name = _load(source)
    design, plan, assumptions = _design(tables, name), _plan(tables, name), _assumptions(tables, name)
    try:
        return Scenario(assumptions, design, plan)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
