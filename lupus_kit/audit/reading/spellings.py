"""Every way in which a paper prints a number, in one table, and the numbers of a text found by it."""

import html
import re
from dataclasses import dataclass

from lupus_kit.core.templates import toml_beside

_LISTS, _TABLE, _AROUND = (toml_beside(__file__, name) for name in ("words.toml", "spellings.toml", "patterns.toml"))
#: How the arms of a pair are said, in words; and the other lists, each as the alternatives of a pattern.
SAYS: dict[str, str] = _LISTS.pop("says")
WORDS = {name: f"(?:{'|'.join(words.split())})".replace("_", " ") for name, words in _LISTS.items()}
#: Signs that journals and PDFs use, each brought to one sign of the same length: every place stays where it was.
_SIGNS = str.maketrans({sign: plain for plain, signs in _TABLE["signs"].items() for sign in signs})
_ENTITY = re.compile(r"&(?:[a-z]{2,8}|#\d{2,5});")
_LINE_END = re.compile(r"\b([A-Za-z]{2,})- ?\n ?([a-z]{2,})")
_UNITS, _TENS = (WORDS[name][3:-1].split("|") for name in ("units", "tens"))
_VALUES = {word: i for i, word in enumerate(_UNITS)} | {word: 10 * i for i, word in enumerate(_TENS, 2)}
_LETTERS = (
    rf"(?i:\b(?:(?:{WORDS['tens']})(?:[-\s](?:{'|'.join(_UNITS[1:10])}))?|{'|'.join(reversed(_UNITS))})\b(?!-[a-z]))"
)

_PARTS = {**WORDS, "LETTERS": _LETTERS}


def _filled(pattern: str) -> str:
    """Return a pattern of the tables on one line, with its parts."""
    return re.sub(r"<<(\w+)>>", lambda m: _PARTS[m[1]], re.sub(r"(?:^|\n) *", "", pattern))


for _name, _part in (_TABLE["parts"] | _AROUND["parts"]).items():
    _PARTS[_name] = _filled(_part)
#: What is looked for around the numbers.
RE = {name: re.compile(_filled(pattern)) for name, pattern in _AROUND["patterns"].items()}
_FINDER = re.compile("|".join(f"(?P<{kind}>{'|'.join(map(_filled, each))})" for kind, each in _TABLE["kinds"].items()))


@dataclass(frozen=True)
class Number:
    """A number where it stands: a slice of the text, and what it is (a kind of ``spellings.toml``)."""

    start: int
    end: int
    kind: str


def plain(source: str) -> str:
    """Bring the signs of a text to one spelling; every number stays at its place.

    Words that a hyphen parts at the end of a line are joined, with the hyphen where the text has the word with it.

    Examples
    --------
    >>> plain("55·2 % [P ¼ 0.06], P &lt; 0.001")
    '55.2 % (P = 0.06), P <    0.001'
    """
    text = _ENTITY.sub(lambda m: html.unescape(m[0]).ljust(len(m[0])), source).translate(_SIGNS)
    whole = set(re.findall(r"\b[A-Za-z]+-[a-z]+", text))

    def joined(match: re.Match[str]) -> str:
        sign = "-" if f"{match[1]}-{match[2]}" in whole or match[1].lower() in _TENS else ""
        return f"{match[1]}{sign}{match[2]}".ljust(len(match[0]))

    return _LINE_END.sub(joined, text)


def find_numbers(text: str) -> list[Number]:
    """Find every number of a text in the spelling of :func:`plain`.

    Examples
    --------
    >>> [(text[n.start : n.end], n.kind) for text in ["At week 12, 55.2% v 30% (p = < 0.05)"] for n in find_numbers(text)]
    [('week 12', 'time'), ('55.2%', 'percent'), ('30%', 'percent'), ('p = < 0.05', 'p')]
    """
    found = []
    for match in _FINDER.finditer(text):
        start, end = match.span()
        kind = match.lastgroup or ""
        if (
            kind == "change"
            and match[0].startswith("by ")
            and not RE["changed"].search(text, max(0, start - 100), start)
        ):
            start, kind = start + re.search(r"[\d.]", match[0]).start(), "percent"  # type: ignore[union-attr]
        elif kind == "percent" and RE["of_means"].search(text[max(0, start - 90) : start]):
            clause = re.split(r"[;.()]", text[max(0, start - 150) : start])[-1]
            kind = kind if RE["of_shares"].search(clause) or text.startswith(" of ", end) else "change"
        found.append(Number(start, end, kind))
    return found


def value_of(printed: str) -> str:
    """Return the digits of a number as printed or in letters, without a percent sign and separators of thousands.

    Examples
    --------
    >>> [value_of(one) for one in ("1,234", ".5%", "40,0 %", "twenty-one", "no")]
    ['1234', '0.5', '40.0', '21', '0']
    """
    digits = re.sub(r"(?i)\s*(?:%|per\s?cent).*", "", printed).strip().lower()
    if digits[:1].isalpha():
        return str(sum(_VALUES.get(word, 0) for word in re.split(r"[-\s]+", digits)))
    if re.fullmatch(r"\d{1,2},\d{1,2}", digits):
        digits = digits.replace(",", ".")
    return re.sub(r"^(-?)\.", r"\g<1>0.", digits.replace(",", "").replace(" ", ""))
