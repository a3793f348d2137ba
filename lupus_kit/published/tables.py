"""Tables of a paper: csv text in the shape they are printed in, made long, with the comparisons they hold."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.published.claim import Claim
from lupus_kit.published.claims.problems import Problems, csv_rows
from lupus_kit.published.printed import PrintedValue, parse_value, read_p

_TYPED = list(PrintedValue.__dataclass_fields__)
_INTEGERS = ["count", "n"]
#: A row that says so in one of its words prints both groups ("27/3" women and men), not a count and its total.
_TWO_GROUPS = "count/count"
Cell = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """What stands in one column of results; ``arm`` is empty where the row names it."""

    name: str
    arm: str = ""
    visit: str = ""


@dataclass(frozen=True)
class Layout:
    """How a table is read.

    Attributes
    ----------
    key, title, role : str
        Name of the table, what it shows, and the role of its rows.
    endpoint : str
        The column that names the row.
    about : tuple of str
        Other columns of words.
    arm_column : str
        The column that names the arm, where a row is about one arm.
    columns : tuple of Column
        The columns of results.
    compare : tuple of (str, str, str)
        Two columns of results that are compared, and the column with their p-value (empty where none is printed).
    n : mapping of str to int
        Patients of each arm by the header of the table.
    text : str
        The csv text.
    """

    key: str
    title: str
    role: str
    endpoint: str
    about: tuple[str, ...]
    arm_column: str
    columns: tuple[Column, ...]
    compare: tuple[tuple[str, str, str], ...]
    n: Mapping[str, int]
    text: str

    @property
    def words(self) -> tuple[str, ...]:
        """Columns of words, in order."""
        return (self.endpoint, *self.about, *((self.arm_column,) if self.arm_column else ()))

    @property
    def p_columns(self) -> tuple[str, ...]:
        """Columns of p-values, in order."""
        return tuple(dict.fromkeys(p for _, _, p in self.compare if p))

    @property
    def header(self) -> list[str]:
        """Every column of the csv text."""
        return [*self.words, *(column.name for column in self.columns), *self.p_columns]

    def wrong_header(self, names: list[str]) -> list[str]:
        """Say which columns are there and which should be, where these differ."""
        if sorted(names) == sorted(self.header):
            return []
        return [f"the columns are {', '.join(names) or 'missing'}; expected {', '.join(self.header)}."]

    def slash(self, row: Mapping[str, str]) -> str:
        """Say what ``"27/3"`` means in this row, for :func:`parse_value`."""
        return "other" if any(row[name] == _TWO_GROUPS for name in self.about) else "total"


def read_table(layout: Layout, n_randomised: Mapping[str, int | None], problems: Problems) -> pd.DataFrame:
    """Make a table long: one row per printed cell, with typed columns beside it."""
    records: list[dict[str, object]] = []
    seen = False
    before = len(problems.found)
    for line, row in csv_rows(layout.text, layout.wrong_header, problems):
        seen = True
        p_values = {name: _p_cell(row[name], (line, name), problems) for name in layout.p_columns}
        if layout.arm_column and row[layout.arm_column] not in n_randomised:
            problems.add((line, layout.arm_column), unknown_name("arm", row[layout.arm_column], n_randomised))
            continue
        for column in layout.columns:
            arm = column.arm or row[layout.arm_column]
            try:
                value = parse_value(row[column.name], layout.n.get(arm), n_randomised[arm], layout.slash(row))
            except InputError as error:
                problems.add((line, column.name), error)
                continue
            record: dict[str, object] = {"line": line} | {name: row[name] for name in (layout.endpoint, *layout.about)}
            record |= {"arm": arm, "visit": column.visit, "printed": row[column.name]} | asdict(value)
            records.append(record | p_values)
    if not seen and len(problems.found) == before:
        problems.add((1,), "holds no row: add at least one, or leave the table out.")
    names = ["line", layout.endpoint, *layout.about, "arm", "visit", "printed", *_TYPED, *layout.p_columns]
    frame = pd.DataFrame(records, columns=names)
    floats = [name for name in _TYPED if name not in (*_INTEGERS, "n_source")]
    frame = frame.astype(dict.fromkeys(_INTEGERS, "Int64") | dict.fromkeys(floats, "Float64"))
    return frame if any(column.visit for column in layout.columns) else frame.drop(columns="visit")


def _p_cell(text: str, path: tuple[int, str], problems: Problems) -> str:
    try:
        return read_p(text).text if text else ""  # empty: not printed
    except InputError as error:
        problems.add(path, error)
        return text


def _kind(cells: list[PrintedValue], paired: bool) -> str:
    if all(cell.mean is not None for cell in cells):
        return "mean"
    if all(cell.median is not None for cell in cells):
        return "median"
    return "paired" if paired else "binary"


def cells_of(frame: pd.DataFrame) -> list[Cell]:
    """Return the rows of a table, which are the cells of the printed one."""
    names, columns = [str(name) for name in frame], [frame[name].tolist() for name in frame]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def table_claims(layout: Layout, frame: pd.DataFrame) -> list[Claim]:
    """Return the comparisons that a table holds, one for each row and pair of columns compared.

    Parameters
    ----------
    layout : Layout
        How the table is read.
    frame : pandas.DataFrame
        The table as :func:`read_table` made it.

    Returns
    -------
    list of Claim
        In printed order. Where the number of patients of a cell is not printed, that of the other cells of the
        same row and arm is taken if they agree, and the claim says so.
    """
    claims: list[Claim] = []
    names = [column.name for column in layout.columns]
    rows: dict[int, list[Cell]] = {}
    for cell in cells_of(frame):
        rows.setdefault(int(cell["line"]), []).append(cell)
    for number, cells in enumerate(rows.values(), start=1):
        for first, second, p_column in layout.compare:
            pair = [cells[names.index(first)], cells[names.index(second)]]
            claims.append(_table_claim(layout, f"{layout.key}.{number}", cells, pair, p_column))
    return claims


def _table_claim(layout: Layout, row_id: str, cells: list[Cell], pair: list[Cell], p_column: str) -> Claim:
    first, second = pair
    arms = tuple(dict.fromkeys(str(cell["arm"]) for cell in pair))
    visits = tuple(str(cell.get("visit", "")) for cell in pair)
    paired = len(arms) == 1
    slash = layout.slash(first)
    values = [parse_value(str(cell["printed"]), slash=slash) for cell in pair]
    n, assumed = _analysed(cells, pair, layout.n)
    name, line = str(first[layout.endpoint]), first["line"]
    return Claim(
        id=f"{row_id}.{p_column}" if len(layout.compare) > 1 else row_id,
        endpoint=name,
        arms=arms,
        reported=(str(first["printed"]), str(second["printed"])),
        # Two visits of one arm are the comparison itself.
        visit="" if paired or visits[0] != visits[1] else visits[0],
        visits=visits if paired else (),
        role=layout.role,
        kind=_kind(values, paired),
        n=n,
        p=str(first[p_column]) if p_column else "",
        source=f"{layout.key}, line {line}" + (f" ({arms[0]})" if paired else ""),
        note="; ".join(str(first[name]) for name in layout.about),
        assumed=assumed,
        table_row=f"{layout.key}/{name}",
        slash=slash,
    )


def _analysed(cells: list[Cell], pair: list[Cell], header: Mapping[str, int]) -> tuple[tuple[int | None, ...], str]:
    """Patients of both cells, from the cell itself, from the header, or from its neighbours in the row."""
    n: list[int | None] = []
    assumed = ""
    for cell in pair:
        if not pd.isna(cell["n"]) or cell["arm"] in header:
            n.append(header[cell["arm"]] if pd.isna(cell["n"]) else int(cell["n"]))
            continue
        others = {int(other["n"]) for other in cells if other["arm"] == cell["arm"] and not pd.isna(other["n"])}
        n.append(others.pop() if len(others) == 1 else None)
        if n[-1] is not None:
            assumed = "the number of patients is that of the other cells of this row"
    return tuple(n), assumed
