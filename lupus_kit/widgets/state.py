"""What a widget shows, as a short string: ``table_explorer?n1=29;n2=30;x1=16;x2=9;test=pearson``.

A teacher sends it, a student pastes it. Whatever else is pasted is refused with a sentence, before anything moves.
"""

import math
import operator
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

import ipywidgets as ipw

from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.widgets.findings import Findings

_LONGEST = 1500
#: Larger whole numbers do not survive the way to the browser and back.
_LARGEST = 2**53 - 1
_EXAMPLE = "table_explorer?x1=16;x2=9"
_SIGNS = {"<": operator.lt, "<=": operator.le, "==": operator.eq, ">=": operator.ge, ">": operator.gt}


def write(name: str, values: Mapping[str, Any]) -> str:
    """Write the name of a widget and its values as one string that may stand in an address.

    Examples
    --------
    >>> write("detective", {"reported": "<0.05", "x1": 16, "stable": True, "before": ("rash", "fever")})
    'detective?reported=%3C0.05;x1=16;stable=1;before=rash,fever'
    """
    return f"{name}?" + ";".join(f"{key}={_written(value)}" for key, value in values.items())


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, tuple):
        return ",".join(quote(str(one), safe="") for one in value)
    return quote(str(value), safe="")


def split(state: object) -> tuple[str, dict[str, str]]:
    """Take a state string apart.

    Parameters
    ----------
    state : str
        With or without the name of the widget in front.

    Returns
    -------
    name : str
        Empty where none is given.
    pieces : dict of str to str
        Values as they are written, by the name of the control.

    Raises
    ------
    InputError
        Not of the form ``name=value;name=value``.

    Examples
    --------
    >>> split("table_explorer?x1=16;x2=9")
    ('table_explorer', {'x1': '16', 'x2': '9'})
    """
    if not isinstance(state, str) or not state.strip():
        raise InputError(f"a view is a line of text such as {_EXAMPLE!r}; given was {_short(state)}.")
    if len(state) > _LONGEST:
        raise InputError(f"this view has {len(state)} characters; none is longer than {_LONGEST}. Copy it again.")
    name, mark, rest = state.strip().rpartition("?")
    if mark and not re.fullmatch(r"[a-z_]+", name):
        raise InputError(f"{_short(name)} is no name of a widget; a view looks like {_EXAMPLE!r}. Copy it again.")
    pieces: dict[str, str] = {}
    for piece in filter(None, rest.split(";")):
        key, equals, value = piece.partition("=")
        if not equals or not re.fullmatch(r"\w+", key):
            raise InputError(f"{_short(piece)} is not of the form name=value, as in {_EXAMPLE!r}. Copy the view again.")
        if key in pieces:
            raise InputError(f"{key!r} is there twice: keep one of them.")
        pieces[key] = value
    return name, pieces


def holds(condition: str, facts: Mapping[str, Any]) -> bool:
    """Say whether a condition of a task holds for the facts of a view: a fact, a comparison, a number, word or fact.

    Examples
    --------
    >>> [holds(one, {"n": 60, "test": "fisher", "p": 0.04}) for one in ("n >= 100", "test == fisher", "p < n")]
    [False, True, True]
    """
    name, sign, other = condition.split()
    wanted = facts.get(other, other if isinstance(facts[name], str) else None)
    return bool(_SIGNS[sign](facts[name], float(other) if wanted is None else wanted))


def value_of(key: str, control: ipw.Widget, written: str) -> Any:
    """Read the value of one control, or say what it may be.

    Parameters
    ----------
    key : str
        Name of the control, for the message.
    control : ipywidgets.Widget
        The control: it knows its limits.
    written : str
        The value as it stands in the string.

    Raises
    ------
    InputError
        A value that the control cannot show.

    Examples
    --------
    >>> value_of("x1", ipw.IntSlider(3, 0, 29), "16")
    16
    """
    if isinstance(control, Findings):
        names = tuple(unquote(one) for one in written.split(",") if one)
        for name in names:
            require_choice("finding", name, control.boxes)
        return names
    if isinstance(control, ipw.Checkbox):
        if written not in ("0", "1"):
            raise InputError(f"{key}={_short(written)}: 1 for yes, 0 for no.")
        return written == "1"
    if isinstance(control, ipw.Dropdown):
        choices = {str(value): value for _, value in control.options}
        require_choice(f"choice for {key!r}:", unquote(written), choices)
        return choices[unquote(written)]
    if isinstance(control, ipw.Text):
        return unquote(written, errors="replace")
    return _number(key, control, written)


def _number(key: str, control: ipw.Widget, written: str) -> float | int:
    whole = isinstance(control.value, int)
    low, high = getattr(control, "min", -_LARGEST), getattr(control, "max", _LARGEST)
    try:
        value = int(written) if whole else float(written)
    except ValueError:
        value = math.nan
    if not low <= value <= high or "_" in written:
        kind = "a whole number" if whole else "a number"
        limits = f" from {low:g} to {high:g}" if high < _LARGEST else ""
        raise InputError(f"{key}={_short(written)}: {kind}{limits} is needed.")
    return value


def _short(given: object) -> str:
    text = str(given)
    return repr(text if len(text) <= 40 else text[:39] + "…")
