"""Lupus nephritis: complete, partial or no response under several published definitions, with the reason.

The definitions are data (``renal_definitions.csv``); one small function judges every requirement of all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, numbers, raise_together, require_columns, require_frame
from lupus_kit.core.errors import InputError, is_number, require_choice
from lupus_kit.endpoints.nullable import any_of, known_true, yes_no
from lupus_kit.endpoints.rules.reasons import phrases
from lupus_kit.endpoints.visits.units import bounds, in_units
from lupus_kit.endpoints.words import WORDS

#: Measures and their units in words. Creatinine's unit is an argument.
MEASURES = WORDS["renal_measures"]
#: Yes/no measures with the rule that a no meets; the words of the two are the requirement.
ANSWERS = {"sediment_active": "inactive", "treatment_failure": "no"}
CREATININE_UNITS = {"mg/dL": "creatinine_mg_dl", "umol/L": "creatinine_umol_l"}


_FOLDER = Path(__file__).parent

#: Ways to judge a value, a row each: symbol (how the value now must stand to its bound: ``"<="``, ``"<"``, ``">="`` or ``">"``),
#: against (what the bound is made of: ``"limit"``, or a multiple of the value at ``"baseline"``, at ``"preflare"``, before the
#: flare, or of the laboratory's upper limit, ``"upper normal"``; ``"high baseline"`` is a limit that is asked for only where the
#: baseline was not below it), change (the multiple: 1 - limit, 1 or 1 + limit for -1, 0 and 1), words (what is asked for).
RULES: dict[str, Any] = {str(row.rule): row for row in pd.read_csv(_FOLDER / "renal_rules.csv").itertuples()}


@dataclass(frozen=True)
class RenalRequirement:
    """One comparison of a definition.

    Attributes
    ----------
    measure : str
        A column of the visit table: a key of ``MEASURES``, or of ``ANSWERS``.
    rule : str
        How it is judged: ``"at most"``, ``"below"``, ``"at least"`` (a value), ``"fall at least"``, ``"fall more than"``,
        ``"rise at most"``, ``"loss at most"``, ``"loss less than"``, ``"gain at least"`` (a fraction of baseline),
        ``"below if nephrotic"`` (a value, asked where baseline was that high), ``"near preflare"`` (a fraction),
        ``"back to preflare"``, ``"normal"`` (at most the laboratory's upper limit), or the one rule of
        a yes/no measure: ``"inactive"``, ``"no"``.
    limit : float
        The value or fraction.

    Examples
    --------
    >>> from lupus_kit import endpoints
    >>> definition = endpoints.RENAL_DEFINITIONS["KDIGO 2012"]
    >>> requirement = definition.complete[0][0]
    >>> requirement.measure, requirement.limit
    ('upcr', 0.5)
    >>> requirement.text
    'urine protein/creatinine in g/g below 0.5'
    >>> requirement.slug
    'upcr_below'
    >>> requirement.baseline_column
    ''
    """

    measure: str
    rule: str
    limit: float = 0.0

    def __post_init__(self) -> None:
        require_choice("measure", self.measure, [*MEASURES, *ANSWERS])
        require_choice("rule", self.rule, [ANSWERS.get(self.measure, name) for name in RULES])

    @property
    def text(self) -> str:
        """The requirement in words."""
        words = RULES[self.rule].words.format(x=self.limit, percent=100 * self.limit)
        return words if self.measure in ANSWERS else f"{MEASURES[self.measure]} {words}"

    @property
    def slug(self) -> str:
        """The requirement as part of a column name, for example ``"upcr_at_most"``."""
        if self.measure == "treatment_failure":
            return "no_treatment_failure"
        return f"{self.measure.removesuffix('_active')}_{self.rule.replace(' ', '_')}"

    @property
    def baseline_column(self) -> str:
        """The column of the baseline table that it compares with; empty where it needs none."""
        against = RULES[self.rule].against
        return f"{self.measure}_preflare" if against == "preflare" else self.measure if "baseline" in against else ""


#: Requirements of which one is enough.
Group = tuple[RenalRequirement, ...]


@dataclass(frozen=True)
class RenalDefinition:
    """Requirements for a response: every group must hold, and a group holds where one of its members does.

    Attributes
    ----------
    name : str
        Name in the result.
    complete, partial : tuple of tuple of RenalRequirement
        The groups. A definition without a partial response has none in `partial`.
    note : str
        The kit's reading where the source leaves a word open.
    source : str
        Where the requirements come from, and what of it was read.

    Examples
    --------
    >>> from lupus_kit import endpoints
    >>> definition = endpoints.RENAL_DEFINITIONS["KDIGO 2012"]
    >>> definition.name
    'KDIGO 2012'
    >>> list(definition.columns)[:2]
    ['complete_upcr_below', 'complete_creatinine_back_to_preflare']
    """

    name: str
    complete: tuple[Group, ...]
    partial: tuple[Group, ...]
    note: str
    source: str = ""

    @property
    def columns(self) -> dict[str, Group]:
        """The column of each group in the result of :func:`renal_response`, and the group."""
        levels = (("complete", self.complete), ("partial", self.partial))
        return {f"{level}_{'_or_'.join(n.slug for n in group)}": group for level, groups in levels for group in groups}


#: The requirements of the published definitions, a row each: definition, level, any_of (of the rows with one letter one is
#: enough), measure, rule, limit.
RENAL_REQUIREMENTS: pd.DataFrame = pd.read_csv(_FOLDER / "renal_requirements.csv", keep_default_na=False)


def _read_definitions() -> dict[str, RenalDefinition]:
    """Put the rows of the two tables together."""
    rows, about = RENAL_REQUIREMENTS, pd.read_csv(_FOLDER / "renal_definitions.csv").set_index("definition")

    def groups(name: str, level: str) -> tuple[Group, ...]:
        found: dict[object, Group] = {}
        for row in rows[(rows["definition"] == name) & (rows["level"] == level)].itertuples():
            need = RenalRequirement(str(row.measure), str(row.rule), float(row.limit))
            found[row.any_of or row.Index] = (*found.get(row.any_of or row.Index, ()), need)
        return tuple(found.values())

    return {
        name: RenalDefinition(
            name, groups(name, "complete"), groups(name, "partial"), about.note[name], about.source[name]
        )
        for name in map(str, about.index)
    }


#: The published definitions by name.
RENAL_DEFINITIONS: dict[str, RenalDefinition] = _read_definitions()


def eular_2019(months: float) -> RenalDefinition:
    """Make the definition whose target for the fall of protein moves with the months since treatment began.

    Examples
    --------
    >>> eular_2019(3).partial[0][0].text
    '24-hour protein in g fallen by at least 25%'
    """
    whole = RENAL_DEFINITIONS["EULAR 2019"]
    (fall,), *others = whole.partial
    return replace(whole, partial=((replace(fall, limit=0.25 if months < 6 else 0.5),), *others))


#: The unit that each of today's names has here; creatinine's is an argument.
_UNITS = {"upcr": "upcr_g_g", "protein_24h": "protein_24h_g", "egfr": "egfr_ml_min_173", "albumin": "albumin_g_l"}

#: From worst to best.
RESPONSES = ("none", "partial", "complete")


def renal_response(
    baseline: pd.DataFrame,
    visit: pd.DataFrame,
    definition: str | RenalDefinition = "KDIGO 2012",
    *,
    creatinine_unit: str = "mg/dL",
    creatinine_upper_normal: float | None = None,
    months: float | None = None,
) -> pd.DataFrame:
    """Decide complete, partial or no renal response, and say why.

    The definition of renal remission that He 2020 used is not public in any text this kit could read. These are
    definitions of other groups; none of them may be called the paper's own.

    Parameters
    ----------
    baseline : pandas.DataFrame
        One row per ``patient``, with what the definition compares with: ``upcr_g_g`` or ``upcr_mg_mmol``,
        ``protein_24h_g`` or ``protein_24h_mg``, ``creatinine_mg_dl`` or ``creatinine_umol_l``, ``egfr_ml_min_173``; and with
        ``_preflare`` behind it the value before this flare. Names without a unit are read too: ``upcr`` is in g/g,
        ``protein_24h`` in g, ``creatinine`` in `creatinine_unit`, ``egfr`` in mL/min/1.73 m2.
    visit : pandas.DataFrame
        One row per visit, with ``patient``, optionally ``visit`` and ``week``, and of the same values, ``albumin_g_l``,
        ``albumin_g_dl`` or ``albumin`` (g/L) and the yes/no columns ``sediment_active`` and ``treatment_failure`` those that
        are needed. Where ``treatment_failure`` is no column nobody has failed; ``.attrs["notes"]`` says so.
    definition : str or RenalDefinition
        A key of ``RENAL_DEFINITIONS``, or a definition of your own, for example one of these with another limit.
    creatinine_unit : {"mg/dL", "umol/L"}
        Unit of creatinine values whose column names none, and of `creatinine_upper_normal`. Values outside a believable
        range for it are errors.
    creatinine_upper_normal : float, optional
        The laboratory's upper limit, needed by ACR 2006 and Chinese multitarget.
    months : float, optional
        Months since treatment began, needed by EULAR 2019.

    Returns
    -------
    pandas.DataFrame
        One row per row of `visit`, with its index: ``patient``, ``visit`` and ``week`` (if given),
        ``definition``, one nullable boolean for each requirement of complete and of partial response (for example
        ``complete_upcr_below``; ``.attrs["requirements"]`` says each in words), ``complete`` and ``partial``
        (nullable booleans; whoever meets complete also meets partial), ``response`` ("complete", "partial", "none",
        or missing where the records leave it open) and ``reason``.

    Raises
    ------
    InputError
        For an unknown definition or unit, missing columns, cells that are not allowed, two baselines, or a column whose
        values cannot be in its unit but could be in another: a ``upcr`` of 45 is in mg/mmol, and is refused.

    See Also
    --------
    score_visits

    Notes
    -----
    A failed requirement decides, whatever else is missing. A value on its limit is on it exactly: the distance is rounded to
    nine decimals. 1 g/g is 100 mg/mmol, as the guidelines print their limits (by the mass of creatinine it is 113).
    Where each definition comes from, and what of it was read, stands in ``RENAL_DEFINITIONS[name].source``, the kit's reading
    in ``.note``. Of the guidelines of ACR, KDIGO and EULAR only abstracts and secondary tables were read.

    References
    ----------
    KDIGO Glomerulonephritis Work Group. Kidney Int Suppl 2012;2:139-274. Parikh SV, et al. Am J Kidney Dis
    2020;76:265-281. Furie R, et al. N Engl J Med 2020;383:1117-1128.

    Examples
    --------
    >>> import pandas as pd
    >>> before = pd.DataFrame({"patient": ["Ann"], "upcr": [2.0], "creatinine": [1.0], "creatinine_preflare": [0.8]})
    >>> after = pd.DataFrame({"patient": ["Ann"], "upcr": [0.9], "creatinine": [0.8]})
    >>> renal_response(before, after)["response"].item()
    'partial'
    >>> renal_response(before, after).attrs["requirements"]["complete_upcr_below"]
    'urine protein/creatinine in g/g below 0.5'
    """
    chosen = _checked_definition(definition, creatinine_unit, creatinine_upper_normal, months)
    problems = BadCells("the visit table"), BadCells("the baseline table")
    for noted, frame, what in zip(problems, (visit, baseline), ("visit", "baseline"), strict=True):
        require_columns(require_frame(frame, what), ["patient"], what)
        noted.add(frame, "patient", frame["patient"].isna().to_numpy(), "every row needs a patient")
    twice = baseline["patient"].notna() & baseline["patient"].duplicated()
    allowed = "the patient has more than one row: keep one row per patient"
    problems[1].add(baseline, "patient", twice.to_numpy(), allowed)
    raise_together(*problems)
    units = _UNITS | {"creatinine": CREATININE_UNITS[creatinine_unit]}
    needs = [need for group in chosen.complete + chosen.partial for need in group]
    measured = {name: unit for name, unit in units.items() if name in {need.measure for need in needs}}
    baseline, visit = in_units(baseline, measured, "baseline"), in_units(visit, measured, "visit")
    baseline_columns = sorted({need.baseline_column for need in needs} - {""})
    require_columns(baseline, baseline_columns, "baseline")
    visit_columns = sorted({need.measure for need in needs})
    notes: tuple[str, ...] = ()
    if "treatment_failure" in visit_columns and "treatment_failure" not in visit.columns:
        visit = visit.assign(treatment_failure=False)
        notes = (f"No column 'treatment_failure': in all {len(visit)} rows nobody is taken to have failed.",)
    require_columns(visit, visit_columns, "visit")
    now = _read(visit, visit_columns, units, problems[0])
    stored = _read(baseline, baseline_columns, units, problems[1])
    raise_together(*problems)
    before = stored.set_axis(pd.Index(baseline["patient"])).reindex(visit["patient"]).reset_index(drop=True)

    upper_normal = creatinine_upper_normal or 0.0  # given wherever a requirement asks for it

    def judge(need: RenalRequirement) -> pd.Series:
        return meets(need, now[need.measure], before[need.baseline_column] if need.baseline_column else upper_normal)

    groups = chosen.columns
    met = {name: any_of(map(judge, group)) for name, group in groups.items()}
    complete = reduce(and_, (met[name] for name in met if name.startswith("complete")))
    parts = [met[name] for name in met if name.startswith("partial")]
    partial = complete | reduce(and_, parts) if parts else complete
    best = np.select([known_true(complete), known_true(~complete & partial), known_true(~partial)], [2, 1, 0], -1)
    table: dict[str, object] = {name: visit[name].array for name in ("patient", "visit", "week") if name in visit}
    table |= {"definition": chosen.name} | met | {"complete": complete, "partial": partial}
    table["response"] = pd.array(np.array([*RESPONSES, None], dtype=object)[best], dtype="string")
    words = {name: " or ".join(need.text for need in group) for name, group in groups.items()}

    def reason(complete: object, partial: object, *answers: object) -> str:
        """Write the answer, and what is not met or unknown on the way to more."""
        text = " ".join((_opening(complete, partial), *notes))
        for level, reached in (("complete", complete), ("partial", partial)):
            open_groups = [
                f"{'unknown' if answer is pd.NA else 'not met'}: {words[name]}"
                for name, answer in zip(words, answers, strict=True)
                if name.startswith(level) and (answer is pd.NA or not answer)
            ]
            if open_groups and (reached is pd.NA or not reached):
                text += f" For {level}: {'; '.join(open_groups)}."
        return text

    table["reason"] = pd.array(phrases(reason, complete, partial, *met.values()), dtype="str")
    result = pd.DataFrame(table).set_axis(visit.index)
    result.attrs |= {"requirements": words, "notes": notes}
    return result


def meets(need: RenalRequirement, now: pd.Series, other: pd.Series | float) -> pd.Series:
    """Judge one requirement as a nullable boolean.

    `other` is what the value now is compared with: at baseline, before the flare, or the laboratory's upper limit. The
    distance from the bound is rounded to nine decimals, so that a value on its bound is on it exactly.
    """
    rule, limit = RULES[need.rule], need.limit
    bound = limit if rule.against in ("limit", "high baseline") else (1 + rule.change * limit) * other
    margin = (now - bound if rule.symbol in (">=", ">") else bound - now).round(9)
    met = margin > 0 if rule.symbol in ("<", ">") else margin >= 0
    return (other < limit) | met if rule.against == "high baseline" else met


def _opening(complete: object, partial: object) -> str:
    if complete is pd.NA or partial is pd.NA:
        return "Missing: at least a partial response." if partial is not pd.NA and partial else "Missing."
    if complete:
        return "Complete response: every requirement is met."
    return "Partial response." if partial else "No response."


def _read(frame: pd.DataFrame, columns: list[str], units: Mapping[str, str], problems: BadCells) -> pd.DataFrame:
    """Read the columns; the bounds of creatinine catch a value in the other unit."""
    values = {}
    for name in columns:
        measure = name.removesuffix("_preflare")
        if measure in ANSWERS:
            values[name] = yes_no(frame, name, problems).astype("Float64")
        else:
            read = numbers(frame, name, problems, *bounds(units[measure]), whole=False)
            values[name] = pd.Series(read, dtype="Float64")
    return pd.DataFrame(values, index=range(len(frame)))


def _checked_definition(definition: object, unit: str, upper: float | None, months: float | None) -> RenalDefinition:
    """Return the definition, with its extra arguments checked."""
    require_choice("creatinine unit", unit, CREATININE_UNITS)
    if not isinstance(definition, RenalDefinition):
        require_choice("renal definition", definition, RENAL_DEFINITIONS)
    rule = definition if isinstance(definition, RenalDefinition) else RENAL_DEFINITIONS[str(definition)]
    if definition == "EULAR 2019":
        if not is_number(months) or not months > 0:
            raise InputError(f"months is {months!r}: EULAR 2019 sets targets in time, so give months above 0.")
        return eular_2019(months)
    if any(need.rule == "normal" for group in rule.columns.values() for need in group):
        low, high = bounds(CREATININE_UNITS[unit])
        if not is_number(upper) or not low <= upper <= high:
            wanted = f"the laboratory's upper limit in {unit}, from {low:g} to {high:g}"
            raise InputError(f"creatinine_upper_normal is {upper!r}: {rule.name} needs {wanted}.")
    return rule
