"""One spelling for every number and sign, with the way back to the words that were printed.

Journals write ``55·2%``, ``55.2 %`` or "fifty-five per cent", ``P<.001`` or ``p < 0·001``. :func:`plain` rewrites a
text into one spelling and remembers for each character where it came from, so that all later rules are
written once and every finding still points at the printed words.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass

#: A whole number, with or without separators of thousands; and a number with or without decimals.
#: Digits are bounded and never given back, so that no text makes a pattern slow.
INT = r"(?>\d{1,3}(?:,\d{3}){1,3}(?!\d)|\d{1,9})(?!\d|[.,]\d)"
NUM = r"(?>(?:\d{1,3}(?:,\d{3}){1,3}(?!\d)|\d{1,9})(?:\.\d{1,9})?|\.\d{1,9})"
#: The same with a sign; a hyphen between two numbers or words is not a sign.
SIGNED = rf"(?:(?<![\w.)\]])[-+]\s?)?{NUM}"

_CHARACTERS = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\t", " "),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys("\u2018\u2019\u201b\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201f", '"'),
        "⩽": "≤", "≦": "≤", "⩾": "≥", "≧": "≥", "＜": "<", "＞": ">", "＝": "=", "％": "%", "﹪": "%",
        "×": "x", "\u200b": " ", "\ufeff": " ", "µ": "μ", "[": "(", "]": ")", "{": "(", "}": ")",
    }
)  # fmt: skip

_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_VALUES = {word: value for value, word in enumerate(_UNITS)} | {word: 10 * i for i, word in enumerate(_TENS, 2)}
_SMALL = rf"(?:(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_UNITS[1:10])}))?|{'|'.join(reversed(_UNITS[1:]))})"
# "one-sided", "two-to-one", "three-arm" and "one another" are not counts.
_NOT_A_COUNT = r"(?!-[A-Za-z]|\s+(?:another|hand|or\s+more|thirds?)\b|\w)"
_WORDS = re.compile(
    rf"(?<![\w-])(?:(?P<hundreds>{'|'.join(_UNITS[1:10])}|a)[ -]hundred(?:(?:\s+and)?[ -](?P<rest>{_SMALL}))?"
    rf"|(?P<small>{_SMALL}))(?P<share>\s+per\s?cent)?{_NOT_A_COUNT}",
    re.IGNORECASE,
)

_REWRITES: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = [
    (re.compile(r"&(?:lt|#60);"), lambda _: "<"),
    (re.compile(r"&(?:gt|#62);"), lambda _: ">"),
    (re.compile(r"&(?:nbsp|thinsp|#160);"), lambda _: " "),
    (re.compile(r"&(?:middot|#183);(?=\d)"), lambda _: "."),
    (re.compile(r"&plusmn;|\+/-"), lambda _: "±"),
    (re.compile(r"&(?:ndash|mdash|minus);"), lambda _: "-"),
    (re.compile(r"&le;|<=|=<"), lambda _: "≤"),
    (re.compile(r"&ge;|>="), lambda _: "≥"),
    (re.compile(r"[·∙•‧⋅・](?=\d)"), lambda _: "."),
    # A thin or fixed space inside a number separates thousands.
    (re.compile(r"(?<=\d)[\u2009\u202f\u00a0](?=\d{3}(?!\d))"), lambda _: ","),
    (re.compile(r"(?<=[\d%])\s*per\s?cent\b(?!age)", re.IGNORECASE), lambda _: "%"),
    # No word has so many letters; what has would only cost time.
    (re.compile(r"[A-Za-z]{60,}"), lambda _: "…"),
    (re.compile(r"[^\S\n]{2,}"), lambda _: " "),
    (re.compile(r"[^\S\n]*\n\s+"), lambda match: "\n\n" if match[0].count("\n") > 1 else "\n"),
    (_WORDS, lambda match: spelled_number(match)),
]


def spelled_number(match: re.Match[str]) -> str:
    """Return the digits of a spelled number."""
    total = 0
    if match["hundreds"]:
        total = 100 * _VALUES.get(match["hundreds"].lower(), 1)
    for word in re.split(r"[- ]", (match["rest"] or match["small"] or "").lower()):
        total += _VALUES.get(word, 0)
    if not match["share"]:
        return str(total)
    return f"{total}%"


@dataclass(frozen=True)
class Plain:
    """A text in one spelling.

    Attributes
    ----------
    text : str
        The rewritten text.
    source : str
        The text as given.
    starts, ends : array
        For each character of ``text``, the slice of ``source`` that it stands for.
    spelled : frozenset of int
        Positions in ``text`` where a number stands that was spelled in letters.
    """

    text: str
    source: str
    starts: array[int]
    ends: array[int]
    spelled: frozenset[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the slice of the source that a slice of the rewritten text stands for."""
        if start >= end:
            where = self.starts[start] if start < len(self.starts) else len(self.source)
            return where, where
        return self.starts[start], self.ends[end - 1]

    def words(self, start: int, end: int) -> str:
        """Return the printed words behind a slice of the rewritten text."""
        low, high = self.span(start, end)
        return self.source[low:high]


def _replacements(source: str) -> Iterator[tuple[int, int, str, bool]]:
    found = [
        (match.start(), match.end(), say(match), pattern is _WORDS)
        for pattern, say in _REWRITES
        for match in pattern.finditer(source)
    ]
    done = 0
    for start, end, text, spelled in sorted(found):
        if start >= done:
            yield start, end, text, spelled
            done = end


def plain(source: str) -> Plain:
    """Rewrite a text into one spelling.

    Parameters
    ----------
    source : str
        Any text.

    Returns
    -------
    Plain
        The rewritten text and the way back.

    Examples
    --------
    >>> plain("Twenty-nine patients, 55·2 %, p≦0·05 [n=1 234]").text
    '29 patients, 55.2 %, p≤0.05 (n=1 234)'
    """
    pieces: list[str] = []
    starts, ends = array("L"), array("L")
    spelled: set[int] = set()
    at = length = 0

    def copy(until: int) -> None:
        nonlocal at, length
        pieces.append(source[at:until].translate(_CHARACTERS))
        starts.extend(range(at, until))
        ends.extend(range(at + 1, until + 1))
        length += until - at
        at = until

    for start, end, text, is_spelled in _replacements(source):
        copy(start)
        if is_spelled:
            spelled.add(length)
        pieces.append(text)
        starts.extend([start] * len(text))
        ends.extend([end] * len(text))
        length += len(text)
        at = end
    copy(len(source))
    return Plain("".join(pieces), source, starts, ends, frozenset(spelled))


def digits(text: str) -> str:
    """Return a number without separators of thousands and with a leading zero.

    Examples
    --------
    >>> digits("1,234"), digits(".05"), digits("- 0.3")
    ('1234', '0.05', '-0.3')
    """
    cleaned = text.replace(",", "").replace(" ", "").replace("+", "")
    return re.sub(r"^(-?)\.", r"\g<1>0.", cleaned)
