"""What each number of a text is: a share of patients, a mean, an effect, a p-value, a visit, or something else.

The patterns are tried from the most telling to the least; what one of them has read, the later ones do not see.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from lupus_kit.audit.reading import patterns
from lupus_kit.audit.reading.spellings import digits, regex, word_list, words

#: Stands in the working text for what is read already: neither digit nor letter.
MASK = "¤"
_AFTER_P = re.compile(r"\s*(?:[,;.)]|$|and\b|respectively|for\b|in\b|v(?:ersu)?s?\b|at\b|with\b)")
_COMPARED = regex(r"\b(?:difference|between)\b")
_DIFFERENCE_BEFORE = re.compile(rf"{words('differences')}s?(?:\s+\w+){{0,4}}\s*[,:(]?\s*$")
_RELATIONS = (("less", "<"), ("below", "<"), ("greater", ">"), ("more", ">"), ("most", "≤"))
#: What a p-value is for besides the difference of the arms, by the words around it.
_P_FOR = (
    ("interaction", "interaction"), ("sub_int", "interaction"), ("trend", "trend"), ("heterogen", "heterogeneity"),
    ("noninferior", "non-inferiority"), ("non-inferior", "non-inferiority"), ("superior", "superiority"),
    ("overall", "all arms together"),
)  # fmt: skip
_P_ANALYSES = word_list("p_analyses")


@dataclass(frozen=True)
class Entity:
    """One reading of a slice of the plain text.

    Attributes
    ----------
    kind : str
        ``share``, ``mean``, ``effect``, ``p``, ``visit``, ``size``, ``zero``, ``bare`` or, for numbers that are no
        result, what they are (``"age"``, ``"dose or quantity"``, ...).
    start, end : int
        Slice of the plain text.
    parts : dict of str to str
        The strings it is made of, such as ``percent``, ``count``, ``n``, ``value``.
    """

    kind: str
    start: int
    end: int
    parts: dict[str, str] = field(default_factory=dict)


def _groups(match: re.Match[str]) -> dict[str, str]:
    return {name: value for name, value in match.groupdict().items() if value}


def _named(kind: str, match: re.Match[str]) -> Iterator[Entity]:
    """Read a match as its named groups say."""
    if any(sign.isdigit() for sign in match[0]):
        yield Entity(kind, match.start(), match.end(), _groups(match))


def _p_parts(match: re.Match[str]) -> dict[str, str]:
    parts = _groups(match)
    said = " ".join(parts.get(name, "") for name in ("adjective", "sub", "for", "after")).lower()
    if of := next((label for word, label in _P_FOR if word in said), ""):
        parts["of"] = of
    if re.search(r"\b(?:both|all|each|either)\b", said):
        parts["every"] = "yes"
    analyses = [word for word in _P_ANALYSES if word in said and not (word == "adjusted" and "unadjusted" in said)]
    return parts | ({"analysis": " ".join(analyses)} if analyses else {})


def _p_value(parts: dict[str, str]) -> str:
    """Return a p-value as a claims file prints it."""
    relation = parts.get("relation", "")
    sign = relation if relation in ("<", ">", "≤", "≥") else next((s for w, s in _RELATIONS if w in relation), "")
    if "mantissa" not in parts:
        return sign + digits(parts["value"].replace(",", "."))
    power = int((parts.get("power") or parts.get("power2") or "0").replace(" ", ""))
    decimals = len(parts["mantissa"].partition(".")[2]) - power
    return f"{sign}{float(parts['mantissa']) * 10.0**power:.{decimals}f}"


def _p(match: re.Match[str]) -> Iterator[Entity]:
    """Read a p-value and those that follow it without a letter of their own."""
    parts = _p_parts(match)
    yield Entity("p", match.start(), match.end(), parts | {"p": _p_value(parts)})
    carried = {name: value for name, value in parts.items() if name in ("of", "analysis", "every")}
    end = match.end()
    while (more := patterns.P_MORE.match(match.string, end)) and _AFTER_P.match(match.string, more.end()):
        start, end = more.start("relation" if more["relation"] else "value"), more.end()
        own = {"relation": parts.get("relation", "")} | _groups(more)
        yield Entity("p", start, end, carried | {"p": _p_value(own)})


def _not_significant(match: re.Match[str]) -> Iterator[Entity]:
    yield Entity("p", match.start(), match.end(), {"p": "NS"})


def _effect(match: re.Match[str]) -> Iterator[Entity]:
    name = re.sub(r"\s+", " ", match["type"].replace(MASK, "")).strip()
    yield Entity("effect", match.start(), match.end(), _groups(match) | {"type": name})


def _estimate(match: re.Match[str]) -> Iterator[Entity]:
    """Read an estimate with its interval: a difference, a share of patients, or an effect named elsewhere."""
    (start, end), parts = match.span(), _groups(match)
    unit = parts.get("unit", "")
    if _DIFFERENCE_BEFORE.search(match.string[max(0, start - 60) : start]) or "point" in unit:
        yield Entity("effect", start, end, parts | {"type": "difference"})
    elif unit.strip() == "%":
        yield Entity("share", start, end, {"form": "percent", "percent": parts["estimate"]})
    else:
        yield Entity("effect", start, end, parts | {"type": ""})


def _mean(match: re.Match[str]) -> Iterator[Entity]:
    which = re.sub(r"[^a-z]", "", (match["which"] or "").lower())
    parts = {
        "mean": digits(match["mean"]),
        "sd": match["sd"] or match["sd2"],
        "spread": "se" if which.startswith("se") or "error" in which else "sd",
    }
    yield Entity("mean", match.start(), match.end(), parts)


def _share(form: str, match: re.Match[str]) -> Iterator[Entity]:
    """Read a share of patients; a percentage with a sign or beside "reduction" is a change."""
    start, end = match.span()
    before = match.string[max(0, start - 20) : start]
    signed = before[-2:].strip()[-1:] in ("-", "+", "±")
    changed = patterns.CHANGE_AFTER.match(match.string, end) or patterns.CHANGE_BEFORE.search(before)
    if form == "percent" and (signed or changed):
        yield Entity("change in percent", start - signed, end)
    else:
        yield Entity("share", start, end, {"form": form} | _groups(match))


def _no_event(match: re.Match[str]) -> Iterator[Entity]:
    if not _COMPARED.search(match[0]):
        yield Entity("zero", match.start(), match.end(), {"count": "0", "what": match["what"] or ""})


def find(text: str) -> list[Entity]:
    """Say what each number of a plain text is.

    Parameters
    ----------
    text : str
        In the spelling of :func:`lupus_kit.audit.reading.spellings.plain`.

    Returns
    -------
    list of Entity
        Sorted, without overlaps.

    Examples
    --------
    >>> [(e.kind, text[e.start : e.end]) for text in ["At week 4, 55.2% v 30% (P = .052)."] for e in find(text)]
    [('visit', 'week 4'), ('share', '55.2%'), ('share', '30%'), ('p', 'P = .052')]
    """
    found: list[Entity] = []
    work = text

    def take(pattern: re.Pattern[str], read: Callable[[re.Match[str]], Iterator[Entity]], unmasked: str = "") -> None:
        nonlocal work
        pieces, at = [], 0
        for match in pattern.finditer(unmasked or work):
            for one in read(match):
                if one.start >= at and (not unmasked or MASK not in work[one.start : one.end]):
                    found.append(one)
                    pieces += [work[at : one.start], MASK * (one.end - one.start)]
                    at = one.end
        work = "".join([*pieces, work[at:]])

    def elided(match: re.Match[str]) -> Iterator[Entity]:
        start, end = match.span("first")
        before = match.string[:start][-1:]
        if not (before.isalnum() or before in "=.-/"):
            yield Entity("share", start, end, {"form": "percent", "percent": match["first"], "elided": "yes"})

    take(patterns.LONG, partial(_named, "long number"))
    for kind, pattern in patterns.EARLY:
        take(pattern, partial(_named, kind))
    take(patterns.P_VALUE, _p)
    take(patterns.P_NS, _not_significant)
    # "45.8% (49 of 107; 95% CI 36.1 to 55.7)" before its interval is taken for that of an effect.
    take(patterns.SHARES[0][1], partial(_share, patterns.SHARES[0][0]))
    for pattern in (patterns.EFFECT_RATIO, patterns.EFFECT_DIFFERENCE):
        take(pattern, _effect)
    take(patterns.ESTIMATE_INTERVAL, _estimate)
    for kind, pattern in patterns.AGES_AND_RATES:
        take(pattern, partial(_named, kind))
    take(patterns.MEAN_SD, _mean)
    for kind, pattern in patterns.RANGES + patterns.LATE:
        take(pattern, partial(_named, kind))
    before_shares = work
    for form, pattern in patterns.SHARES:
        take(pattern, partial(_share, form))
    take(patterns.SHARED_SIGN, elided, before_shares)
    for pattern in (patterns.RATIO_ALONE, patterns.DIFFERENCE_ALONE):
        take(pattern, _effect)
    take(patterns.SIZE, partial(_named, "size"))
    take(patterns.NO_EVENT, _no_event)
    take(patterns.BARE, partial(_named, "bare"))
    return sorted(found, key=lambda entity: entity.start)


def numbers(text: str) -> Iterator[tuple[int, int]]:
    """Yield the slice of every number written in digits."""
    for match in patterns.DECIMAL.finditer(text):
        start, end = match.span()
        while end > start and text[end - 1] in ".,":
            end -= 1
        yield start, end
