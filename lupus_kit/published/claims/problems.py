"""Everything that is wrong with an input, told at once, each with its place."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from lupus_kit.core.errors import InputError, unknown_name

Path = tuple[str | int, ...]
_PLACE = re.compile(r"^(?P<file>.*?), line (?P<line>\d+)")


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
        """Raise one error that lists every problem, line by line of each file."""
        self.found.sort(key=_place)
        if len(self.found) == 1:
            raise InputError(self.found[0])
        if self.found:
            listed = "".join(f"\n- {problem}" for problem in self.found)
            raise InputError(f"{what} has {len(self.found)} problems:{listed}")

    def check_keys(self, table: Mapping[str, object], path: Path, allowed: Iterable[str]) -> None:
        """Name every key that is not one of the allowed."""
        allowed = tuple(allowed)
        for key in table:
            if key not in allowed:
                self.add((*path, key), unknown_name("key", key, allowed))

    def text(self, table: Mapping[str, Any], path: Path, key: str, required: bool = False) -> str:
        """Return a text, stripped; empty where it is absent or cannot be used."""
        if key not in table:
            if required:
                self.add((*path, key), "is missing.")
            return ""
        value = table[key]
        if not isinstance(value, str):
            quoted = f' Put it in quotes: {key} = "{value}".' if isinstance(value, (int, float)) else ""
            self.add((*path, key), f"{value!r} must be a text.{quoted}")
            return ""
        stripped: str = value.strip()
        if required and not stripped:
            self.add((*path, key), "is empty.")
        return stripped

    def choice(self, table: Mapping[str, Any], path: Path, key: str, allowed: Iterable[str]) -> str:
        """Return one of the allowed texts; empty where it is absent."""
        allowed = tuple(allowed)
        value = self.text(table, path, key)
        lowered = " ".join(value.lower().replace("-", " ").split())
        if lowered and lowered not in allowed:
            self.add((*path, key), unknown_name(key, value, allowed))
            return ""
        return lowered

    def whole(self, table: Mapping[str, Any], path: Path, key: str, least: int = 0) -> int | None:
        """Return a whole number; None where it is absent or cannot be used."""
        value = table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self.add((*path, key), f"{value!r} must be a whole number of {least} or more.")
            return None
        return value

    def texts(self, table: Mapping[str, Any], path: Path, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty where it is absent or cannot be used."""
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            self.add((*path, key), f'{value!r} must be a list of texts, such as ["drug", "placebo"].')
            return ()
        return tuple(entry.strip() for entry in value)

    def flag(self, table: Mapping[str, Any], path: Path, key: str) -> bool:
        """Return true or false; false where it is absent or cannot be used."""
        value = table.get(key, False)
        if not isinstance(value, bool):
            self.add((*path, key), f"{value!r} must be true or false.")
        return value is True


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
        for problem in wrong_header(columns):
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
