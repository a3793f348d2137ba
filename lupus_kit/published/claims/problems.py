"""Everything that is wrong with an input, told at once, each with its place."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeGuard

from lupus_kit.core import problems as core
from lupus_kit.core.errors import InputError, unknown_name

Path = tuple[str | int, ...]
#: The keys of a claim with an entry for each side, and the columns of a csv file of claims that hold them.
COLUMN_OF = {"arms": "arm", "visits": "visit", "reported": "reported", "n": "n"}
#: The largest number of patients that is read.
MOST = 1_000_000_000
_PLACE = re.compile(r"^(?P<file>.*?), line (?P<line>\d+)")


# What differs between two problems of one kind: the values, in quotes, and the numbers.
_VALUE = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")


def _place(problem: str) -> tuple[str, int]:
    """File and line of a problem; what has no line comes first."""
    match = _PLACE.match(problem)
    return (match["file"], int(match["line"])) if match else ("", 0)


class Problems:
    """Collects what cannot be used, and what was read with a word of explanation.

    Parameters
    ----------
    locate : callable
        Turns a path such as ``("claim", 2, "p")`` into the words that say where it is.
    """

    def __init__(self, locate: Callable[[Path], str]) -> None:
        self.locate = locate
        self.found: list[str] = []
        self.remarks: list[str] = []

    def add(self, path: Path, problem: object) -> None:
        """Note a problem at a place."""
        self.found.append(f"{self.locate(path)}: {problem}")

    def remark(self, path: Path, remark: str) -> None:
        """Note how something was read."""
        self.remarks.append(f"{self.locate(path)}: {remark}")

    def raise_if_any(self, what: str) -> None:
        """Raise one error that lists the problems line by line of each file, at most 20 of a kind."""
        if len(self.found) == 1:
            raise InputError(self.found[0])
        told = core.Problems(what)
        for problem in sorted(self.found, key=_place):
            told.note(problem, kind=_VALUE.sub("…", problem.rpartition(": ")[2]))
        told.raise_if_any()


def is_whole(value: object, least: int) -> TypeGuard[int]:
    """Say whether a value is a whole number of at least so much; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def unusable(value: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Find what no paper prints and nothing can be computed with: numbers that are too large, halves of characters."""
    if isinstance(value, (Mapping, list, tuple)):
        for key, one in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from unusable(one, (*path, key if isinstance(key, (int, str)) else str(key)))
    elif isinstance(value, int) and abs(value) > MOST:
        yield path, f"a whole number above {MOST:,} counts no patients; check the digits."
    elif isinstance(value, str) and not value.isascii() and re.search("[\ud800-\udfff]", value):
        yield path, "the text holds half of a character (a lone surrogate); copy it again."


class Entry:
    """One table of keys of a claims file, read key by key; what cannot be used becomes a problem.

    Parameters
    ----------
    keys : mapping
        The table.
    path : tuple
        Where it stands.
    problems : Problems
        Takes what is wrong and what was understood.
    allowed : tuple of str
        The keys it may have; every other one is named.
    """

    def __init__(self, keys: Mapping[str, Any], path: Path, problems: Problems, allowed: tuple[str, ...]) -> None:
        self.keys, self.path, self.problems = keys, path, problems
        for key in keys:
            if key not in allowed:
                self.add(unknown_name("key", key, allowed), key)

    def add(self, problem: object, *where: str | int) -> None:
        """Note a problem at a key of the table."""
        self.problems.add((*self.path, *where), problem)

    def remark(self, remark: str, *where: str | int) -> None:
        """Note how a key of the table was read."""
        self.problems.remark((*self.path, *where), remark)

    def text(self, key: str, required: bool = False) -> str:
        """Return a text, stripped; empty where it is absent or cannot be used."""
        value = self.keys.get(key, "")
        if not isinstance(value, str):
            quoted = f' Put it in quotes: {key} = "{value}".' if isinstance(value, (int, float)) else ""
            self.add(f"{value!r} must be a text.{quoted}", key)
            return ""
        stripped = value.strip()
        if required and not stripped:
            self.add("is empty." if key in self.keys else "is missing.", key)
        return stripped

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        """Return one of the allowed texts; empty where it is absent."""
        value = self.text(key)
        lowered = " ".join(value.lower().replace("-", " ").split())
        if lowered and lowered not in allowed:
            self.add(unknown_name(key, value, allowed), key)
            return ""
        return lowered

    def _usable(self, key: str, default: Any, usable: Callable[[Any], bool], wanted: str) -> Any:
        """Return a value; the default where it is absent or cannot be used."""
        value = self.keys.get(key, default)
        if usable(value):
            return value
        self.add(f"{value!r} must be {wanted}", key)
        return default

    def whole(self, key: str, least: int = 0) -> int | None:
        """Return a whole number; None where it is absent or cannot be used."""
        wanted = f"a whole number of {least} or more."
        return self._usable(key, None, lambda value: value is None or is_whole(value, least), wanted)  # type: ignore[no-any-return]

    def entries(self, key: str, expected: str) -> list[Any]:
        """Return a list; empty where it is absent or is none."""
        return list(self._usable(key, [], lambda value: isinstance(value, list), f"a list{expected}"))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty where it is absent or cannot be used."""

        def usable(value: object) -> bool:
            return isinstance(value, list) and all(isinstance(entry, str) for entry in value)

        found = self._usable(key, [], usable, 'a list of texts, such as ["drug", "placebo"].')
        return tuple(entry.strip() for entry in found)

    def flag(self, key: str) -> bool:
        """Return true or false; false where it is absent or cannot be used."""
        return bool(self._usable(key, False, lambda value: isinstance(value, bool), "true or false."))


def in_csv(file: str, path: Path) -> str:
    """Say where in a csv file of claims a path stands; the two entries of a list are two columns."""
    if len(path) < 2:
        return f"{file}, line {path[0]}"
    key, side = str(path[1]), path[2] if len(path) > 2 else None
    if key in COLUMN_OF and isinstance(side, int):
        return f"{file}, line {path[0]}, column {COLUMN_OF[key]}_{'ab'[side]}"
    return f"{file}, line {path[0]}, column {'reported_p' if key == 'p' else key}"


def of_csv(file: str) -> Problems:
    """Return the problems of a csv file that stands beside the claims file."""
    return Problems(lambda path: in_csv(file, path))


def csv_rows(
    text: str, wrong_header: Callable[[list[str]], Iterable[object]], problems: Problems, before: int = 0
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and the cells of each complete row of a csv text; every other row is a problem.

    Parameters
    ----------
    text : str
        The csv text.
    wrong_header : callable
        Says what is wrong with the names of the columns; where anything is, no row is read.
    problems : Problems
        Takes what is wrong.
    before : int
        Lines of the file that stand before the text.

    Yields
    ------
    tuple of (int, dict)
    """
    reader = csv.DictReader(io.StringIO(text))
    n_problems = len(problems.found)
    try:
        columns = list(reader.fieldnames or [])
        twice = [f"column {name} stands twice." for name in dict.fromkeys(columns) if columns.count(name) > 1]
        for problem in (*twice, *wrong_header(columns)):
            problems.add((before + 1,), problem)
        if len(problems.found) > n_problems:
            return
        for row in reader:
            line = before + reader.line_num
            if None in row or None in row.values():
                n_found = sum(value is not None for key, value in row.items() if key) + len(row.get(None, ()))
                wanted = f"{n_found} cells where the header has {len(columns)}; a cell with a comma needs quotes."
                problems.add((line,), wanted)
                continue
            yield line, row
    except csv.Error as error:
        problems.add((before + reader.line_num,), f"cannot be read as csv: {error}.")
