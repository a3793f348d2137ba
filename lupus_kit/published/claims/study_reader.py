"""From the keys of a claims file to a study, every problem found on the way."""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.published.claim import ROLES, Claim
from lupus_kit.published.claims.claim_reader import read_claim
from lupus_kit.published.claims.problems import Path, Problems
from lupus_kit.published.study import Study, Trial
from lupus_kit.published.tables import Column, Layout, read_table

FORMAT = 1
_STUDY_TEXTS = (
    *("key", "title", "authors", "journal", "volume", "pages", "published_online", "doi"),
    *("source", "notice", "note"),
)
STUDY_KEYS = (*_STUDY_TEXTS, "year", "registry", "alpha", "claims")
ARM_KEYS = ("name", "n", "note")
TABLE_KEYS = ("key", "title", "role", "endpoint", "about", "arm", "results", "compare", "n", "file", "csv")
TOP_KEYS = ("format", "study", "arm", "claim", "table")
#: Opens a file that stands beside the claims file; raises InputError.
Opener = Callable[[str], str]


def build(
    raw: Mapping[str, Any],
    problems: Problems,
    more_claims: Sequence[tuple[Path, Mapping[str, Any]]] = (),
    open_beside: Opener | None = None,
    beside: Callable[[str], Problems] | None = None,
) -> Study | None:
    """Build a study from the keys of a claims file.

    Parameters
    ----------
    raw : mapping
        The parsed file.
    problems : Problems
        Takes everything that is wrong; where there is anything, no study is returned.
    more_claims : sequence of (path, mapping)
        Claims that stand in a csv file of their own.
    open_beside : callable, optional
        Reads a file beside the claims file; without it, tables stand in the file itself.
    beside : callable, optional
        Makes the problems of a file beside the claims file, by its name.

    Returns
    -------
    Study or None
    """
    problems.check_keys(raw, (), TOP_KEYS)
    if raw.get("format", FORMAT) != FORMAT:
        problems.add(("format",), f"{raw['format']!r} is not a format this version reads: write format = {FORMAT}.")
    claims = [*_entries(raw, "claim", problems), *more_claims]
    tables = _entries(raw, "table", problems)
    arms = _read_arms(raw, claims, problems)
    trial = _read_trial(raw, arms, problems)
    records = _read_claims(claims, arms, problems)
    layouts: dict[str, Layout] = {}
    frames: dict[str, pd.DataFrame] = {}
    for path, table in tables:
        layout = _read_layout(table, path, arms, problems, open_beside)
        if layout is None:
            continue
        if layout.key in layouts:
            problems.add((*path, "key"), f"{layout.key!r} is used already; every table needs its own.")
        name = table.get("file")
        of_table = beside(name) if beside and isinstance(name, str) else _within(problems, path)
        frames[layout.key] = read_table(layout, arms, of_table)
        if of_table is not problems:
            problems.found += of_table.found
        layouts[layout.key] = layout
    if not claims and not tables and not problems.found:
        problems.add(("claim",), "there is no [[claim]]: add at least one.")
    if not problems.found:  # else a pointer may lead to what could not be read
        _check_pointers(records, claims, layouts, frames, problems)
    if problems.found or trial is None:
        return None
    named = [layout.key for layout in layouts.values()]
    return Study(
        trial,
        tuple(claim for claim in records if claim is not None),
        MappingProxyType({key: frames[key] for key in named}),
        MappingProxyType(layouts),
        tuple(problems.remarks),
    )


def _within(problems: Problems, path: Path) -> Problems:
    """Locate the lines of a table that stands in the claims file itself."""
    return Problems(lambda at: f"{problems.locate((*path, 'csv'))}, line {at[0]} of the table" + _column(at))


def _column(at: Path) -> str:
    return f", column {at[1]}" if len(at) > 1 else ""


def _entries(raw: Mapping[str, Any], key: str, problems: Problems) -> list[tuple[Path, Mapping[str, Any]]]:
    value = raw.get(key, [])
    if not isinstance(value, list):
        problems.add((key,), f"must be a list of tables: write [[{key}]], with two brackets.")
        return []
    found: list[tuple[Path, Mapping[str, Any]]] = []
    for number, entry in enumerate(value):
        if isinstance(entry, Mapping):
            found.append(((key, number), entry))
        else:
            problems.add((key,), f"{entry!r} must be a table of keys: write [[{key}]].")
    return found


def _read_arms(
    raw: Mapping[str, Any], claims: Sequence[tuple[Path, Mapping[str, Any]]], problems: Problems
) -> dict[str, int | None]:
    arms: dict[str, int | None] = {}
    for path, entry in _entries(raw, "arm", problems):
        problems.check_keys(entry, path, ARM_KEYS)
        name = problems.text(entry, path, "name", required=True)
        if name in arms:
            problems.add((*path, "name"), f"{name!r} is named already; every arm needs its own.")
        arms[name] = problems.whole(entry, path, "n", least=1)
    if "arm" not in raw:
        for _, claim in claims:
            listed = claim.get("arms")
            for name in listed if isinstance(listed, list) else []:
                if isinstance(name, str):
                    arms.setdefault(name.strip(), None)
        if arms:
            problems.remark(("arm",), f"no [[arm]] is given: the arms are those of the claims ({', '.join(arms)}).")
    return arms


def _read_trial(raw: Mapping[str, Any], arms: dict[str, int | None], problems: Problems) -> Trial | None:
    table, path = raw.get("study"), ("study",)
    if not isinstance(table, Mapping):
        problems.add(path, "is missing: add [study] with key and title.")
        return None
    problems.check_keys(table, path, STUDY_KEYS)
    texts = {key: problems.text(table, path, key, required=key in ("key", "title")) for key in _STUDY_TEXTS}
    alpha = table.get("alpha")
    if alpha is None:
        problems.remark((*path, "alpha"), "no alpha is given: 0.05, two-sided, is used.")
        alpha = 0.05
    elif isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not 0 < alpha < 1 or math.isnan(alpha):
        problems.add((*path, "alpha"), f"{alpha!r} must be a number strictly between 0 and 1.")
    return Trial(
        **texts,
        year=problems.whole(table, path, "year", least=1),
        registry=problems.texts(table, path, "registry"),
        alpha=alpha,
        n_randomised=MappingProxyType(dict(arms)),
    )


def _read_claims(
    claims: Sequence[tuple[Path, Mapping[str, Any]]], arms: dict[str, int | None], problems: Problems
) -> list[Claim | None]:
    first: dict[object, Path] = {}
    records = []
    for path, table in claims:
        records.append(read_claim(table, path, arms, problems))
        name = table.get("id")
        if isinstance(name, str) and name in first:
            where = problems.locate((*first[name], "id"))
            problems.add((*path, "id"), f"{name!r} stands at {where} already; every claim needs its own.")
        elif isinstance(name, str):
            first[name] = path
    return records


def _read_layout(
    table: Mapping[str, Any], path: Path, arms: dict[str, int | None], problems: Problems, open_beside: Opener | None
) -> Layout | None:
    before = len(problems.found)
    problems.check_keys(table, path, TABLE_KEYS)
    columns = _read_columns(table, path, arms, problems)
    layout = Layout(
        key=problems.text(table, path, "key", required=True),
        title=problems.text(table, path, "title"),
        role=problems.choice(table, path, "role", ROLES),
        endpoint=problems.text(table, path, "endpoint", required=True),
        about=problems.texts(table, path, "about"),
        arm_column=problems.text(table, path, "arm"),
        columns=columns,
        compare=_read_compare(table, path, columns, problems),
        n=MappingProxyType(_read_header_n(table, path, arms, problems)),
        text=_read_text(table, path, problems, open_beside),
    )
    if any(not column.arm for column in columns) and not layout.arm_column:
        problems.add((*path, "results"), 'a column without an arm needs arm = "..." to name the column that says it.')
    return layout if len(problems.found) == before else None


def _read_columns(
    table: Mapping[str, Any], path: Path, arms: dict[str, int | None], problems: Problems
) -> tuple[Column, ...]:
    results, where = table.get("results"), (*path, "results")
    if not isinstance(results, Mapping) or not results:
        problems.add(where, 'must name the columns of results, such as results.drug = { arm = "drug" }.')
        return ()
    found = []
    for name, said in results.items():
        if not isinstance(said, Mapping):
            problems.add((*where, name), f'{said!r} must be a table such as {{ arm = "drug", visit = "week 12" }}.')
            continue
        problems.check_keys(said, (*where, name), ("arm", "visit"))
        arm = problems.text(said, (*where, name), "arm")
        if arm and arm not in arms:
            problems.add((*where, name), unknown_name("arm", arm, arms))
        found.append(Column(name, arm, problems.text(said, (*where, name), "visit")))
    return tuple(found)


def _read_compare(
    table: Mapping[str, Any], path: Path, columns: tuple[Column, ...], problems: Problems
) -> tuple[tuple[str, str, str], ...]:
    listed, where = table.get("compare", []), (*path, "compare")
    names = [column.name for column in columns]
    found = []
    for entry in listed if isinstance(listed, list) else [listed]:
        pair = entry.get("columns") if isinstance(entry, Mapping) else None
        if not isinstance(entry, Mapping) or not isinstance(pair, list) or len(pair) != 2:
            problems.add(where, f'{entry!r} must be {{ columns = ["drug", "placebo"], p = "p_value" }}.')
            continue
        problems.check_keys(entry, where, ("columns", "p"))
        for name in pair:
            if name not in names:
                problems.add(where, unknown_name("column", name, names))
        found.append((str(pair[0]), str(pair[1]), problems.text(entry, where, "p")))
    return tuple(found)


def _read_header_n(
    table: Mapping[str, Any], path: Path, arms: dict[str, int | None], problems: Problems
) -> dict[str, int]:
    by_arm, where = table.get("n", {}), (*path, "n")
    if not isinstance(by_arm, Mapping):
        problems.add(where, f'{by_arm!r} must give the patients of each arm, such as {{ "drug" = 30 }}.')
        return {}
    found = {}
    for arm in by_arm:
        if arm not in arms:
            problems.add((*where, arm), unknown_name("arm", arm, arms))
        elif (n := problems.whole(by_arm, where, arm, least=1)) is not None:
            found[arm] = n
    return found


def _read_text(table: Mapping[str, Any], path: Path, problems: Problems, open_beside: Opener | None) -> str:
    if "csv" in table:
        text = table["csv"]
        if not isinstance(text, str):
            problems.add((*path, "csv"), "must be a text in three quotes.")
            return ""
        return text.lstrip("\n")
    name = problems.text(table, path, "file")
    if not name:
        problems.add((*path, "file"), "is missing: name the csv file beside this one, or put the table in csv.")
        return ""
    if open_beside is None:
        problems.add((*path, "file"), f"{name!r} cannot be opened from here: put the table in csv.")
        return ""
    try:
        return open_beside(name)
    except InputError as error:
        problems.found.append(str(error))
        return ""


def _check_pointers(
    records: Sequence[Claim | None],
    claims: Sequence[tuple[Path, Mapping[str, Any]]],
    layouts: Mapping[str, Layout],
    frames: Mapping[str, pd.DataFrame],
    problems: Problems,
) -> None:
    """Check that every claim that points to a table row points to one that is there."""
    for claim, (path, _) in zip(records, claims, strict=True):
        if claim is None or not claim.table_row:
            continue
        name, _, row = claim.table_row.partition("/")
        if name not in layouts or row not in set(frames[name][layouts[name].endpoint]):
            known = ", ".join(map(repr, layouts)) or "none"
            problems.add(
                (*path, "table_row"),
                f"{claim.table_row!r} points to no row; write table/row, with one of the tables {known}.",
            )
