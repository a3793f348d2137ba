"""A study as it was printed: citation, claims of the abstract, tables."""

from __future__ import annotations

import csv
import html
import io
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from lupus_kit._errors import InputError, unknown_name
from lupus_kit.published.printed import PrintedValue, parse_p, parse_value

CLAIM_COLUMNS = (
    "id endpoint visit role arm_a reported_a arm_b reported_b reported_p note table_row".split()  # noqa: SIM905
)
# Per table: the columns that describe a row, then (arm, visit) of each result column. The arm None stands for
# "the column named arm says which".
_LAYOUTS: dict[str, tuple[tuple[str, ...], dict[str, tuple[str | None, str]], tuple[str, ...]]] = {
    "table1": (
        ("characteristic", "summary"),
        {"il2": ("IL-2", "baseline"), "placebo": ("placebo", "baseline")},
        ("reported_p",),
    ),
    "table2": (
        ("characteristic", "summary", "arm"),
        {"baseline": (None, "baseline"), "week12": (None, "week 12"), "week24": (None, "week 24")},
        ("reported_p_0_12", "reported_p_0_24"),
    ),
    "table3": (("event", "level"), {"il2_n29": ("IL-2", ""), "placebo_n30": ("placebo", "")}, ()),
}
_TYPED = list(PrintedValue.__dataclass_fields__)
_INTEGERS = ["count", "n"]


@dataclass(frozen=True)
class Trial:
    """Where the numbers come from.

    Attributes
    ----------
    key : str
        Name of the study in the kit.
    title, authors, journal, volume, pages, published_online, doi, notice : str
        The citation, and the licence notice.
    year : int
        Year of the printed issue.
    registry : tuple of str
        Trial registration numbers.
    n_randomised : mapping of str to int
        Patients randomised, by arm; the first arm is ``arm_a`` of the claims.
    alpha : float
        Two-sided significance level of the paper.
    """

    key: str
    title: str
    authors: str
    journal: str
    year: int
    volume: str
    pages: str
    published_online: str
    doi: str
    registry: tuple[str, ...]
    notice: str
    alpha: float
    n_randomised: Mapping[str, int]

    @property
    def citation(self) -> str:
        """The reference in one line."""
        return (
            f"{self.authors} {self.title}. {self.journal} {self.year};{self.volume}:{self.pages}. "
            f"doi:{self.doi}. Registered as {' and '.join(self.registry)}."
        )


@dataclass(frozen=True)
class Study:
    """The printed numbers of one study.

    Attributes
    ----------
    trial : Trial
        Citation, DOI, registration, licence notice.
    claims : pandas.DataFrame
        The abstract's comparisons, one row each: the printed strings (``reported_a``, ``reported_b``,
        ``reported_p``) and beside them the typed ``count_a``, ``n_a``, ``percent_a`` (likewise ``_b``),
        ``p_relation``, ``p_value`` and ``p_decimals``. ``table_row`` (``"table3/Severe infection"``) is the kit's own
        pointer to the table row that prints the same comparison.
    tables : mapping of str to pandas.DataFrame
        ``"table1"`` to ``"table3"``, long: one row per printed cell, with the string in ``printed`` and the
        typed ``count n n_source percent median low high mean sd`` beside it. ``line`` is the line in the data file.
    """

    trial: Trial
    claims: pd.DataFrame
    tables: Mapping[str, pd.DataFrame]
    _titles: Mapping[str, str]

    def to_frame(self) -> pd.DataFrame:
        """Return the claims as a tidy frame."""
        return self.claims.copy()

    def _repr_html_(self) -> str:
        trial = self.trial
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td style='text-align:left'>{html.escape(str(value))}</td>"
                for value in (
                    f"{row.endpoint}{', ' + row.visit if row.visit else ''}",
                    row.role,
                    f"{row.arm_a} {row.reported_a}",
                    f"{row.arm_b} {row.reported_b}",
                    row.reported_p or "not printed",
                )
            )
            + "</tr>"
            for row in self.claims.itertuples()
        )
        tables = "".join(
            f"<li><code>.tables[{key!r}]</code>: {html.escape(self._titles[key])} ({frame['line'].nunique()} rows)</li>"
            for key, frame in self.tables.items()
        )
        return (
            f"<b>{html.escape(trial.authors)}</b> {html.escape(trial.title)}. <em>{html.escape(trial.journal)}</em> "
            f"{trial.year};{html.escape(trial.volume)}:{html.escape(trial.pages)}. "
            f"<a href='https://doi.org/{html.escape(trial.doi)}'>doi:{html.escape(trial.doi)}</a> · "
            f"{html.escape(', '.join(trial.registry))}"
            "<table><caption style='text-align:left'>Claims of the abstract, as printed</caption>"
            "<tr><th>endpoint</th><th>role</th><th>first arm</th><th>second arm</th><th>p</th></tr>"
            f"{rows}</table><ul>{tables}</ul><small>{html.escape(trial.notice)}</small>"
        )


def _rows(folder: Traversable | Path, name: str, columns: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells of each row of a csv file, every cell a string, every row complete."""
    try:
        text = folder.joinpath(name).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{name} is missing in {folder}: a study needs study.toml and {name}.") from None
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text (byte {error.start}): save it as UTF-8.") from None
    reader = csv.DictReader(io.StringIO(text))
    if reader.fieldnames is None or list(reader.fieldnames) != columns:
        raise InputError(
            f"{name}, line 1: the columns are {', '.join(reader.fieldnames or []) or 'missing'}; "
            f"expected {', '.join(columns)}."
        )
    for row in reader:
        if None in row or None in row.values():
            found = sum(value is not None for key, value in row.items() if key) + len(row.get(None, ()))
            raise InputError(
                f"{name}, line {reader.line_num}: {found} cells where the header has {len(columns)}; "
                "a cell with a comma needs quotes."
            )
        yield reader.line_num, row


def _located(name: str, line: int, column: str, error: InputError) -> InputError:
    return InputError(f"{name}, line {line}, column {column}: {error}")


def _read_claims(folder: Traversable | Path, n_randomised: Mapping[str, int]) -> pd.DataFrame:
    rows = []
    first_line: dict[str, int] = {}
    for line, row in _rows(folder, "abstract.csv", CLAIM_COLUMNS):
        if row["id"] in first_line:
            raise InputError(
                f"abstract.csv, line {line}, column id: {row['id']!r} stands in line {first_line[row['id']]} already; "
                "every claim needs its own."
            )
        first_line[row["id"]] = line
        record: dict[str, object] = dict(row)
        for side in ("a", "b"):
            column, arm = f"reported_{side}", row[f"arm_{side}"]
            if arm not in n_randomised:
                raise _located("abstract.csv", line, f"arm_{side}", unknown_name("arm", arm, n_randomised))
            try:
                value = parse_value(row[column])
            except InputError as error:
                raise _located("abstract.csv", line, column, error) from None
            record |= {f"count_{side}": value.count, f"n_{side}": value.n, f"percent_{side}": value.percent}
        record |= {"p_relation": None, "p_value": None, "p_decimals": None}
        if row["reported_p"]:
            try:
                relation, p, n_decimals = parse_p(row["reported_p"])
            except InputError as error:
                raise _located("abstract.csv", line, "reported_p", error) from None
            record |= {"p_relation": relation, "p_value": p, "p_decimals": n_decimals}
        rows.append(record)
    claims = pd.DataFrame(rows)
    if claims.empty:
        raise InputError("abstract.csv holds no claim: add at least one row.")
    integers = ["count_a", "n_a", "count_b", "n_b", "p_decimals"]
    numbers = ["percent_a", "percent_b", "p_value"]
    return claims.astype(dict.fromkeys(integers, "Int64") | dict.fromkeys(numbers, "Float64"))


def _read_table(
    folder: Traversable | Path, name: str, n_header: Mapping[str, int], n_randomised: Mapping[str, int]
) -> pd.DataFrame:
    labels, results, p_columns = _LAYOUTS[name]
    rows = []
    for line, row in _rows(folder, f"{name}.csv", [*labels, *results, *p_columns]):
        for column in p_columns:
            if not row[column]:  # not printed
                continue
            try:
                parse_p(row[column])
            except InputError as error:
                raise _located(f"{name}.csv", line, column, error) from None
        for column, (fixed_arm, visit) in results.items():
            arm = fixed_arm or row["arm"]
            if arm not in n_randomised:
                raise _located(f"{name}.csv", line, "arm", unknown_name("arm", arm, n_randomised))
            try:
                value = parse_value(row[column], n_header.get(arm), n_randomised[arm])
            except InputError as error:
                raise _located(f"{name}.csv", line, column, error) from None
            record: dict[str, object] = {
                "line": line,
                **{label: row[label] for label in labels if label != "arm"},
            }
            record |= {"arm": arm, "visit": visit, "printed": row[column]} | value.as_dict()
            rows.append(record | {column: row[column] for column in p_columns})
    if not rows:
        raise InputError(f"{name}.csv holds no row: add at least one, or leave the table out of study.toml.")
    frame = pd.DataFrame(rows)
    floats = [column for column in _TYPED if column not in (*_INTEGERS, "n_source")]
    frame = frame.astype(dict.fromkeys(_INTEGERS, "Int64") | dict.fromkeys(floats, "Float64"))
    return frame if frame["visit"].any() else frame.drop(columns="visit")


def _check_citation(raw: Mapping[str, object]) -> None:
    """Check the type of every key of study.toml but the tables."""
    for name in ("key", "title", "authors", "journal", "volume", "pages", "published_online", "doi", "notice"):
        if not isinstance(raw[name], str):
            raise InputError(f"study.toml: {name} == {raw[name]!r} must be a text in quotes.")
    registry, year, alpha = raw["registry"], raw["year"], raw["alpha"]
    if not isinstance(registry, list) or not all(isinstance(entry, str) for entry in registry):
        raise InputError(f'study.toml: registry == {registry!r} must be a list of texts, such as ["NCT02465580"].')
    if isinstance(year, bool) or not isinstance(year, int):
        raise InputError(f"study.toml: year == {year!r} must be a whole number.")
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not 0 < alpha < 1:
        raise InputError(f"study.toml: alpha == {alpha!r} must be a number strictly between 0 and 1.")


def _check_patients(key: str, by_arm: object, arms: Iterable[str]) -> None:
    """Check a table of patients by arm."""
    if not isinstance(by_arm, dict) or not by_arm:
        raise InputError(f'study.toml: {key} == {by_arm!r} must give the patients of each arm, such as {{ "A" = 30 }}.')
    for arm, n in by_arm.items():
        if arm not in arms:
            raise InputError(f"study.toml, {key}: {unknown_name('arm', arm, arms)}")
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise InputError(f"study.toml: {key}, arm {arm!r}: {n!r} must be a whole number of 1 or more.")


def _read_study(folder: Traversable | Path) -> Study:
    try:
        raw = tomllib.loads(folder.joinpath("study.toml").read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError(f"study.toml is missing in {folder}: it holds the citation and the arms.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"study.toml cannot be read: {error}.") from None
    tables = raw.pop("tables", {})
    fields = set(Trial.__dataclass_fields__)
    if missing := sorted(fields - set(raw)):
        raise InputError(f"study.toml: key {', '.join(missing)} is missing.")
    if extra := sorted(set(raw) - fields):
        raise InputError(f"study.toml: unknown key {', '.join(extra)}; allowed: {', '.join(sorted(fields))}, tables.")
    _check_citation(raw)
    counts = {"n_randomised": raw["n_randomised"]} | {f"tables.{k}.n": t["n"] for k, t in tables.items() if "n" in t}
    for key, by_arm in counts.items():
        _check_patients(key, by_arm, raw["n_randomised"])
    trial = Trial(
        **{**raw, "registry": tuple(raw["registry"]), "n_randomised": MappingProxyType(dict(raw["n_randomised"]))}
    )
    for name in tables:
        if name not in _LAYOUTS:
            raise unknown_name("table", name, _LAYOUTS)
    frames = {name: _read_table(folder, name, table.get("n", {}), trial.n_randomised) for name, table in tables.items()}
    titles = {name: table.get("title", "") for name, table in tables.items()}
    claims = _read_claims(folder, trial.n_randomised)
    _check_pointers(claims, frames)
    return Study(trial, claims, MappingProxyType(frames), MappingProxyType(titles))


def _check_pointers(claims: pd.DataFrame, frames: Mapping[str, pd.DataFrame]) -> None:
    """Check that every claim that points to a table row points to one that is there."""
    for claim in claims[claims["table_row"] != ""].itertuples():
        name, _, row = str(claim.table_row).partition("/")
        frame = frames.get(name)
        labels = [] if frame is None else list(frame["event" if "event" in frame else "characteristic"].unique())
        if row not in labels:
            where = f"abstract.csv, claim {claim.id!r}, column table_row: {claim.table_row!r}"
            known = ", ".join(map(repr, frames)) or "none"
            raise InputError(f"{where} points to no row; write table/row, with one of the tables {known}.")


def studies() -> list[str]:
    """Return the names of the studies that ship with the kit.

    Examples
    --------
    >>> studies()
    ['he2020']
    """
    data = resources.files("lupus_kit.published").joinpath("data")
    return sorted(entry.name for entry in data.iterdir() if entry.is_dir())


@cache
def _shipped(name: str) -> Study:
    return _read_study(resources.files("lupus_kit.published").joinpath("data", name))


def load(study: str | Path) -> Study:
    """Load the printed numbers of a study.

    Parameters
    ----------
    study : str or pathlib.Path
        Name of a study that ships with the kit (see :func:`studies`), or a folder with ``study.toml``,
        ``abstract.csv`` and the tables that ``study.toml`` names.

    Returns
    -------
    Study
        Fresh frames: changing them changes nothing in the kit.

    Raises
    ------
    InputError
        Unknown study, a missing file, or a cell that cannot be read (with file, line and column).

    References
    ----------
    He J, Zhang R, Shao M, et al. Ann Rheum Dis 2020;79:141-149. doi:10.1136/annrheumdis-2019-215396.

    Examples
    --------
    >>> study = load("he2020")
    >>> study.claims[["id", "reported_a", "reported_b", "reported_p"]].head(2)
                id reported_a reported_b reported_p
    0  sri4_week12     55.17%     30.00%      0.052
    1  sri4_week24     65.52%     36.67%      0.027
    """
    if isinstance(study, Path) or (isinstance(study, str) and ("/" in study or "\\" in study)):
        folder = Path(study)
        if not folder.is_dir():
            raise InputError(
                f"there is no folder {str(study)!r}: give a folder with study.toml, or one of {studies()}."
            )
        return _read_study(folder)
    if study not in studies():
        raise unknown_name("study", study, studies())
    shipped = _shipped(study)
    tables = MappingProxyType({name: frame.copy() for name, frame in shipped.tables.items()})
    return Study(shipped.trial, shipped.claims.copy(), tables, shipped._titles)
