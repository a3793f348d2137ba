"""From the keys of a claims file to a study, every problem found on the way."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.published.claim import ROLES, Claim
from lupus_kit.published.claims.claim_reader import read_claim
from lupus_kit.published.claims.problems import Entry, Path, Problems, of_csv, unusable
from lupus_kit.published.study import Study, Trial
from lupus_kit.published.tables import Column, Layout, read_table

FORMAT = 1
_STUDY_TEXTS = (
    *("key", "title", "authors", "journal", "volume", "pages", "published_online", "doi"),
    *("source", "notice", "note", "design", "population", "intervention", "comparator"),
)
STUDY_KEYS = (*_STUDY_TEXTS, "year", "registry", "alpha", "claims")
ARM_KEYS = ("name", "n", "note")
TABLE_KEYS = ("key", "title", "role", "endpoint", "about", "arm", "results", "compare", "n", "file", "csv")
TOP_KEYS = ("format", "study", "arm", "claim", "table")
#: Opens a file that stands beside the claims file; raises InputError.
Opener = Callable[[str], str]
Arms = Mapping[str, int | None]
#: A table of keys, and where it stands.
Keys = tuple[Path, Mapping[str, Any]]


def build(
    name: str,
    raw: Mapping[str, Any],
    problems: Problems,
    more_claims: Sequence[Keys] = (),
    open_beside: Opener | None = None,
) -> Study:
    """Build a study from the keys of a claims file.

    Parameters
    ----------
    name : str
        What to call the file in messages.
    raw : mapping
        The parsed file.
    problems : Problems
        Takes everything that is wrong.
    more_claims : sequence of (path, mapping)
        Claims that stand in a csv file of their own.
    open_beside : callable, optional
        Reads a file beside the claims file; without it, tables stand in the file itself.

    Returns
    -------
    Study

    Raises
    ------
    InputError
        Every problem at once.
    """
    for path, why in unusable(raw):
        problems.add(path, why)
    problems.raise_if_any(name)
    top = Entry(raw, (), problems, TOP_KEYS)
    if raw.get("format", FORMAT) != FORMAT:
        top.add(f"{raw['format']!r} is not a format this version reads: write format = {FORMAT}.", "format")
    claims, tables = [*_entries(top, "claim"), *more_claims], _entries(top, "table")
    arms = _read_arms(top, claims)
    trial = _read_trial(raw.get("study"), arms, problems)
    records = _read_claims(claims, arms, problems)
    layouts: dict[str, Layout] = {}
    frames: dict[str, pd.DataFrame] = {}
    for path, keys in tables:
        before = len(problems.found)
        table = Entry(keys, path, problems, TABLE_KEYS)
        layout = _read_layout(table, arms, open_beside)
        if len(problems.found) > before:
            continue
        if layout.key in layouts:
            table.add(f"{layout.key!r} is used already; every table needs its own.", "key")
        file = keys.get("file")
        of_table = of_csv(file) if open_beside and isinstance(file, str) else _within(table)
        frames[layout.key] = read_table(layout, arms, of_table)
        problems.found += of_table.found
        layouts[layout.key] = layout
    if not claims and "claim" not in raw and not tables and not problems.found:
        top.remark("there is no [[claim]] yet, so nothing is checked: lupus-kit audit --new shows one.", "claim")
    problems.raise_if_any(name)  # before the pointers, which may lead to what could not be read
    rows = {f"{key}/{row}" for key, layout in layouts.items() for row in frames[key][layout.endpoint]}
    for claim, (path, _) in zip(records, claims, strict=True):
        if claim and claim.table_row and claim.table_row not in rows:
            known = ", ".join(map(repr, layouts)) or "none"
            why = f"{claim.table_row!r} points to no row; write table/row, with one of the tables {known}."
            problems.add((*path, "table_row"), why)
    problems.raise_if_any(name)
    assert trial is not None
    found = tuple(claim for claim in records if claim is not None)
    return Study(trial, found, MappingProxyType(frames), MappingProxyType(layouts), tuple(problems.remarks))


def _within(table: Entry) -> Problems:
    """Locate the lines of a table that stands in the claims file itself."""
    place = table.problems.locate((*table.path, "csv"))
    return Problems(lambda at: f"{place}, line {at[0]} of the table" + (f", column {at[1]}" if len(at) > 1 else ""))


def _entries(top: Entry, key: str) -> list[Keys]:
    value = top.keys.get(key, [])
    if not isinstance(value, list):
        top.add(f"must be a list of tables: write [[{key}]], with two brackets.", key)
        return []
    for entry in value:
        if not isinstance(entry, Mapping):
            top.add(f"{entry!r} must be a table of keys: write [[{key}]].", key)
    return [((key, number), entry) for number, entry in enumerate(value) if isinstance(entry, Mapping)]


def _read_arms(top: Entry, claims: Sequence[Keys]) -> dict[str, int | None]:
    arms: dict[str, int | None] = {}
    for path, keys in _entries(top, "arm"):
        arm = Entry(keys, path, top.problems, ARM_KEYS)
        name = arm.text("name", required=True)
        if name in arms:
            arm.add(f"{name!r} is named already; every arm needs its own.", "name")
        arms[name] = arm.whole("n", least=1)
    if "arm" not in top.keys:
        listed = [claim.get("arms") for _, claim in claims]
        names = [name for one in listed if isinstance(one, list) for name in one if isinstance(name, str)]
        arms = dict.fromkeys(name.strip() for name in names)
        if arms:
            top.remark(f"no [[arm]] is given: the arms are those of the claims ({', '.join(arms)}).", "arm")
    return arms


def _read_trial(keys: object, arms: Arms, problems: Problems) -> Trial | None:
    if not isinstance(keys, Mapping):
        problems.add(("study",), "is missing: add [study] with key and title.")
        return None
    study = Entry(keys, ("study",), problems, STUDY_KEYS)
    texts = {key: study.text(key, required=key in ("key", "title")) for key in _STUDY_TEXTS}
    alpha = keys.get("alpha")
    if alpha is None:
        study.remark("no alpha is given: 0.05, two-sided, is used.", "alpha")
        alpha = 0.05
    elif isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not 0 < alpha < 1:
        study.add(f"{alpha!r} must be a number strictly between 0 and 1.", "alpha")
    year, registry = study.whole("year", least=1), study.texts("registry")
    return Trial(**texts, year=year, registry=registry, alpha=alpha, n_randomised=MappingProxyType(dict(arms)))


def _read_claims(claims: Sequence[Keys], arms: Arms, problems: Problems) -> list[Claim | None]:
    first: dict[str, Path] = {}
    records = []
    for path, table in claims:
        records.append(read_claim(table, path, arms, problems))
        name = table.get("id")
        if isinstance(name, str) and first.setdefault(name, path) != path:
            where = problems.locate((*first[name], "id"))
            problems.add((*path, "id"), f"{name!r} stands at {where} already; every claim needs its own.")
    return records


def _read_layout(table: Entry, arms: Arms, open_beside: Opener | None) -> Layout:
    columns = _read_columns(table, arms)
    layout = Layout(
        key=table.text("key", required=True),
        title=table.text("title"),
        role=table.choice("role", ROLES),
        endpoint=table.text("endpoint", required=True),
        about=table.texts("about"),
        arm_column=table.text("arm"),
        columns=columns,
        compare=_read_compare(table, columns),
        n=MappingProxyType(_read_header_n(table, arms)),
        text=_read_text(table, open_beside),
    )
    if any(not column.arm for column in columns) and not layout.arm_column:
        table.add('a column without an arm needs arm = "..." to name the column that says it.', "results")
    return layout


def _read_columns(table: Entry, arms: Arms) -> tuple[Column, ...]:
    results = table.keys.get("results")
    if not isinstance(results, Mapping) or not results:
        table.add('must name the columns of results, such as results.drug = { arm = "drug" }.', "results")
        return ()
    found = []
    for name, keys in results.items():
        if not isinstance(keys, Mapping):
            table.add(f'{keys!r} must be a table such as {{ arm = "drug", visit = "week 12" }}.', "results", name)
            continue
        column = Entry(keys, (*table.path, "results", name), table.problems, ("arm", "visit"))
        arm = column.text("arm")
        if arm and arm not in arms:
            column.add(unknown_name("arm", arm, arms))
        found.append(Column(name, arm, column.text("visit")))
    return tuple(found)


def _read_compare(table: Entry, columns: tuple[Column, ...]) -> tuple[tuple[str, str, str], ...]:
    listed = table.keys.get("compare", [])
    names = [column.name for column in columns]
    found = []
    for keys in listed if isinstance(listed, list) else [listed]:
        pair = keys.get("columns") if isinstance(keys, Mapping) else None
        if not isinstance(pair, list) or len(pair) != 2:
            table.add(f'{keys!r} must be {{ columns = ["drug", "placebo"], p = "p_value" }}.', "compare")
            continue
        entry = Entry(keys, (*table.path, "compare"), table.problems, ("columns", "p"))
        for name in pair:
            if name not in names:
                entry.add(unknown_name("column", name, names))
        found.append((str(pair[0]), str(pair[1]), entry.text("p")))
    return tuple(found)


def _read_header_n(table: Entry, arms: Arms) -> dict[str, int]:
    by_arm = table.keys.get("n", {})
    if not isinstance(by_arm, Mapping):
        table.add(f'{by_arm!r} must give the patients of each arm, such as {{ "drug" = 30 }}.', "n")
        return {}
    header = Entry(by_arm, (*table.path, "n"), table.problems, tuple(by_arm))
    found = {}
    for arm in by_arm:
        if arm not in arms:
            header.add(unknown_name("arm", arm, arms), arm)
        elif (n := header.whole(arm, least=1)) is not None:
            found[arm] = n
    return found


def _read_text(table: Entry, open_beside: Opener | None) -> str:
    text = table.keys.get("csv")
    if isinstance(text, str):
        return text.lstrip("\n")
    name = "" if "csv" in table.keys else table.text("file")
    if "csv" in table.keys:
        table.add("must be a text in three quotes.", "csv")
    elif not name:
        table.add("is missing: name the csv file beside this one, or put the table in csv.", "file")
    elif open_beside is None:
        table.add(f"{name!r} cannot be opened from here: put the table in csv.", "file")
    else:
        try:
            return open_beside(name)
        except InputError as error:
            table.problems.found.append(str(error))
    return ""
