"""Lupus nephritis: complete, partial or no response under several published definitions, with the reason.

The definitions are data (``renal_definitions``); one small function judges every requirement of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lupus_kit.core.cells import (
    BadCells,
    flags,
    numbers,
    raise_together,
    require_choice,
    require_columns,
    require_frame,
)
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints.rules.logic import NO, UNKNOWN, YES, all_of, any_of, boolean_column
from lupus_kit.endpoints.rules.phrases import column, constant, join
from lupus_kit.endpoints.rules.renal_definitions import (
    CREATININE_LIMITS,
    MEASURES,
    RENAL_DEFINITIONS,
    Group,
    RenalDefinition,
    RenalRequirement,
    eular_2019,
)

#: From worst to best.
RESPONSES = ("none", "partial", "complete")


def _judge(need: RenalRequirement, now: np.ndarray, base: np.ndarray, preflare: np.ndarray, upper: float) -> np.ndarray:
    """Three-valued verdict; a margin of zero is decided after rounding away floating-point dust."""
    x = need.limit
    margin, strict = {  # a requirement holds where its margin is >= 0, or > 0 if strict
        "at most": (x - now, False),
        "below": (x - now, True),
        "at least": (now - x, False),
        "fall at least": ((1 - x) * base - now, False),
        "fall more than": ((1 - x) * base - now, True),
        "below if nephrotic": (x - now, True),
        "rise at most": ((1 + x) * base - now, False),
        "loss at most": (now - (1 - x) * base, False),
        "gain at least": (now - (1 + x) * base, False),
        "near preflare": (now - (1 - x) * preflare, False),
        "back to preflare": (preflare - now, False),
        "normal": (upper - now, False),
        "inactive": (0 - now, False),
    }[need.rule]
    margin = np.round(margin, 9)
    verdict = np.where(np.isnan(margin), UNKNOWN, (margin > 0) | (~np.bool_(strict) & (margin == 0)))
    if need.rule == "below if nephrotic":
        verdict = np.where(base < x, YES, np.where((verdict == NO) & np.isnan(base), UNKNOWN, verdict))
    return verdict.astype(np.int8)


def _read(frame: pd.DataFrame, columns: list[str], unit: str, problems: BadCells) -> dict[str, np.ndarray]:
    """Read the columns; the bounds of creatinine catch a value in the other unit."""
    values = {}
    for name in columns:
        measure = name.removesuffix("_preflare")
        if measure == "sediment_active":
            flag = flags(frame, name, problems)
            values[name] = np.where(flag < 0, np.nan, flag.astype(float))
            continue
        low, high = CREATININE_LIMITS[unit] if measure == "creatinine" else (0.0, MEASURES[measure][1])
        values[name] = numbers(frame, name, problems, low, high, whole=False)
    return values


def _match(baseline: pd.DataFrame, visit: pd.DataFrame) -> np.ndarray:
    """Return the baseline row of every visit row, -1 where the patient has none."""
    for frame, what in ((baseline, "baseline"), (visit, "visit")):
        require_columns(frame, ["patient"], what)
        if frame["patient"].isna().any():
            row = frame.index[frame["patient"].isna()][0]
            raise InputError(f"{what}: row {row}, column 'patient' is empty: every row needs a patient.")
    if baseline["patient"].duplicated().any():
        who = baseline["patient"][baseline["patient"].duplicated()].iloc[0]
        raise InputError(f"baseline has more than one row for patient {who!r}: keep one row per patient.")
    return pd.Index(baseline["patient"]).get_indexer(pd.Index(visit["patient"]))


def _columns(needs: list[RenalRequirement]) -> tuple[list[str], list[str]]:
    """Name the columns a definition needs in the visit table and in the baseline table."""
    now, before = set(), set()
    for need in needs:
        now.add(need.measure)
        if "preflare" in need.rule:
            before.add(f"{need.measure}_preflare")
        elif need.rule in ("fall at least", "fall more than", "below if nephrotic", "rise at most") or (
            need.rule in ("loss at most", "gain at least")
        ):
            before.add(need.measure)
    return sorted(now), sorted(before)


def _words(group: Group) -> str:
    return " or ".join(need.text for need in group)


def _list_open(title: str, groups: Mapping[str, Group], verdicts: Mapping[str, np.ndarray]) -> pa.Array:
    """Say which groups fail or are unknown, one text per row; null where all hold."""
    pieces = []
    for name, group in groups.items():
        pieces.append(constant(f"not met: {_words(group)}", verdicts[name] == NO))
        pieces.append(constant(f"unknown: {_words(group)}", verdicts[name] == UNKNOWN))
    some = np.logical_or.reduce([verdicts[name] != YES for name in groups])
    return join([constant(title, some), join(pieces, "; "), constant(".", some)])


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
        One row per ``patient``, with what the definition compares with: ``upcr`` (g/g), ``protein_24h`` (g),
        ``creatinine`` (in `creatinine_unit`), ``egfr`` (mL/min/1.73 m2), and ``creatinine_preflare`` or
        ``egfr_preflare`` (the value before this flare).
    visit : pandas.DataFrame
        One row per visit, with ``patient``, optionally ``visit`` and ``week``, and of ``upcr``, ``protein_24h``,
        ``creatinine``, ``egfr``, ``albumin`` (g/L) and ``sediment_active`` (yes/no) those that are needed.
    definition : str or RenalDefinition
        A key of ``RENAL_DEFINITIONS``, or a definition of your own, for example one of these with another limit.
    creatinine_unit : {"mg/dL", "umol/L"}
        Unit of every creatinine value. Values outside a believable range for it are errors.
    creatinine_upper_normal : float, optional
        The laboratory's upper limit, needed by ACR 2006 and Chinese multitarget.
    months : float, optional
        Months since treatment began, needed by EULAR 2019.

    Returns
    -------
    pandas.DataFrame
        One row per row of `visit`, with its index: ``patient``, ``visit`` and ``week`` (if given),
        ``definition``, one nullable boolean for each requirement of complete and of partial response (for example
        ``complete_upcr_at_most``; ``.attrs["requirements"]`` says each in words), ``complete`` and ``partial``
        (nullable booleans; whoever meets complete also meets partial), ``response`` ("complete", "partial", "none",
        or missing where the records leave it open) and ``reason``.

    Raises
    ------
    InputError
        For an unknown definition or unit, missing columns, cells that are not allowed, or two baselines.

    Notes
    -----
    A failed requirement decides, whatever else is missing. Limits are compared after rounding to nine decimals.
    The protein/creatinine ratio is in g/g here, where ``sledai_descriptors`` and ``bilag2004`` take mg/mmol, as
    their forms do; 0.5 g/g is about 50 mg/mmol.

    References
    ----------
    KDIGO Glomerulonephritis Work Group. Kidney Int Suppl 2012;2:139-274.

    Examples
    --------
    >>> import pandas as pd
    >>> before = pd.DataFrame({"patient": ["Ann"], "upcr": [2.0], "creatinine": [1.0], "creatinine_preflare": [0.8]})
    >>> after = pd.DataFrame({"patient": ["Ann"], "upcr": [0.9], "creatinine": [0.8]})
    >>> renal_response(before, after)["response"].item()
    'partial'
    >>> renal_response(before, after).attrs["requirements"]["complete_upcr_at_most"]
    'urine protein/creatinine in g/g at most 0.5'
    """
    rule = _pick(definition, creatinine_unit, creatinine_upper_normal, months)
    require_frame(baseline, "baseline")
    require_frame(visit, "visit")
    rows = _match(baseline, visit)
    needs = [need for group in rule.complete + rule.partial for need in group]
    now_names, before_names = _columns(needs)
    require_columns(baseline, before_names, "baseline")
    require_columns(visit, now_names, "visit")
    problems = BadCells("the visit table"), BadCells("the baseline table")
    now = _read(visit, now_names, creatinine_unit, problems[0])
    stored = _read(baseline, before_names, creatinine_unit, problems[1])
    raise_together(*problems)
    before = {name: np.append(values, np.nan)[rows] for name, values in stored.items()}
    empty = np.full(len(visit), np.nan)
    upper = np.nan if creatinine_upper_normal is None else float(creatinine_upper_normal)

    def judge(need: RenalRequirement) -> np.ndarray:
        base, preflare = before.get(need.measure, empty), before.get(f"{need.measure}_preflare", empty)
        return _judge(need, now[need.measure], base, preflare, upper)

    groups = rule.columns
    each = {name: any_of(*map(judge, group)) for name, group in groups.items()}
    complete = all_of(*(verdict for name, verdict in each.items() if name.startswith("complete")))
    partial = any_of(complete, all_of(*(verdict for name, verdict in each.items() if name.startswith("partial"))))
    table: dict[str, object] = {name: visit[name].array for name in ("patient", "visit", "week") if name in visit}
    table["definition"] = rule.name
    table |= {name: boolean_column(verdict) for name, verdict in each.items()}
    table |= {"complete": boolean_column(complete), "partial": boolean_column(partial)}
    response = np.select([complete == YES, (complete == NO) & (partial == YES), partial == NO], [2, 1, 0], -1)
    table["response"] = pd.array(np.array([*RESPONSES, None], dtype=object)[response], dtype="string")
    table["reason"] = _reasons(groups, each, response, partial)
    result = pd.DataFrame(table, index=visit.index)
    result.attrs["requirements"] = {name: _words(group) for name, group in groups.items()}
    return result


def _reasons(
    groups: Mapping[str, Group], each: Mapping[str, np.ndarray], response: np.ndarray, partial: np.ndarray
) -> pd.api.extensions.ExtensionArray:
    """Write one sentence per row: the answer, and what is not met or unknown on the way to more."""
    is_open = response == -1
    openings = [
        constant("Complete response: every requirement is met.", response == 2),
        constant("Partial response.", response == 1),
        constant("No response.", response == 0),
        constant("Missing: at least a partial response.", is_open & (partial == YES)),
        constant("Missing.", is_open & (partial != YES)),
    ]
    pieces = [join(openings)]
    for level, applies in (("complete", response != 2), ("partial", partial != YES)):
        part = {name: group for name, group in groups.items() if name.startswith(level)}
        text = _list_open(f" For {level}: ", part, each)
        pieces.append(pc.if_else(pa.array(applies), text, pa.scalar(None, pa.large_string())))
    return column(join(pieces))


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _pick(definition: object, unit: str, upper: float | None, months: float | None) -> RenalDefinition:
    """Return the definition, with its extra arguments checked."""
    require_choice("creatinine unit", unit, CREATININE_LIMITS)
    if isinstance(definition, RenalDefinition):
        rule = definition
    else:
        require_choice("renal definition", definition, RENAL_DEFINITIONS)
        rule = RENAL_DEFINITIONS[str(definition)]
    if definition == "EULAR 2019":
        if not _is_number(months) or not months > 0:
            raise InputError(f"months is {months!r}: EULAR 2019 sets targets in time, so give months above 0.")
        return eular_2019(months)
    if any(need.rule == "normal" for group in rule.columns.values() for need in group):
        low, high = CREATININE_LIMITS[unit]
        if not _is_number(upper) or not low <= upper <= high:
            raise InputError(
                f"creatinine_upper_normal is {upper!r}: {rule.name} needs the laboratory's upper limit in {unit}, "
                f"from {low:g} to {high:g}."
            )
    return rule
