"""The one error that means "the input was wrong", and the words it is written in.

Everything in the kit may import this module and it imports nothing of the kit. The command line turns an
:class:`InputError` into one sentence and exit code 2; any other exception is a fault of the kit itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """What was given cannot be used; the message says what was given, what is allowed and what to do."""


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
    lowered = {name.lower(): name for name in names}
    near = [lowered[key] for key in get_close_matches(str(given).lower(), lowered, n=3, cutoff=0.5)]
    hint = f" did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    listed = ", ".join(repr(n) for n in names)
    return InputError(f"unknown {kind} {given!r}:{hint} Allowed: {listed}.")
