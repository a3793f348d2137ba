"""The keys of a visit file: who, when and in which arm; each said once and without contradiction."""

import re
import unicodedata

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, fold, is_missing
from lupus_kit.core.tables import RawTable
from lupus_kit.core.text import plural
from lupus_kit.endpoints.visits.weeks import READABLE, first_day, weeks_of
from lupus_kit.endpoints.visits.windows import visit_names

#: What stands in the place of a patient where a spreadsheet adds up its columns; folded.
_NO_PATIENT = frozenset({"total", "totals", "subtotal", "grand_total", "sum", "mean", "average", "median"})
#: Weeks between a planned week and a recorded day that no usual window explains.
_FAR = 2


def fill_keys(raw: RawTable, table: dict[str, np.ndarray], where: dict[str, str], problems: BadCells) -> list[str]:
    """Make a missing week or visit name from the other, row by row; note where they contradict each other.

    A name that says its week is spelt in one way and goes before a week that was recorded nearest to it; another name
    stays as it is. Returns notes of what was assumed.
    """
    notes: list[str] = []
    if "day" in table:
        days = table["day"]
        weeks = (days - first_day(days[~np.isnan(days)].tolist(), notes) * (days > 0)) / 7
        far = int((np.abs(weeks - table.setdefault("week", weeks)) > _FAR).sum())
        where.setdefault("week", where["day"])
        if table["week"] is not weeks:
            notes.append(f"Weeks are read, not days; in {plural(far, 'row')} they are more than {_FAR} weeks apart.")
    if "visit" not in table:
        table["visit"] = visit_names(table["week"])
        where["visit"] = where["week"]
        return notes
    names = table["visit"]
    given = pd.Series(names, dtype=object).notna().to_numpy()
    read = weeks_of(sorted({*names[given]}), notes)
    said = np.array([np.nan if name is None or read[name] is None else read[name] for name in names], dtype=float)
    if "week" in table:
        recorded = table["week"]
        empty = raw.cells[where["week"]].map(is_missing).to_numpy(dtype=bool)
        vague = np.isinf(said) & ~np.isnan(recorded)  # screening, unscheduled: the recorded week says when
        clash = ~np.isnan(recorded) & ~np.isnan(said) & _contradict(recorded, said)
        for week in np.unique(recorded[clash]):
            problems.add(raw.cells, where["visit"], clash & (recorded == week), f"the week of this row is {week:g}")
        # Told once: a name that is wrong here must not make the same name wrong elsewhere.
        names, given = names.copy(), given & ~clash
        names[clash], said[clash | vague] = None, np.nan
        if other := int((np.abs(said - recorded) > 0).sum()):
            where_else = "happened in another week than the visit's name says"
            notes.append(f"{plural(other, 'row')} {where_else}; the name counts.")
        table["week"] = np.where(empty | ~np.isnan(said), said, recorded)
    else:
        unclear = given & np.isnan(said)
        problems.add(raw.cells, where["visit"], unclear, f"{READABLE}; or add a column 'week'")
        table["week"] = said
        where["week"] = where["visit"]
        vague = np.zeros(len(said), dtype=bool)
    table["visit"] = np.where(~np.isnan(said), visit_names(said), np.where(vague, visit_names(table["week"]), names))
    # A row without a name takes the name that other rows of its week have.
    own = dict(zip(table["week"][given], table["visit"][given], strict=True))
    made = visit_names(table["week"])
    blank = [own.get(week, name) for week, name in zip(table["week"], made, strict=True)]
    table["visit"] = np.where(given, table["visit"], np.array([*blank, None], dtype=object)[:-1])
    return notes


def _contradict(recorded: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Tell where another visit that a name says is nearer to the recorded week than the one it says there."""
    known, finite = np.unique(said[np.isfinite(said)]), np.isfinite(said)
    before = (said < 0) & (recorded >= 0)
    if not len(known):
        return before
    nearest = known[np.searchsorted((known[1:] + known[:-1]) / 2, recorded)]
    return np.where(finite, np.abs(recorded - said) > np.abs(recorded - nearest) + 1e-9, before)


def check_keys(
    visits: pd.DataFrame, raw: RawTable, where: dict[str, str], problems: BadCells, left_out: pd.DataFrame
) -> None:
    """Note rows without a patient or week, doubled visits, two arms of one patient, and keys spelt in two ways."""
    rows = pd.Index(visits.index)
    flat = visits.reset_index(drop=True)

    def note(name: str, bad: pd.Series | np.ndarray, allowed: str) -> None:
        # In the wide layout several visits share a row of the file.
        if np.any(bad):
            problems.add(raw.cells, where[name], raw.cells.index.isin(rows[np.asarray(bad, dtype=bool)]), allowed)

    for name in ("patient", "week"):
        # A cell that is bad has been listed already.
        lacks = flat[name].isna().to_numpy(copy=True)
        lacks[lacks] = raw.cells[where[name]].loc[rows[lacks]].map(is_missing).to_numpy(dtype=bool)
        note(name, lacks, f"every row needs a {name}")
    known = flat["patient"].notna() & flat["week"].notna()
    twice = known & flat.duplicated(["patient", "week"])
    note("week", twice, "the patient has an earlier row for the same week: keep one row per patient and visit")
    totals = flat["patient"].isin([who for who in flat["patient"].dropna().unique() if fold(str(who)) in _NO_PATIENT])
    note("patient", totals, "a row of totals or means is no patient: leave it out")
    for name in ("patient", "arm"):
        if name in flat:
            words = "elsewhere it is written with other capitals, spaces, hyphens or zeros: write it in one way"
            note(name, flat[name].isin(_spelt_otherwise(flat[name])), words)
    if "arm" in flat:
        words = "the patient has another arm in an earlier row: an arm belongs to the patient"
        note("arm", _unlike_the_first(flat["patient"], flat["arm"]), words)
    visit, week = flat["visit"].where(known), flat["week"].where(known)
    note("visit", _unlike_the_first(visit, week), "one visit name has different weeks")
    note("visit", _unlike_the_first(week, visit), "one week has different visit names")
    no_baseline = "no row has week 0: every endpoint compares with baseline"
    if (left_out["week"] < 0).any():
        no_baseline += '; screening="baseline_if_missing" (--screening baseline_if_missing) takes the visits before it'
    if known.all() and not (flat["week"] == 0).any():
        note("week", flat.index == 0, no_baseline)
    elif (left_out["week"] < 0).any() and not (flat["week"] > 0).any():
        note("week", flat.index == 0, "all other visits are before baseline: Week-12 is read as 12 weeks before it")


def _unlike_the_first(keys: pd.Series, values: pd.Series) -> np.ndarray:
    """Tell which values differ from the first one that their key has; missing keys and values count nothing."""
    key, value = (pd.factorize(column.to_numpy())[0] for column in (keys, values))
    given = np.flatnonzero((key >= 0) & (value >= 0))
    first = np.full(len(key), -1)
    first[key[given][::-1]] = value[given][::-1]
    return np.isin(np.arange(len(key)), given[value[given] != first[key[given]]])


def _spelt_otherwise(column: pd.Series) -> set[str]:
    """Find labels that differ from an earlier one only in capitals, spaces, hyphens or the zeros around a number."""
    first: dict[str, str] = {}
    labels = column.dropna().unique()
    folded = {label: unicodedata.normalize("NFKC", str(label)).casefold() for label in labels}
    plain = {label: re.sub(r"[\s_\u2010-\u2015\u2212-]+", " ", text).strip() for label, text in folded.items()}
    plain = {label: re.sub(r"^0*(\d+?)(?:\.0+)?$", r"\1", text) for label, text in plain.items()}
    return {label for label in labels if first.setdefault(plain[label], label) != label}
