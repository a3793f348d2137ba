"""What each number of a text is: a share of patients, a mean, an effect, a p-value, a visit, or something else.

The patterns are tried from the most telling to the least; what one of them has read, the later ones do not see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lupus_kit.audit.reading.words import patterns
from lupus_kit.audit.reading.words.numerals import INT, digits

#: Stands in the working text for what is read already: neither digit nor letter.
MASK = "¤"
EARLY = (
    "address", "registration number", "date", "level of significance", "power of the plan", "margin", "ratio of allocation",
    "visit", "name",
)  # fmt: skip
LATE = (
    "age",
    "rate",
    "dose or quantity",
    "time",
    "threshold",
    "spread",
    "scale",
    "number of sites",
    "number of groups",
)
_SIZE = re.compile(rf"\b[nN]\s*=\s*(?P<n>{INT})")
_BARE = re.compile(rf"(?<![\w.,]){INT}(?![\w]|\.\d|\s*[/%])")
_DECIMAL = re.compile(r"(?:(?<![\w.])[-+])?(?:\d[\d,]*+\.?\d*|\.\d+)")
#: Things that can be counted as having happened; the stems of :data:`HAPPENED` say it of patients.
EVENTS = (
    r"(?:deaths?|infections?|bleeds?|bleeding|ha?emorrhages?|strokes?|infarctions?|hospitali[sz]ations?|"
    r"fractures?|relapses?|"
    r"flares?|seizures?|malignanc(?:y|ies)|cancers?|thrombos[ei]s|embolisms?|tuberculosis|pneumonias?|zoster|"
    r"withdrawals?|"
    r"discontinuations?|reactions?|adverse\s+events?|events?|episodes?|cases?|suicides?|recurrences?|perforations?|"
    r"failures?|losses|readmissions?|reoperations?|neutropenia|sepsis|arrests?|complications?|stillbirths?|"
    r"miscarriages?)"
)
_NO_EVENT = re.compile(
    rf"(?<![\w-])(?:(?P<zero>[Nn]o|zero|0)\s+(?P<what>(?:[A-Za-z-]+\s+){{0,4}}?{EVENTS})\b|[Nn]one\b(?=\s+(?:in|"
    rf"of|with|on|among|for|were|was|occurred)\b))"
)
_AFTER_P = re.compile(r"\s*(?:[,;.)]|$|and\b|respectively|for\b|in\b|v(?:ersu)?s?\b|at\b|with\b)")
_LONG = re.compile(r"\d{10,}")
_COMPARED = re.compile(r"\b(?:difference|between)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Entity:
    """One reading of a slice of the plain text.

    Attributes
    ----------
    kind : str
        ``share``, ``mean``, ``count``, ``effect``, ``p``, ``visit``, ``size``, ``bare`` or, for numbers that are no
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


class _Working:
    """A text in which what is read is masked."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Entity] = []

    def take(self, kind: str, matches: list[tuple[int, int, dict[str, str]]]) -> None:
        """Keep readings and mask them."""
        if not matches:
            return
        pieces, at = [], 0
        for start, end, parts in matches:
            if start < at:
                continue
            self.found.append(Entity(kind, start, end, parts))
            pieces += [self.text[at:start], MASK * (end - start)]
            at = end
        self.text = "".join([*pieces, self.text[at:]])


def _groups(match: re.Match[str]) -> dict[str, str]:
    return {name: value for name, value in match.groupdict().items() if value}


def _take_others(work: _Working, kinds: tuple[str, ...]) -> None:
    for kind, pattern in patterns.OTHERS:
        if kind in kinds:
            work.take(
                kind,
                [(m.start(), m.end(), {}) for m in pattern.finditer(work.text) if any(c.isdigit() for c in m[0])],
            )


def _p_parts(match: re.Match[str]) -> dict[str, str]:
    parts = _groups(match)
    said = " ".join(parts.get(name, "") for name in ("adjective", "sub", "for", "after")).lower()
    for word, label in (
        ("interaction", "interaction"), ("sub_int", "interaction"), ("trend", "trend"), ("heterogen", "heterogeneity"),
        ("noninferior", "non-inferiority"), ("non-inferior", "non-inferiority"), ("superior", "superiority"),
        ("overall", "all arms together"),
    ):  # fmt: skip
        if word in said:
            parts["of"] = label
            break
    if re.search(r"\b(?:both|all|each|either)\b", said):
        parts["every"] = "yes"
    for word in (
        "two-sided",
        "one-sided",
        "2-sided",
        "1-sided",
        "two-tailed",
        "one-tailed",
        "adjusted",
        "nominal",
        "log-rank",
        "fisher",
    ):
        if word in said and not (word == "adjusted" and "unadjusted" in said):
            parts["analysis"] = " ".join(filter(None, [parts.get("analysis", ""), word]))
    return parts


_RELATIONS = (("less", "<"), ("below", "<"), ("greater", ">"), ("more", ">"), ("most", "≤"))


def _p_value(parts: dict[str, str]) -> str:
    """Return a p-value as a claims file prints it."""
    relation = parts.get("relation", "")
    sign = relation if relation in ("<", ">", "≤", "≥") else next((s for w, s in _RELATIONS if w in relation), "")
    if "mantissa" in parts:
        power = int((parts.get("power") or parts.get("power2") or "0").replace(" ", ""))
        mantissa = parts["mantissa"]
        decimals = len(mantissa.partition(".")[2]) - power
        return f"{sign}{float(mantissa) * 10.0**power:.{decimals}f}"
    return sign + digits(parts["value"].replace(",", "."))


def _take_p(work: _Working) -> None:
    text, matches = work.text, []
    for match in patterns.P_VALUE.finditer(text):
        if not match["relation"] and not match["adjective"] and not match[0].startswith(("P", "p")):
            continue
        parts = _p_parts(match)
        parts["p"] = _p_value(parts)
        matches.append((match.start(), match.end(), parts))
        end, label = match.end(), parts
        while more := patterns.P_MORE.match(text, end):
            if not _AFTER_P.match(text, more.end()):
                break
            start = (
                more.start("relation")
                if more["relation"]
                else more.start("value")
                if more["value"]
                else more.start("mantissa")
            )
            carried = {name: value for name, value in label.items() if name in ("of", "analysis", "every")}
            own = _groups(more)
            if not own.get("relation") and label.get("relation"):
                own["relation"] = label["relation"]
            matches.append((start, more.end(), carried | {"p": _p_value(own)}))
            end = more.end()
    work.take("p", sorted(matches, key=lambda item: item[:2]))
    work.take("p", [(m.start(), m.end(), {"p": "NS"}) for m in patterns.P_NS.finditer(work.text)])


def _effect_name(words: str) -> str:
    return re.sub(r"\s+", " ", words.replace(MASK, "")).strip()


def _take_effects(work: _Working) -> None:
    for pattern in (patterns.EFFECT_RATIO, patterns.EFFECT_DIFFERENCE):
        matches = [
            (m.start(), m.end(), _groups(m) | {"type": _effect_name(m["type"])}) for m in pattern.finditer(work.text)
        ]
        work.take("effect", matches)
    matches = []
    shares = []
    for match in patterns.ESTIMATE_INTERVAL.finditer(work.text):
        parts = _groups(match)
        before = work.text[max(0, match.start() - 60) : match.start()]
        if re.search(
            r"(?:reduction|increase|difference|gain|improvement|decrease|"
            r"benefit)s?(?:\s+\w+){0,4}\s*[,:(]?\s*$",
            before,
        ) or "point" in parts.get("unit", ""):
            matches.append((match.start(), match.end(), parts | {"type": "difference"}))
        elif parts.get("unit", "").strip() == "%":
            shares.append(
                (
                    match.start(),
                    match.end(),
                    {"form": "percent", "percent": parts["estimate"], "level": parts.get("level", "")},
                )
            )
        else:
            matches.append((match.start(), match.end(), parts | {"type": ""}))
    work.take("effect", matches)
    work.take("share", shares)


def _take_rich_shares(work: _Working) -> None:
    """Take "45.8% (49 of 107; 95% CI 36.1 to 55.7)" before its interval is taken for an effect's."""
    form, pattern = patterns.SHARES[0]
    work.take("share", [(m.start(), m.end(), {"form": form} | _groups(m)) for m in pattern.finditer(work.text)])


def _take_effects_alone(work: _Working) -> None:
    for pattern in (patterns.RATIO_ALONE, patterns.DIFFERENCE_ALONE):
        work.take(
            "effect",
            [(m.start(), m.end(), _groups(m) | {"type": _effect_name(m["type"])}) for m in pattern.finditer(work.text)],
        )


def _take_means(work: _Working) -> None:
    matches = []
    for match in patterns.MEAN_SD.finditer(work.text):
        which = re.sub(r"[^a-z]", "", (match["which"] or "").lower())
        kind = "se" if which.startswith("se") or "error" in which else "sd"
        matches.append(
            (
                match.start(),
                match.end(),
                {"mean": digits(match["mean"]), "sd": match["sd"] or match["sd2"], "spread": kind},
            )
        )
    work.take("mean", matches)
    work.take(
        "estimate with a range", [(m.start(), m.end(), _groups(m)) for m in patterns.ESTIMATE_RANGE.finditer(work.text)]
    )
    work.take("interval", [(m.start(), m.end(), _groups(m)) for m in patterns.INTERVAL_ALONE.finditer(work.text)])
    work.take("confidence level", [(m.start(), m.end(), {}) for m in patterns.CI_LEVEL.finditer(work.text)])


def _is_change(text: str, start: int, end: int) -> bool:
    return bool(
        patterns.CHANGE_AFTER.match(text, end) or patterns.CHANGE_BEFORE.search(text[max(0, start - 20) : start])
    )


def _take_shares(work: _Working) -> None:
    source = work.text
    for form, pattern in patterns.SHARES:
        shares: list[tuple[int, int, dict[str, str]]] = []
        changes: list[tuple[int, int, dict[str, str]]] = []
        for match in pattern.finditer(work.text):
            signed = source[: match.start()][-2:].strip()[-1:] in ("-", "+", "±") and form == "percent"
            if form == "percent" and (signed or _is_change(source, match.start(), match.end())):
                changes.append((match.start() - signed, match.end(), {}))
            else:
                shares.append((match.start(), match.end(), {"form": form} | _groups(match)))
        work.take("share", shares)
        work.take("change in percent", changes)
    elided = []
    for match in patterns.SHARED_SIGN.finditer(source):
        start, end = match.span("first")
        before = source[:start][-1:]
        if MASK not in work.text[start:end] and not (before.isalnum() or before in "=.-/"):
            elided.append((start, end, {"form": "percent", "percent": match["first"], "elided": "yes"}))
    work.take("share", elided)


def _take_counts(work: _Working) -> None:
    work.take("size", [(m.start(), m.end(), {"n": digits(m["n"])}) for m in _SIZE.finditer(work.text)])
    zeros = [
        (m.start(), m.end(), {"count": "0", "what": m["what"] or ""})
        for m in _NO_EVENT.finditer(work.text)
        if not _COMPARED.search(m[0])
    ]
    work.take("zero", zeros)
    work.take("bare", [(m.start(), m.end(), {"count": digits(m[0])}) for m in _BARE.finditer(work.text)])


def find(text: str) -> list[Entity]:
    """Say what each number of a plain text is.

    Parameters
    ----------
    text : str
        In the spelling of :func:`lupus_kit.audit.reading.words.numerals.plain`.

    Returns
    -------
    list of Entity
        Sorted, without overlaps.

    Examples
    --------
    >>> [(e.kind, text[e.start : e.end]) for text in ["At week 4, 55.2% v 30% (P = .052)."] for e in find(text)]
    [('visit', 'week 4'), ('share', '55.2%'), ('share', '30%'), ('p', 'P = .052')]
    """
    work = _Working(text)
    work.take("long number", [(m.start(), m.end(), {}) for m in _LONG.finditer(text)])
    _take_others(work, EARLY)
    _take_p(work)
    _take_rich_shares(work)
    _take_effects(work)
    _take_others(work, ("age", "rate"))
    _take_means(work)
    _take_others(work, LATE)
    _take_shares(work)
    _take_effects_alone(work)
    _take_counts(work)
    return sorted(work.found, key=lambda entity: entity.start)


def numbers(text: str) -> Iterator[tuple[int, int]]:
    """Yield the slice of every number written in digits."""
    for match in _DECIMAL.finditer(text):
        start, end = match.span()
        while end > start and text[end - 1] in ".,":
            end -= 1
        yield start, end
