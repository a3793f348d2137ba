"""Values and effects as a claims file prints them, and what does not fit within a value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from lupus_kit.audit.reading.arms import Arm
from lupus_kit.audit.reading.words.entities import Entity
from lupus_kit.audit.reading.words.numerals import digits
from lupus_kit.published import decimals

_NAMES = (
    (r"odds|^(?:a|c|adj\.?\s?)?ORs?$", "OR"), (r"hazard|^(?:a|c|s|adj\.?\s?)?HRs?$", "HR"), (
        r"incidence rate|"
        r"^a?IRRs?$", "rate ratio"), (r"rate[\s-]ratio", "rate ratio"),
    (r"relative[\s-]risks?$|risk[\s-]ratio|^(?:a|c|adj\.?\s?)?RRs?$|prevalence|^PRs?$", "RR"),
    (r"win[\s-]ratio", "win ratio"), (r"ratio", "ratio"),
)  # fmt: skip


def _percent(parts: Mapping[str, str]) -> str:
    text = parts["percent"]
    return digits(text.replace(",", ".") if re.fullmatch(r"\d{1,2},\d{1,2}", text) else text)


def reported(value: Entity) -> str:
    """Return a value as a claims file prints it."""
    parts = value.parts
    if value.kind == "mean":
        return f"{parts['mean']}±{parts['sd']}"
    if value.kind in ("zero", "bare"):
        return parts["count"]
    if "percent" not in parts:
        return f"{digits(parts['count'])}/{digits(parts['n'])}"
    percent = _percent(parts)
    if "count" not in parts:
        return f"{percent}%"
    count = digits(parts["count"])
    return f"{percent}% ({count}/{digits(parts['n'])})" if "n" in parts else f"{count} ({percent}%)"


def total(value: Entity) -> int | None:
    """Return the number of patients that a percentage is printed with but cannot hold itself."""
    parts = value.parts
    return int(digits(parts["n"])) or None if parts.get("form") == "percent of n" else None


def _agrees(count: int, n: int, percent: str) -> bool:
    """Say whether a count prints as a percentage, up or down, or cut off."""
    exact = Fraction(100 * count, n)
    step = Fraction(1, 10 ** decimals(percent))
    return -step / 2 <= Fraction(percent) - exact <= step / 2 or 0 <= exact - Fraction(percent) < step


def self_agrees(parts: Mapping[str, str]) -> bool:
    """Say whether the count and the total of a value print as its percentage."""
    count, n = int(digits(parts["count"])), int(digits(parts["n"]))
    return n > 0 and _agrees(count, n, _percent(parts))


def remarks_on(values: Sequence[Entity], arms: Sequence[Arm]) -> list[str]:
    """Say which values do not agree with themselves or with the size of their arm."""
    notes = []
    for value, arm in zip(values, arms, strict=False):
        parts = value.parts
        if value.kind != "share" or "count" not in parts:
            continue
        count = int(digits(parts["count"]))
        n = int(digits(parts["n"])) if "n" in parts else arm.n
        if "percent" in parts and n and not _agrees(count, n, _percent(parts)):
            whose = "" if "n" in parts else f", the size of {arm.name}"
            notes.append(f"{count} of {n}{whose}, is {100 * count / n:.2f}%, printed is {_percent(parts)}%")
        if "n" in parts and arm.n and int(digits(parts["n"])) > arm.n:
            notes.append(f"{parts['n']} patients are more than the {arm.n} of {arm.name}")
    return notes


def effect_text(parts: Mapping[str, str]) -> tuple[str, str]:
    """Return the kind of an effect (``"ratio"`` or ``"difference"``) and the effect as a claims file prints it.

    Examples
    --------
    >>> effect_text({"type": "odds ratio", "estimate": "1.83", "low": "1.30", "high": "2.59", "level": "95"})
    ('ratio', 'OR 1.83 (95% CI 1.30 to 2.59)')
    """
    said = re.sub(
        r"^(?:(?:adjusted|unadjusted|crude|common|pooled|stratified|estimated|subdistribution|"
        r"cause-specific)[\s-]+)+",
        "",
        parts["type"].strip(),
        flags=re.I,
    )
    name = next((short for pattern, short in _NAMES if re.search(pattern, said, re.IGNORECASE)), "difference")
    kind = "difference" if name == "difference" else "ratio"
    adjusted = re.search(r"(?<!un)adjusted|^a[A-Z]|^adj", parts["type"])
    shown = f"{'adjusted ' if adjusted else ''}{name}"
    if "estimate" not in parts:
        return kind, shown
    estimate = digits(parts["estimate"])
    unit = re.sub(r"\s+", " ", parts.get("unit", "").strip())
    unit = {"percentage point": " percentage points", "percentage points": " percentage points", "%": "%"}.get(
        unit, f" {unit}" if unit else ""
    )
    if "low" not in parts:
        return kind, f"{shown} {estimate}{unit}"
    level = parts.get("level") or parts.get("level2")
    interval = f"{f'{level}% CI ' if level else ''}{digits(parts['low'])} to {digits(parts['high'])}"
    return kind, f"{shown} {estimate}{unit} ({interval})"
