"""Small pieces of sentences: plurals, lists with "and", and lists that end with how many more there are."""

import re
from collections.abc import Iterable

#: How many lines or names of a kind one message lists before it says how many more there are.
SHOWN = 20
#: What steers a terminal or turns the direction of writing, and halves of signs, which no file can hold.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def plural(number: int, noun: str, several: str | None = None) -> str:
    """Write a number with its noun.

    Parameters
    ----------
    number : int
        How many.
    noun : str
        The noun for one.
    several : str, optional
        The noun for more; `noun` with an s by default.

    Returns
    -------
    str
        Number and noun.

    Examples
    --------
    >>> plural(1, "row"), plural(2, "row"), plural(0, "study", "studies")
    ('1 row', '2 rows', '0 studies')
    """
    return f"{number} {noun if number == 1 else several or noun + 's'}"


def p_value_text(p: float, undefined: str = "undefined") -> str:
    """Write a computed p-value; four decimals, or two digits where these would be zeros; 0 is too small for a float.

    Examples
    --------
    >>> p_value_text(0.05244), p_value_text(0.00012), p_value_text(3e-9), p_value_text(0.0), p_value_text(float("nan"))
    ('0.0524', '0.00012', '3e-09', '<1e-300', 'undefined')
    """
    if p != p:
        return undefined
    return f"{p:.4f}" if p >= 0.0005 else f"{p:.2g}" if p else "<1e-300"


def listing(names: Iterable[object], last: str = "and", most: int = SHOWN) -> str:
    """Write names one after the other.

    Parameters
    ----------
    names : iterable
        What is listed.
    last : str
        The word before the last name.
    most : int
        Beyond so many names, the rest is counted.

    Returns
    -------
    str
        The names with commas.

    Examples
    --------
    >>> listing("abc"), listing(["Ann", "Bob"], "or"), listing("abcde", most=3)
    ('a, b and c', 'Ann or Bob', 'a, b, c and 2 more')
    """
    words = [str(name) for name in names]
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return f" {last} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def lines(texts: Iterable[str], most: int = SHOWN) -> str:
    """Write texts below each other.

    Parameters
    ----------
    texts : iterable of str
        One line each.
    most : int
        Beyond so many lines, the rest is counted.

    Returns
    -------
    str
        The lines.

    Examples
    --------
    >>> print(lines("abc", most=2))
    a
    b
    ... and 1 more
    """
    every = list(texts)
    more = [f"... and {len(every) - most} more"] if len(every) > most else []
    return "\n".join([*every[:most], *more])


def visible(text: str) -> str:
    r"""Spell out signs that would steer a terminal instead of being shown.

    Parameters
    ----------
    text : str
        Any text; tabs and line breaks stay, those of Windows become plain ones.

    Returns
    -------
    str
        With the number of each such sign in its place, as JSON and TOML write it.

    Examples
    --------
    >>> print(visible("Ann\x1b[31m"))
    Ann\u001b[31m
    """
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text.replace("\r\n", "\n"))
