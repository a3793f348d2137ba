"""What can be wrong with assumptions: each function lists the problems it finds, so that all are said at once."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lupus_kit.core.errors import unknown_name


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and math.isfinite(value)


def number_problems(name: str, value: Any, meta: Mapping[str, Any]) -> list[str]:
    """List what is wrong with a number: its type, its range, whole or not."""
    if _is_number(value) and meta["low"] <= value <= meta["high"] and (not meta["whole"] or value == int(value)):
        return []
    kind = "a whole number" if meta["whole"] else "a number"
    return [f"{name} == {value!r}, must be {kind} from {meta['low']:g} to {meta['high']:g} ({meta['unit']})."]


def rate_problems(name: str, given: object, default: Mapping[str, float]) -> list[str]:
    """List what is wrong with a mapping of names to shares."""
    if not isinstance(given, Mapping):
        return [f"{name} must map names to shares, such as {{{next(iter(default))!r}: 0.1}}; got {given!r}."]
    unknown = [str(unknown_name(f"key of {name}", key, default)) for key in given if key not in default]
    return unknown + [
        f"{name}[{key!r}] == {value!r}, must be a number from 0 to 1."
        for key, value in given.items()
        if key in default and not (_is_number(value) and 0 <= value <= 1)
    ]


def week_problems(weeks: Any) -> list[str]:
    """List what is wrong with the weeks of further visits."""
    ok = isinstance(weeks, (tuple, list)) and all(isinstance(w, int) and not isinstance(w, bool) for w in weeks)
    if ok and len(set(weeks)) == len(weeks) and all(0 < w < 24 and w != 12 for w in weeks):
        return []
    return [f"extra_weeks == {weeks!r}, must be different whole weeks from 1 to 23, without 12."]


def dropout_problems(given: Any) -> list[str]:
    """List what is wrong with exact numbers of dropouts."""
    whole = isinstance(given, (tuple, list)) and all(isinstance(k, int) and not isinstance(k, bool) for k in given)
    if given is None or (whole and len(given) == 2 and min(given) >= 0):
        return []
    return [f"dropouts == {given!r}, must be None or two whole numbers of 0 or more: patients on IL-2 and on placebo."]


def cut_problems(a: float, b: float, c: float) -> list[str]:
    """List what is wrong with the order of the cut-offs of BILAG grades A, B and C."""
    if c <= b <= a:
        return []
    return [f"bilag_c_cut, bilag_b_cut and bilag_a_cut are {c:g}, {b:g} and {a:g}: they must not fall from C to A."]


def rescue_problems(first_day: int, last_day: int) -> list[str]:
    """List what is wrong with the days between which rescue is given."""
    if first_day <= last_day:
        return []
    return [f"rescue_first_day == {first_day} is after rescue_last_day == {last_day}: swap them."]


def phi_bounds(first: float, second: float) -> tuple[float, float] | None:
    """Return the Fréchet bounds of the correlation of two yes/no outcomes; None where one of them is certain."""
    spread = math.sqrt(first * (1 - first) * second * (1 - second))
    if spread == 0:
        return None
    low, high = max(0.0, first + second - 1), min(first, second)
    return (low - first * second) / spread, (high - first * second) / spread


def correlation_problems(phi: float, arm: str, fever: float, flu: float) -> list[str]:
    """List what is wrong with the correlation of fever and flu-like symptoms in an arm, given their shares."""
    bounds = phi_bounds(fever, flu)
    if bounds is None or bounds[0] - 1e-12 <= phi <= bounds[1] + 1e-12:
        return []
    return [
        f"event_correlation == {phi:g}: with shares of fever and flu-like symptoms of {fever:.3g} and {flu:.3g} on {arm} "
        f"it must lie from {bounds[0]:.3f} to {bounds[1]:.3f}."
    ]
