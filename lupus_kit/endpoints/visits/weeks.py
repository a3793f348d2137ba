"""The week that the name of a visit says: weeks, days and months, screening, unscheduled visits; or that it says none.

Only a name that surely says one time is read. "Week 12/24", "12-24", "Week 1,000" and a number without a unit say none.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lupus_kit.core.columns import Column, fold
from lupus_kit.core.text import listing
from lupus_kit.endpoints.visits.file_columns import BY_FOLDED

#: Weeks of a visit before baseline whose time is not said, and of a visit outside the schedule.
SCREENING, UNSCHEDULED = float("-inf"), float("inf")

#: What a name may say, for messages.
READABLE = "a name that says the week, such as baseline, week 12, day 85, month 3 or screening"

_MONTH = 365.25 / 12 / 7
_UNITS = {"week": "weeks?|wks?|w", "day": "days?|d", "month": "months?|mths?|mos?|m"}
_SIGNED = r"[-+]?\d+(?:\.\d+)?"
_TIMES = [
    (unit, None, re.compile(rf"(?:{words})\s*({_SIGNED})|({_SIGNED})\s*(?:{words})")) for unit, words in _UNITS.items()
]
_SIMPLE = [
    ("week", 0.0, re.compile(r"baseline|base line|base|bl|randomi[sz]ation")),
    ("week", SCREENING, re.compile(r"(?:pre-?)?screen(?:ing)?\s*\d*|scrn?\s*\d*")),
    ("week", UNSCHEDULED, re.compile(
        r"(?:unscheduled|unsched|unsch|uns|unplanned)[\s\d.]*|et|early (?:termination|withdrawal|discontinuation)")),
]  # fmt: skip
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-") | {"_": " "})
_LABEL = re.compile(r"^(?:visit|v)\s*\d+[a-z]?\b")
_MENTIONS_TIME = re.compile(
    r"\b(?:weeks?|wks?|days?|months?|visit|baseline|screening|unscheduled)(?![a-z]).*\d|\d.*\b(?:weeks?|days?|months?)\b"
    r"|\b[wdmv] ?-?\d|\d ?[wdm]\b"
)


@dataclass(frozen=True)
class When:
    """What a name says: a number of weeks, days or months since the first dose."""

    unit: str
    number: float


def _plain(name: object) -> str:
    return " ".join(str(name).translate(_DASHES).lower().split())


def read_when(name: object) -> When | None:
    """Read when a visit was from its name; None where the name does not surely say one time.

    Examples
    --------
    >>> read_when("V4 - Week 12"), read_when("Week 12/24")
    (When(unit='week', number=12.0), None)
    >>> read_when("Visit 1 (screening)"), read_when("Day -28")
    (When(unit='week', number=-inf), When(unit='day', number=-28.0))
    """
    plain = re.sub(r"(?<=[a-z])\s?[:#.=]\s?(?=\d)", " ", _plain(name))
    found: list[When] = []
    for part in re.split(r"[/,;:()\[\]|]|\s-\s", plain):
        part = part.strip()
        if not part or part == "visit" or _LABEL.fullmatch(part):
            continue
        words = re.sub(r"^(?:study |visit )+| visit$", "", part), _LABEL.sub("", part, 1).strip()
        when = _read_part(words[0]) or _read_part(words[1])
        if when is None:
            return None
        found.append(when)
    return _agreed(list(dict.fromkeys(found)))


def _read_part(part: str) -> When | None:
    for unit, number, pattern in (*_SIMPLE, *_TIMES):
        if match := pattern.fullmatch(part):
            return When(unit, float(match[1] or match[2]) if number is None else number)
    return None


def _agreed(found: list[When]) -> When | None:
    """Return the one time that several words for it agree on."""
    timed = [when for when in found if abs(when.number) < UNSCHEDULED]
    loose = [when for when in found if when not in timed]
    if not timed:
        return loose[0] if len(loose) == 1 else None
    timed.sort(key=lambda when: list(_UNITS).index(when.unit))
    first, weeks = timed[0], [_about(when) for when in timed]
    for when, week in zip(timed[1:], weeks[1:], strict=True):
        slack = 0.35 * abs(when.number) if when.unit == "month" else 1.01 / 7
        if when.unit == first.unit or abs(week - weeks[0]) > slack + 1e-9:
            return None
    screened = When("week", SCREENING) in loose
    return None if screened and weeks[0] >= 0 else first


def _about(when: When) -> float:
    return when.number * {"week": 1, "day": 1 / 7, "month": _MONTH}[when.unit]


def week_of(visit: str) -> float | None:
    """Read the week from the name of one visit: 0 for baseline, None where the name does not say.

    Days count from the first dose as day 1 unless the name is day 0; a month is 365.25/12 days, in whole weeks.

    Examples
    --------
    >>> week_of("Week 12"), week_of("BL"), week_of("Week -4"), week_of("follow-up")
    (12.0, 0.0, -4.0, None)
    >>> week_of("Day 85"), week_of("Month 3"), week_of("screening"), week_of("Week 1,000")
    (12.0, 13.0, -inf, None)
    """
    return weeks_of([visit], [])[visit]


def weeks_of(names: Iterable[str], notes: list[str]) -> dict[str, float | None]:
    """Read the weeks of all visit names of a file together, so that they show how days are counted.

    Parameters
    ----------
    names : iterable of str
        The names.
    notes : list of str
        What was assumed is added here.

    Returns
    -------
    dict of str to float or None
        By name; below 0 before baseline, ``SCREENING`` or ``UNSCHEDULED`` where only that is said.

    Examples
    --------
    >>> notes = []
    >>> weeks_of(["Day 0", "Day 84"], notes), notes
    ({'Day 0': 0.0, 'Day 84': 12.0}, ['Days are counted from day 0, the first dose: day 84 is week 12.'])
    """
    read = {name: read_when(name) for name in names}
    first = first_day([when.number for when in read.values() if when and when.unit == "day"], notes)
    weeks: dict[str, float | None] = {}
    for name, when in read.items():
        if when is None:
            weeks[name] = None
        elif when.unit == "day":
            weeks[name] = (when.number - first * (when.number > 0)) / 7
        else:
            weeks[name] = float(round(_about(when))) if when.unit == "month" else when.number
    months = sorted({when.number for when in read.values() if when and when.unit == "month" and when.number})
    if months:
        listed = listing(f"month {number:g} is week {round(number * _MONTH)}" for number in months)
        notes.append(f"A month was taken as 365.25/12 days, in whole weeks: {listed}. Planned weeks may be given.")
    return weeks


def first_day(days: Iterable[float], notes: list[str]) -> int:
    """Tell from all the days of a file whether the first dose is day 1 or day 0, and say so in a note."""
    known = {*days}
    if not known:
        return 1
    later = [day for day in known if day > 1]
    in_weeks = sum((day - 1) % 7 == 0 for day in later) - sum(day % 7 == 0 for day in later)
    first = 0 if 0 in known or (1 not in known and in_weeks < 0) else 1
    notes.append(f"Days are counted from day {first}, the first dose: day {84 + first} is week 12.")
    return first


def split_wide(names: Iterable[str], notes: list[str]) -> tuple[dict[str, tuple[Column, float]], list[str]]:
    """Split columns of the wide layout into field and week.

    Parameters
    ----------
    names : iterable of str
        Column names of the file.
    notes : list of str
        What was assumed is added here.

    Returns
    -------
    found : dict
        Field and week of each column that names a visit.
    unclear : list of str
        Columns that begin or end with a field and speak of a time that cannot be read.

    Examples
    --------
    >>> found, unclear = split_wide(["sledai_week-4", "pga BL", "pga_week12/24", "age"], [])
    >>> {name: (column.name, week) for name, (column, week) in found.items()}, unclear
    ({'sledai_week-4': ('sledai', -4.0), 'pga BL': ('pga', 0.0)}, ['pga_week12/24'])
    """
    fields: dict[str, Column] = {}
    whens: dict[str, str] = {}
    unclear = []
    for name in names:
        others = [(BY_FOLDED[fold(field)], when) for field, when in _halves(_plain(name)) if fold(field) in BY_FOLDED]
        timed = [(field, when) for field, when in others if read_when(when) is not None]
        if timed:
            fields[name], whens[name] = timed[0]
        elif any(_MENTIONS_TIME.search(when) for _, when in others):
            unclear.append(name)
    weeks = weeks_of(dict.fromkeys(whens.values()), notes)
    found = {name: (fields[name], week) for name, when in whens.items() if (week := weeks[when]) is not None}
    return found, unclear


def _halves(plain: str) -> Iterator[tuple[str, str]]:
    """Cut a name at each sign, either half the field; a hyphen before the time is a minus first, then a mere sign."""
    for cut in re.finditer(r"[\s.:(-]", plain):
        left, right = plain[: cut.start()], plain[cut.start() :].strip(" ")
        if re.match(r"-\d", right) and cut[0] == "-":  # sledai-12w: a minus or a hyphen
            yield left, f"{right}?"
            continue
        yield left, right
        yield right.lstrip(" .:)-"), left
        yield left, right[1:]
