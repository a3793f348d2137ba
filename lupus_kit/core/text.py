"""Small pieces of sentences: plurals, lists with "and", and lists that end with how many more there are."""

from collections.abc import Iterable

#: How many lines or names of a kind one message lists before it says how many more there are.
SHOWN = 20


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
