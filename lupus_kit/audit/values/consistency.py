"""What the cells of a study's tables say about each other: values that cannot be, or that do not go together.

Every finding is a plain sentence with where it stands. None says why: quartiles called a range, another denominator, an
analysis set per visit or a slip in typing leave the same trace.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor
from typing import Any

import pandas as pd

from lupus_kit.audit.values.counts import side_counts
from lupus_kit.audit.values.granularity import grim, grimmer, printed_interval
from lupus_kit.audit.values.percentages import percent_matches
from lupus_kit.audit.values.summary_tests import paired_tests
from lupus_kit.core.errors import InputError
from lupus_kit.inference import pvalue
from lupus_kit.published import Claim, Study, percent_text
from lupus_kit.published.tables import cells_of

COLUMNS = ("check", "table", "row", "arm", "printed", "finding")
#: Instruments whose score of one patient is a whole number.
WHOLE_NUMBER_SCORES = re.compile(
    r"sledai|\bbilag\b|slicc|damage index|joint count|tender joint|swollen joint|\bclasi\b|\bnumber of\b|\bcount of\b",
    re.IGNORECASE,
)
# Place ``(n + a) p + b`` of a quantile among the ordered values in the interpolating definitions of Hyndman and Fan;
# definitions 1 and 3 take one value, 2 the middle of two.
_MORE, _SHIFTS = ("0", "0", "1", "-1", "1/3", "1/4"), ("0", "1/2", "0", "1", "1/3", "3/8")
_INTERPOLATING = {
    number: (Fraction(more), Fraction(shift))
    for number, (more, shift) in enumerate(zip(_MORE, _SHIFTS, strict=True), start=4)
}
_NUMBER = r"\d+(?:\.\d+)?"
_MEDIAN = re.compile(rf"^\s*({_NUMBER})\s*\(\s*({_NUMBER})\s*[–—-]\s*({_NUMBER})\s*\)\s*$")
_MEAN = re.compile(rf"^\s*({_NUMBER})\s*±\s*({_NUMBER})\s*$")

Finding = tuple[str, str, str, str, str, str]
Cell = dict[str, Any]


def quantile_definitions(value: str, n: int, probability: Fraction | str | float) -> tuple[int, ...]:
    """Name the definitions under which whole numbers can have a printed quantile.

    Parameters
    ----------
    value : str
        The quantile as printed.
    n : int
        Patients.
    probability : fraction, or a string such as ``"1/4"``
        Which quantile.

    Returns
    -------
    tuple of int
        Numbers of Hyndman and Fan's nine definitions; empty where none gives such a value.

    References
    ----------
    Hyndman RJ, Fan Y. Am Stat 1996;50:361-365.

    Examples
    --------
    >>> quantile_definitions("13.75", 30, "3/4"), quantile_definitions("10.3", 30, "1/2")
    ((6, 7, 8, 9), ())
    """
    p = Fraction(probability)
    if not 0 < p < 1:
        raise InputError(f"probability == {probability!r}: must lie strictly between 0 and 1.")
    low, high = printed_interval("value", value)
    found = [1, 3] if _has(low, high, 1) else []
    if _has(low, high, 2 if (n * p).denominator == 1 else 1):
        found.append(2)
    for definition, (more, shift) in _INTERPOLATING.items():
        place = (n + more) * p + shift
        # Below the first and above the last observation these definitions take that observation.
        inside = 1 <= place <= n
        if _has(low, high, place.denominator if inside else 1):
            found.append(definition)
    return tuple(sorted(found))


def _has(low: Fraction, high: Fraction, denominator: int) -> bool:
    """Whether a multiple of 1/denominator prints so."""
    return floor(high * denominator) >= ceil(low * denominator)


def _cells(study: Study) -> Iterator[tuple[str, str, Cell]]:
    for name, frame in study.tables.items():
        for cell in cells_of(frame):
            yield name, str(cell[study.layouts[name].endpoint]), cell


def _patients(study: Study, cell: Cell) -> int | None:
    return int(cell["n"]) if pd.notna(cell["n"]) else study.trial.n_randomised.get(str(cell["arm"]))


def _impossible_scores(study: Study) -> Iterator[Finding]:
    for table, row, cell in _cells(study):
        printed, n = str(cell["printed"]), _patients(study, cell)
        if not WHOLE_NUMBER_SCORES.search(row) or not n:
            continue
        where = (table, row, str(cell["arm"]), printed)
        if match := _MEDIAN.match(printed):
            about = " ".join(str(cell[name]) for name in study.layouts[table].about)
            yield from _median_findings(where, match, n, about)
        elif (match := _MEAN.match(printed)) and n > 1:
            wrong = [one for one in (grim(match[1], n), grimmer(match[1], match[2], n)) if not one]
            yield from ((one.check, *where, one.sentence) for one in wrong[:1])


def _median_findings(where: tuple[str, str, str, str], match: re.Match[str], n: int, about: str) -> Iterator[Finding]:
    median, *ends = match.groups()
    if not any(quantile_definitions(median, total, "1/2") for total in range(1, n + 1)):
        yield ("median", *where, f"No whole numbers have a median of {median}: it is a whole number or lies halfway.")
    broken = [end for end in ends if Fraction(end).denominator != 1]
    if not broken:
        return
    quartiles = [quantile_definitions(end, n, p) for end, p in zip(ends, ("1/4", "3/4"), strict=True)]
    both = sorted(set(quartiles[0]) & set(quartiles[1]))
    called = " called a range" if "range" in about.lower() else ""
    text = f"{ends[0]}–{ends[1]}{called} cannot be the smallest and largest of whole-number scores"
    if both:
        text += f"; quartiles of {n} patients can be so (definition {', '.join(map(str, both))} of Hyndman and Fan)"
    yield ("range", *where, f"{text}.")


def _percents(study: Study) -> Iterator[Finding]:
    for table, row, cell in _cells(study):
        percent, count = percent_text(str(cell["printed"])), cell["count"]
        if not percent or pd.isna(count):
            continue
        most = study.trial.n_randomised.get(str(cell["arm"]))
        totals = [int(cell["n"])] if pd.notna(cell["n"]) else range(max(int(count), 1), (most or 0) + 1)
        if totals and not any(
            percent_matches(percent, int(count), n, way) for n in totals for way in ("nearest", "truncate")
        ):
            of = f"{totals[0]} patients" if len(totals) == 1 else f"any number of patients up to {most}"
            text = f"{count} of {of} does not print as {percent} %."
            yield ("percentage", table, row, str(cell["arm"]), str(cell["printed"]), text)


def _mixed_denominators(study: Study) -> Iterator[Finding]:
    for table, frame in study.tables.items():
        implied = frame[frame["n_source"] == "implied by count and percent"]
        for arm, cells in implied.groupby("arm", sort=False):
            totals = cells.groupby("n", sort=True)
            if len(totals) < 2:
                continue
            firsts = [(n, group.iloc[0]) for n, group in totals]
            examples = [f"{n} ({one['printed']} under {one[study.layouts[table].endpoint]})" for n, one in firsts]
            text = f"The percentages rest on different numbers of patients: {' and '.join(examples)}."
            yield ("mixed denominators", table, "", str(arm), "", text)


def _short(row: str) -> str:
    """Name of a row without what stands in brackets."""
    return re.sub(r"\s*\(.*?\)", "", row).strip().lower()


def _numbers(printed: str) -> tuple[float, ...]:
    return tuple(float(number) for number in re.findall(_NUMBER, printed))


def _baselines(study: Study) -> Iterator[Finding]:
    seen: dict[tuple[str, str], dict[str, tuple[str, str]]] = {}
    for table, row, cell in _cells(study):
        if str(cell.get("visit", "")).lower() == "baseline":
            seen.setdefault((_short(row), str(cell["arm"])), {}).setdefault(table, (row, str(cell["printed"])))
    for (_, arm), tables in seen.items():
        if len({_numbers(printed) for _, printed in tables.values()}) > 1:
            where = " and ".join(f"{printed} in {table}" for table, (_, printed) in tables.items())
            table, (row, printed) = next(iter(tables.items()))
            yield ("baseline differs", table, row, arm, printed, f"The baseline of {row} is printed as {where}.")


def _known_pairs(study: Study, *kinds: str) -> Iterator[tuple[Claim, tuple[int, int], tuple[int, int]]]:
    """Comparisons of the tables with a p-value whose two counts are known, with these counts."""
    for claim in study.table_claims():
        if claim.kind in kinds and claim.p and len(claim.sides) == 2:
            first, second = (side_counts(study, claim, side).known for side in range(2))
            if first is not None and second is not None:
                yield claim, first, second


def _paired_as_unpaired(study: Study) -> Iterator[Finding]:
    """Whether p-values within an arm print as Fisher's test of two separate groups."""
    fisher: list[str] = []
    only, total = [], 0
    for claim, (x1, n), (x2, n_later) in _known_pairs(study, "paired"):
        if claim.printed_p is None or n != n_later:
            continue
        total += 1
        if claim.printed_p.prints(pvalue("fisher", x1, n, x2, n)):
            fisher.append(claim.title)
            if not any(one.rounds_to_reported for one in paired_tests(claim.printed_p, x1, x2, n, claim.both)):
                only.append(claim.title)
    if total and fisher:
        text = (
            f"{len(fisher)} of {total} p-values between two visits of the same patients print as Fisher's test of two "
            f"separate groups would; {len(only)} of them print as no form of McNemar's test on any joint table."
        )
        yield ("paired data", "", "", "", "", text)


def _sub_rows(study: Study) -> Iterator[Finding]:
    """Find counts of a row above those of the row it is part of, where a column says what it is part of."""
    parents: dict[tuple[str, str, str], tuple[str, int]] = {}
    for table, row, cell in _cells(study):
        if pd.isna(cell["count"]):
            continue
        arm, count = str(cell["arm"]), int(cell["count"])
        for name in study.layouts[table].about:
            parent, whole = parents.get((table, str(cell[name]).lower(), arm), ("", count))
            if count > whole:
                text = f"{row} counts {count}, more than the {whole} of {parent}, its group."
                yield ("part above whole", table, row, arm, str(cell["printed"]), text)
        abbreviations = re.findall(r"\(([^)]+)\)", row)
        for name in (row, _short(row), *abbreviations):
            parents.setdefault((table, name.lower(), arm), (row, count))


def _same_table_two_p(study: Study) -> Iterator[Finding]:
    seen: dict[tuple[tuple[int, int], ...], list[tuple[str, str]]] = {}
    for claim, first, second in _known_pairs(study, "binary", "paired"):
        # A two-sided p-value does not change when arms, or events and non-events, trade places.
        key = min(tuple(sorted(one)) for one in ((first, second), tuple((n - x, n) for x, n in (first, second))))
        seen.setdefault(key, []).append((claim.p, f"{claim.endpoint} ({claim.source})"))
    for key, found in seen.items():
        values = list(dict.fromkeys(p for p, _ in found))
        if len(values) > 1:
            examples = "; ".join(f"{p} under {next(name for q, name in found if q == p)}" for p in values)
            counts = " v ".join(f"{x}/{n}" for x, n in key)
            yield ("one table, two p-values", "", "", "", "", f"The counts {counts} are printed with p = {examples}.")


_CHECKS = (
    *(_impossible_scores, _percents, _mixed_denominators, _baselines),
    *(_sub_rows, _same_table_two_p, _paired_as_unpaired),
)


def inconsistencies(study: Study) -> pd.DataFrame:
    """Look for printed values that cannot be, or that do not go together.

    Parameters
    ----------
    study : Study
        The record, with its tables.

    Returns
    -------
    pandas.DataFrame
        One row per finding: ``check table row arm printed finding``, the last a plain sentence; empty where nothing
        is found. Scores are checked as whole numbers only where :data:`WHOLE_NUMBER_SCORES` names the instrument.

    See Also
    --------
    check, explain, read_text

    Notes
    -----
    A finding is a question to the record, not about anyone: quartiles called a range, patients missing at one visit,
    an analysis set for each row or a slip in typing all look like this.

    Examples
    --------
    >>> from lupus_kit import published
    >>> found = inconsistencies(published.load("he2020"))
    >>> sorted(found["check"].unique())
    ['baseline differs', 'mixed denominators', 'one table, two p-values', 'paired data', 'range']
    """
    if not isinstance(study, Study):
        raise InputError(f"study == {study!r}: give a study, such as published.load('he2020').")
    return pd.DataFrame([finding for check in _CHECKS for finding in check(study)], columns=list(COLUMNS))
