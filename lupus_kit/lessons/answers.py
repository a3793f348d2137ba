"""Bring what a student typed into a form that can be judged, or say kindly why it cannot be.

A student's answer may be anything: three dots, a table, a function without its brackets. Each reader here returns
the usable value or raises :class:`UnusableError` with a sentence for the student; nothing else escapes.
"""

import math
import numbers
import re
from collections.abc import Iterable
from decimal import Decimal
from itertools import islice
from typing import Any

from lupus_kit.core.text import plural

# No question asks for more values than this; an endless iterator must not hang the cell.
_MOST_ITEMS = 1000
_LONGEST_TEXT = 5000
_PRINTED = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*%?\s*", re.IGNORECASE)


class UnusableError(Exception):
    """The answer cannot be judged; the message tells the student what to change."""


def describe(answer: object) -> str:
    """Say in a few words what kind of thing an answer is.

    Parameters
    ----------
    answer : object
        Anything.

    Returns
    -------
    str
        For example ``"a table with 3 rows and 2 columns"``.

    Examples
    --------
    >>> describe([1, 2])
    'a list of length 2'
    """
    shape = getattr(answer, "shape", None)
    name = type(answer).__name__
    if isinstance(shape, tuple) and len(shape) == 2 and hasattr(answer, "columns"):
        return f"a table with {plural(shape[0], 'row')} and {plural(shape[1], 'column')}"
    if isinstance(shape, tuple) and shape:
        return f"{_article(name)} of {' x '.join(map(str, shape))} values"
    if callable(answer):
        return f"the function or class {getattr(answer, '__name__', name)}"
    if isinstance(answer, str):
        return "a piece of text"
    if isinstance(answer, list | tuple | set | dict):
        return f"{_article(name)} of length {len(answer)}"
    return _article(name)


def number(answer: Any) -> float:
    """Read one number.

    Parameters
    ----------
    answer : object
        What the student gave.

    Returns
    -------
    float
        A finite number.

    Raises
    ------
    UnusableError
        If it is not one finite number.

    Examples
    --------
    >>> number(3)
    3.0
    """
    value = _unwrap(answer)
    if value is None:
        raise UnusableError("Your answer is None. A function that only prints gives nothing back: keep the value.")
    if isinstance(value, str):
        plain = "Take the quotes away and give a number" if _PRINTED.fullmatch(value) else "Give a number"
        raise UnusableError(f"Your answer is a piece of text. {plain}, with a point for decimals and without a % sign.")
    if isinstance(value, bool):
        raise UnusableError(f"Your answer is {value}. The question asks for a number.")
    if not isinstance(value, numbers.Real | Decimal):
        raise UnusableError(f"Your answer is {describe(value)}. The question asks for one number: {_advice(value)}")
    try:
        real = float(value)
    except (TypeError, ValueError, OverflowError):
        raise UnusableError(f"Your answer is {describe(value)}, which is not an ordinary number.") from None
    if math.isnan(real):
        raise UnusableError("Your answer is nan, 'not a number': somewhere a value is missing or 0 was divided by 0.")
    if math.isinf(real):
        raise UnusableError("Your answer is infinite: look for a division by zero.")
    return real


def names(answer: Any) -> frozenset[str]:
    """Read a set of names in any order.

    Parameters
    ----------
    answer : object
        A set, list, tuple or column of text; one piece of text counts as a set of one.

    Returns
    -------
    frozenset of str
        The names in small letters.

    Raises
    ------
    UnusableError
        If it is not a collection of text.

    Examples
    --------
    >>> sorted(names(["Fisher", "pearson"]))
    ['fisher', 'pearson']
    """
    items = [answer] if isinstance(answer, str) else _items(answer, "a set of names in quotes")
    for item in items:
        if not isinstance(item, str):
            raise UnusableError(f"One of your names is {describe(item)}. Give a set of names in quotes.")
    return frozenset(" ".join(item.casefold().split()) for item in items)


def letters(answer: Any, count: int) -> frozenset[str]:
    """Read the answers to several short questions, one letter each.

    Parameters
    ----------
    answer : object
        A piece of text such as ``"cab"`` or ``"c, a, b"``, or a list of letters.
    count : int
        How many questions there are.

    Returns
    -------
    frozenset of str
        Each letter behind the number of its question.

    Raises
    ------
    UnusableError
        If there is not one letter from a to d for each question.

    Examples
    --------
    >>> sorted(letters("C a b", 3))
    ['1c', '2a', '3b']
    """
    said = "".join(map(str, answer)) if isinstance(answer, list | tuple) else answer
    found = re.sub(r"[\s,;]", "", said).casefold() if isinstance(said, str) else ""
    if not re.fullmatch(f"[a-d]{{{count}}}", found):
        example = "abcdabcd"[:count]
        raise UnusableError(f'Give {count} letters from a to d in quotes, one a question, for example "{example}".')
    return frozenset(f"{number}{letter}" for number, letter in enumerate(found, start=1))


def text(answer: Any) -> str:
    """Read written sentences.

    Parameters
    ----------
    answer : object
        What the student gave.

    Returns
    -------
    str
        The text without space around it.

    Raises
    ------
    UnusableError
        If it is not a text, or holds no word.

    Examples
    --------
    >>> text(" It was missed. ")
    'It was missed.'
    """
    value = _unwrap(answer)
    if not isinstance(value, str):
        raise UnusableError(f"Your answer is {describe(answer)}. Write your sentences between quotes.")
    if not re.search(r"[^\W\d_]{2}", value):
        raise UnusableError("There are no words in it yet. Write your sentences between the quotes.")
    if len(value) > _LONGEST_TEXT:
        raise UnusableError("That is far longer than two sentences. Say it in two.")
    return value.strip()


def function(answer: Any) -> Any:
    """Read a function.

    Parameters
    ----------
    answer : object
        What the student gave.

    Returns
    -------
    callable
        The function.

    Raises
    ------
    UnusableError
        If it cannot be called.

    Examples
    --------
    >>> function(len) is len
    True
    """
    if not callable(answer):
        raise UnusableError(f"Your answer is {describe(answer)}. Give the function itself: its name, without brackets.")
    return answer


def _unwrap(answer: Any) -> Any:
    """Take the value out of a NumPy scalar or an array without dimensions."""
    if getattr(answer, "shape", None) == () and callable(getattr(answer, "item", None)):
        return answer.item()
    return answer


def _items(answer: Any, wanted: str) -> list[Any]:
    one_row = len(getattr(answer, "shape", (0,))) == 1 and not hasattr(answer, "columns")
    if isinstance(answer, str | bytes | dict) or not isinstance(answer, Iterable) or not one_row:
        raise UnusableError(f"Your answer is {describe(answer)}. The question asks for {wanted}.")
    try:
        return list(islice(answer, _MOST_ITEMS))
    except Exception:  # a student's own iterator may fail in any way
        raise UnusableError(f"Your answer is {describe(answer)}, which cannot be read. Give {wanted}.") from None


def _advice(value: object) -> str:
    if hasattr(value, "columns"):
        return "pick the cell out of the table, for example with .loc[row, column]."
    if callable(value):
        return "call the function, with its brackets."
    if isinstance(getattr(value, "shape", None), tuple):
        return "pick the value out, for example with .item() if it holds only one."
    if isinstance(value, list | tuple):
        return "pick the value out, for example with [0]."
    return "find the one value in it."


def _article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
