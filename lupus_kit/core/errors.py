"""The one error that means "the input was wrong", and the nearest names to one that is not known.

Everything in the kit may import this module and it imports nothing of the kit. The command line turns an
:class:`InputError` into one sentence and exit code 2; any other exception is a fault of the kit itself.
"""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from math import isfinite
from numbers import Integral, Real
from typing import TypeGuard

#: How near a name must be to be named in "did you mean", and how near to be taken for a slip of the pen.
NEAR, SLIP = 0.5, 0.85


class InputError(ValueError):
    """What was given cannot be used; the message says what was given, what is allowed and what to do."""


def nearest(
    given: object, known: Iterable[str], most: int = 3, near: float = NEAR, fold: Callable[[str], str] = str.lower
) -> list[str]:
    """Return the known names that are nearly the one given, the nearest first.

    Parameters
    ----------
    given : object
        What the caller passed.
    known : iterable of str
        Every name that would have worked.
    most : int
        At most so many.
    near : float
        How near, from 0 to 1: :data:`NEAR` for a name that cannot be used, :data:`SLIP` for one that could stand
        for itself.
    fold : callable
        Takes away what does not matter in a name; capitals by default.

    Returns
    -------
    list of str
        Names out of `known`.

    Examples
    --------
    >>> nearest("Fischer", ["pearson", "fisher"]), nearest("rescu", ["rescue", "pga"], near=SLIP)
    (['fisher'], ['rescue'])
    """
    folded: dict[str, str] = {}
    for name in known:
        folded.setdefault(fold(name), name)
    return [folded[key] for key in get_close_matches(fold(str(given)), folded, n=most, cutoff=near)]


def unknown_name(kind: str, given: object, allowed: Iterable[str]) -> InputError:
    """Make the error for a name that is not in a list, with the nearest names first.

    Parameters
    ----------
    kind : str
        What the name names, for example ``"test"`` or ``"study"``.
    given : object
        What the caller passed.
    allowed : iterable of str
        Every name that would have worked.

    Returns
    -------
    InputError
        Ready to raise.

    Examples
    --------
    >>> print(unknown_name("test", "fischer", ["pearson", "fisher"]))
    unknown test 'fischer': did you mean 'fisher'? Allowed: 'pearson', 'fisher'.
    """
    names = list(allowed)
    near = nearest(given, names)
    hint = f" did you mean {' or '.join(map(repr, near))}?" if near else ""
    return InputError(f"unknown {kind} {given!r}:{hint} Allowed: {', '.join(map(repr, names))}.")


def require_choice(kind: str, given: object, allowed: Iterable[str]) -> None:
    """Raise where an option is none of the allowed words."""
    names = list(allowed)
    if not isinstance(given, str) or given not in names:
        raise unknown_name(kind, given, names)


def require_switch(name: str, given: object) -> None:
    """Raise where a switch is not True or False."""
    if type(given).__name__ != "bool":  # NumPy's truth values are called so too, and NumPy is not loaded here
        raise InputError(f"{name} is {given!r}: give True or False.")


def require_kind(name: str, given: object, kind: type | tuple[type, ...], said: str) -> None:
    """Raise where an argument is not of the kind that is needed."""
    if not isinstance(given, kind):
        raise InputError(f"{name} must be {said}, got {type(given).__name__}.")


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether an option is one finite number, and no truth value."""
    # NumPy's numbers are Real and Integral, its truth values are neither.
    finite = isinstance(value, Integral) or (isinstance(value, Real) and isfinite(value))
    return finite and not isinstance(value, bool)


def is_whole(value: object, least: int) -> TypeGuard[int]:
    """Tell whether an option is a whole number of at least so much, and no truth value."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def confidence_level(level: object) -> float:
    """Return a confidence level, or say that it is none."""
    if not is_number(level) or not 0 < level < 1:
        raise InputError(f"level is {level!r}: give a confidence level between 0 and 1, such as 0.95.")
    return float(level)
