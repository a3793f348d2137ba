"""One spelling for every number and sign, with the way back to the words that were printed.

Journals write ``55·2%``, ``55.2 %`` or "fifty-five per cent", ``P<.001`` or ``p < 0·001``. :func:`plain` rewrites a
text into one spelling and remembers for each character where it came from, so that all later rules are
written once and every finding still points at the printed words.
"""

from __future__ import annotations

import re
import tomllib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

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
        **dict(zip("⩽≦⩾≧＜＞＝％﹪×\u200b\ufeffµ[]{}", "≤≤≥≥<>=%%x  μ()()", strict=True)),
    }
)
_UNITS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_VALUES = {word: value for value, word in enumerate(_UNITS)} | {word: 10 * i for i, word in enumerate(_TENS, 2)}
_DIGIT = "|".join(_UNITS[1:10])
_SMALL = rf"(?:(?:{'|'.join(_TENS)})(?:[- ](?:{_DIGIT}))?|{'|'.join(reversed(_UNITS[1:]))})"
# "one-sided", "two-to-one", "three-arm" and "one another" are not counts.
_IN_LETTERS = re.compile(
    rf"(?<![\w-])(?:(?P<hundreds>{_DIGIT}|a)[ -]hundred(?:(?:\s+and)?[ -](?P<rest>{_SMALL}))?|(?P<small>{_SMALL}))"
    r"(?P<share>\s+per\s?cent)?(?!-[A-Za-z]|\s+(?:another|hand|or\s+more|thirds?)\b|\w)",
    re.IGNORECASE,
)
_REWRITES = (
    (r"&(?:lt|#60);", "<"),
    (r"&(?:gt|#62);", ">"),
    (r"&(?:nbsp|thinsp|#160);", " "),
    (r"&(?:middot|#183);(?=\d)", "."),
    (r"&plusmn;|\+/-", "±"),
    (r"&(?:ndash|mdash|minus);", "-"),
    (r"&le;|<=|=<", "≤"),
    (r"&ge;|>=", "≥"),
    (r"[·∙•‧⋅・](?=\d)", "."),
    (r"(?<=\d)[\u2009\u202f\u00a0](?=\d{3}(?!\d))", ","),  # a thin or fixed space separates thousands
    (r"(?<=[\d%])\s*(?i:per\s?cent)\b(?!age)", "%"),
    (r"[A-Za-z]{60,}", "…"),  # no word has so many letters; what has would only cost time
    (r"[^\S\n]{2,}", " "),
    (r"[^\S\n]*\n[^\S\n]*\n\s*", "\n\n"),
    (r"[^\S\n]*\n[^\S\n]++(?!\n)", "\n"),
)
_WORDS = tomllib.loads(resources.files("lupus_kit.audit.reading").joinpath("words.toml").read_text(encoding="utf-8"))


def regex(pattern: str) -> re.Pattern[str]:
    r"""Compile a pattern that ignores case and in which a blank stands for any white space.

    Examples
    --------
    >>> regex("compared (?:with|to)").pattern
    'compared\\s+(?:with|to)'
    """
    return re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE)


def word_list(name: str) -> list[str]:
    """Return one of the lists of ``words.toml``.

    Examples
    --------
    >>> word_list("differences")[:2]
    ['reduction', 'increase']
    """
    return str(_WORDS[name]).replace("\n", "").split("|")


def words(name: str) -> str:
    """Return one of the lists of ``words.toml`` as the alternatives of a pattern.

    Examples
    --------
    >>> words("differences")[:22]
    '(?:reduction|increase|'
    """
    return f"(?:{'|'.join(word_list(name))})"


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
        return self.starts[start], self.ends[end - 1]

    def words(self, start: int, end: int) -> str:
        """Return the printed words behind a slice of the rewritten text."""
        low, high = self.span(start, end)
        return self.source[low:high]


def _in_digits(match: re.Match[str]) -> str:
    """Return the digits of a number spelled in letters."""
    total = 100 * _VALUES.get(match["hundreds"].lower(), 1) if match["hundreds"] else 0
    total += sum(_VALUES.get(word, 0) for word in re.split(r"[- ]", (match["rest"] or match["small"] or "").lower()))
    return f"{total}%" if match["share"] else str(total)


def _replacements(source: str) -> Iterator[tuple[int, int, str, bool]]:
    found = [(*m.span(), new, False) for pattern, new in _REWRITES for m in re.finditer(pattern, source)]
    found += [(*m.span(), _in_digits(m), True) for m in _IN_LETTERS.finditer(source)]
    done = 0
    for start, end, new, spelled in sorted(found):
        if start >= done:
            yield start, end, new, spelled
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
    at = 0
    for start, end, new, is_spelled in [*_replacements(source), (len(source), len(source), "", False)]:
        pieces += [source[at:start].translate(_CHARACTERS), new]
        starts.extend(range(at, start))
        ends.extend(range(at + 1, start + 1))
        if is_spelled:
            spelled.add(len(starts))
        starts.extend([start] * len(new))
        ends.extend([end] * len(new))
        at = end
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
