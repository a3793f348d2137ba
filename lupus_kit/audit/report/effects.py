"""Printed effects with intervals: which methods give the printed digits from the counts."""

import re
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from math import isfinite, nan

from lupus_kit.audit.report.checked_values import Analysis, CheckedValue, Quantity, Verdict
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
    if len(found) != 1 or re.search(r"\d{16}", plain):
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
    if not isfinite(value):
        return False
    unit, target = Decimal(1).scaleb(-decimals(text)), Decimal(text)
    return target in {Decimal(value).quantize(unit, ROUND_HALF_UP), Decimal(value).quantize(unit, ROUND_HALF_EVEN)}


def _last_digits_off(value: float, text: str) -> float:
    """Distance from the print in units of its last digit, beyond rounding."""
    if not isfinite(value):
        return float("inf")
    unit = 10.0 ** -decimals(text)
    return 0.0 if _prints_as(value, text) else abs(round(value / unit) - round(float(text) / unit))


def _fit(effect: PrintedEffect, interval: Interval) -> float:
    """Units of the last digit by which the worst of the printed ends is missed."""
    ends = [(interval.low, effect.low), (interval.high, effect.high)]
    return max(_last_digits_off(value * effect.scale, text) for value, text in ends)


def checked_effect(claim: Claim, table: tuple[int, int, int, int] | None) -> CheckedValue:
    """Compare the printed effect of a claim with the one that the counts give.

    Parameters
    ----------
    claim : Claim
        With ``effect``.
    table : tuple of int or None
        ``(x1, n1, x2, n2)``, where known.

    Returns
    -------
    CheckedValue
    """
    effect = parse_effect(claim.effect)
    if effect is None:
        why = "not an odds ratio, risk ratio or difference of two rates"
        return CheckedValue.unchecked(claim, Quantity.EFFECT, why)
    if table is None:
        return CheckedValue.unchecked(claim, Quantity.EFFECT, "the counts are not known")
    x1, n1, x2, n2 = table
    counts, found, setting = table, _of_measure(effect, table), ""
    other_way = _of_measure(effect, (x2, n2, x1, n1))
    if not _estimate_fits(effect, found) and _estimate_fits(effect, other_way):
        counts, found, setting = (x2, n2, x1, n1), other_way, f"{claim.arms[1]} against {claim.arms[0]}"
    estimate_fits = _estimate_fits(effect, found)
    if effect.low:
        by_fit = sorted(found, key=lambda one: _fit(effect, one))
        fits = [one for one in by_fit if _fit(effect, one) == 0]
        shown = fits or by_fit[:1]
        analyses = [_analysis(effect, one, setting, counts, fits=one in fits, nearest=one in shown) for one in by_fit]
        verdict, sentence = _verdict(estimate_fits, len(fits), len(found), _fit(effect, by_fit[0]))
    else:
        label = f"crude {effect.measure}"
        crude = _analysis(effect, found[0], setting, counts, fits=estimate_fits, nearest=True)
        analyses = [replace(crude, label=label, low=nan, high=nan)]
        verdict = Verdict.REPRODUCED if estimate_fits else Verdict.NOT_REPRODUCED
        sentence = "reproduced" if estimate_fits else "another estimate"
    digits = tuple(decimals(text) for text in (effect.estimate, effect.low, effect.high) if text)
    # An adjusted effect is another number than the crude one.
    return CheckedValue(
        claim, Quantity.EFFECT, "effect", claim.effect, tuple(analyses), verdict, sentence, decimals=digits
    ).of_model(crude="crude")


def _analysis(
    effect: PrintedEffect, one: Interval, setting: str, counts: tuple[int, ...], fits: bool, nearest: bool
) -> Analysis:
    value, low, high = (number * effect.scale for number in (one.estimate, one.low, one.high))
    shown = {"familiar": one.key in _FAMILIAR, "nearest": nearest}
    return Analysis(one.label, one.key, "", setting, counts, value, low, high, fits=fits, **shown)


def _of_measure(effect: PrintedEffect, table: tuple[int, int, int, int]) -> list[Interval]:
    names = _METHODS[effect.measure] if effect.low else _METHODS[effect.measure][:1]
    if table[1] * table[3] > _LARGE:
        names = tuple(name for name in names if name not in _SLOW)
    return list(intervals(*table, level=effect.level, methods=names))


def _estimate_fits(effect: PrintedEffect, found: list[Interval]) -> bool:
    # The conditional methods stand beside an odds ratio of their own.
    return any(_prints_as(value * effect.scale, effect.estimate) for value in {one.estimate for one in found})


def _verdict(estimate_fits: bool, n_fits: int, n_tried: int, off: float) -> tuple[Verdict, str]:
    if n_fits and estimate_fits:
        if n_fits == n_tried:
            return Verdict.REPRODUCED, "reproduced"
        return Verdict.SOME, f"reproduced (interval by {n_fits} of {n_tried} methods)"
    point = "estimate reproduced" if estimate_fits else "another estimate"
    if n_fits:
        return Verdict.NOT_REPRODUCED, f"{point}; interval by {n_fits} of {n_tried} methods"
    near = "; the nearest misses by one in the last digit" if off == 1 else ""
    return Verdict.NOT_REPRODUCED, f"{point}; interval not reproduced by any of {n_tried} methods{near}"
