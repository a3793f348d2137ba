"""Printed effects with intervals: which methods give the printed digits from the counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from lupus_kit.audit.report.rows import FROM_MODEL, NOT_CHECKABLE, REPRODUCED, Row, row
from lupus_kit.inference import Interval, intervals
from lupus_kit.published import Claim, decimals

_MEASURES = {
    "odds ratio": r"\b(?:a?or|odds\s+ratio)\b",
    "risk ratio": r"\b(?:a?rr|(?:risk|rate|response)\s+ratio|relative\s+risk)\b",
    "risk difference": r"\b(?:a?rd|diff(?:erence)?)\b",
}
_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_ENDS = re.compile(rf"(?P<low>{_NUMBER})\s*%?\s*(?:to|,|;|-)\s*(?P<high>{_NUMBER})\s*%?")
_LEVEL = re.compile(r"(?P<level>\d{2}(?:\.\d+)?)\s*%?\s*(?:CI|confidence)", re.IGNORECASE)
_ESTIMATE = re.compile(_NUMBER)
_METHODS = {measure: tuple(one.key for one in intervals(1, 2, 1, 2) if one.measure == measure) for measure in _MEASURES}
#: These go through every table of the design; in large trials they differ little from the others.
_SLOW = ("exact_unconditional",)
_LARGE = 2_500
#: The interval of each measure that most readers would try first.
_FAMILIAR = ("woolf", "katz", "wald")
_PLAIN = str.maketrans({"−": "-", "–": "-", "—": "-", "·": ".", "[": "(", "]": ")"})


@dataclass(frozen=True)
class PrintedEffect:
    """An effect as printed: the measure, and numbers that are strings because their digits count.

    Attributes
    ----------
    measure : str
        ``"odds ratio"``, ``"risk ratio"`` or ``"risk difference"``.
    estimate, low, high : str
        As printed; the ends are empty where no interval is printed.
    level : float
        Confidence level of the interval.
    scale : int
        1, or 100 where a difference is printed in percentage points.
    """

    measure: str
    estimate: str
    low: str = ""
    high: str = ""
    level: float = 0.95
    scale: int = 1


def parse_effect(text: str) -> PrintedEffect | None:
    """Read an effect as printed.

    Parameters
    ----------
    text : str
        Such as ``"OR 1.40 (0.93-2.11)"`` or ``"difference 12.1 (95% CI 4.9 to 19.3)"``.

    Returns
    -------
    PrintedEffect or None
        None where it is not one that counts can give.

    Examples
    --------
    >>> parse_effect("OR 1.40 (0.93-2.11)")
    PrintedEffect(measure='odds ratio', estimate='1.40', low='0.93', high='2.11', level=0.95, scale=1)
    >>> parse_effect("hazard ratio 1.55 (1.11-2.18)") is None
    True
    """
    plain = text.translate(_PLAIN)
    found = [name for name, pattern in _MEASURES.items() if re.search(pattern, plain, re.IGNORECASE)]
    if len(found) != 1:
        return None
    level, rest = 0.95, plain
    if match := _LEVEL.search(plain):
        level, rest = float(match["level"]) / 100, plain.replace(match[0], " ")
    estimate = _ESTIMATE.search(rest)
    if estimate is None:
        return None
    ends = _ENDS.search(rest, estimate.end())
    low, high = (ends["low"], ends["high"]) if ends else ("", "")
    numbers = [estimate[0], *filter(None, (low, high))]
    points = found[0] == "risk difference" and ("%" in rest or any(abs(float(n)) > 1 for n in numbers))
    return PrintedEffect(found[0], estimate[0], low, high, level, 100 if points else 1)


def _prints_as(value: float, text: str) -> bool:
    if value != value or value in (float("inf"), float("-inf")):
        return False
    unit, target = Decimal(1).scaleb(-decimals(text)), Decimal(text)
    return target in {Decimal(value).quantize(unit, ROUND_HALF_UP), Decimal(value).quantize(unit, ROUND_HALF_EVEN)}


def _last_digits_off(value: float, text: str) -> float:
    """Distance from the print in units of its last digit, beyond rounding."""
    if value != value:
        return float("inf")
    unit = 10.0 ** -decimals(text)
    return 0.0 if _prints_as(value, text) else abs(round(value / unit) - round(float(text) / unit))


def _written(value: float, like: str) -> str:
    return f"{value:.{decimals(like)}f}" if abs(value) < float("inf") else "no limit"


def _shown(effect: PrintedEffect, interval: Interval) -> str:
    estimate = _written(interval.estimate * effect.scale, effect.estimate)
    if not effect.low:
        return estimate
    low, high = interval.low * effect.scale, interval.high * effect.scale
    return f"{estimate} ({_written(low, effect.low)} to {_written(high, effect.high)})"


def _fit(effect: PrintedEffect, interval: Interval) -> float:
    """Units of the last digit by which the worst of the printed ends is missed."""
    ends = [(interval.low, effect.low), (interval.high, effect.high)]
    return max(_last_digits_off(value * effect.scale, text) for value, text in ends)


def effect_row(claim: Claim, table: tuple[int, int, int, int] | None) -> Row:
    """Compare the printed effect of a claim with the one that the counts give.

    Parameters
    ----------
    claim : Claim
        With ``effect``.
    table : tuple of int or None
        ``(x1, n1, x2, n2)``, where known.

    Returns
    -------
    dict of str
        A line of the report.
    """
    effect = parse_effect(claim.effect)
    if effect is None:
        why = "not an odds ratio, risk ratio or difference of two rates"
        return row("effect", claim.effect, [("", why)], NOT_CHECKABLE, "not checkable")
    if table is None:
        return row("effect", claim.effect, [("", "the counts are not known")], NOT_CHECKABLE, "not checkable")
    x1, n1, x2, n2 = table
    found, turned = _of_measure(effect, (x1, n1, x2, n2)), ""
    other_way = _of_measure(effect, (x2, n2, x1, n1))
    if not _estimate_fits(effect, found) and _estimate_fits(effect, other_way):
        found, turned = other_way, f", {claim.arms[1]} against {claim.arms[0]}"
    estimate_fits = _estimate_fits(effect, found)
    if not effect.low:
        return _estimate_only(claim, effect, found[0], estimate_fits, turned)
    by_fit = sorted(found, key=lambda one: _fit(effect, one))
    fits = [one for one in by_fit if _fit(effect, one) == 0]
    parts = [(_shown(effect, one), one.label + turned) for one in fits or by_fit[:1]]
    familiar = next(one for one in found if one.key in _FAMILIAR)
    if familiar not in (fits or by_fit[:1]):
        parts.append((_shown(effect, familiar), f"does not fit: {familiar.label}{turned}"))
    verdict, status = _verdict(effect, estimate_fits, len(fits), len(found), _fit(effect, by_fit[0]))
    return _with_model(claim, row("effect", claim.effect, parts, verdict, status))


def _of_measure(effect: PrintedEffect, table: tuple[int, int, int, int]) -> list[Interval]:
    names = _METHODS[effect.measure] if effect.low else _METHODS[effect.measure][:1]
    if table[1] * table[3] > _LARGE:
        names = tuple(name for name in names if name not in _SLOW)
    return intervals(*table, level=effect.level, methods=names)


def _estimate_fits(effect: PrintedEffect, found: list[Interval]) -> bool:
    return _prints_as(found[0].estimate * effect.scale, effect.estimate)


def _verdict(effect: PrintedEffect, estimate_fits: bool, n_fits: int, n_tried: int, off: float) -> tuple[str, str]:
    point = "estimate reproduced" if estimate_fits else "another estimate"
    if n_fits and estimate_fits:
        some = "" if n_fits == n_tried else f" (interval by {n_fits} of {n_tried} methods)"
        return f"{REPRODUCED}{some}", "reproduced" if n_fits == n_tried else "some"
    if n_fits:
        return f"{point}; interval by {n_fits} of {n_tried} methods", "not reproduced"
    near = "; the nearest misses by one in the last digit" if off == 1 else ""
    return f"{point}; interval not reproduced by any of {n_tried} methods{near}", "not reproduced"


def _estimate_only(claim: Claim, effect: PrintedEffect, crude: Interval, fits: bool, turned: str) -> Row:
    verdict = REPRODUCED if fits else "another estimate"
    parts = [(_written(crude.estimate * effect.scale, effect.estimate), f"crude {effect.measure}{turned}")]
    status = "reproduced" if fits else "not reproduced"
    return _with_model(claim, row("effect", claim.effect, parts, verdict, status))


def _with_model(claim: Claim, line: Row) -> Row:
    """Say that an adjusted effect is another number than the crude one."""
    if not claim.modelled:
        return line
    return line | {"verdict": f"{FROM_MODEL}; crude: {line['verdict']}", "status": "model"}
