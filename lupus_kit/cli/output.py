"""How the commands give their results: on the screen, or as a file that is there whole or not at all."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from lupus_kit.core.errors import InputError
from lupus_kit.core.files import write_atomically

if TYPE_CHECKING:
    import pandas as pd


class TableFormat(StrEnum):
    """How a command writes one table."""

    table = "table"
    markdown = "markdown"
    json = "json"
    csv = "csv"


BY_ENDING: Mapping[str, TableFormat] = {
    ".md": TableFormat.markdown,
    ".json": TableFormat.json,
    ".csv": TableFormat.csv,
    ".txt": TableFormat.table,
    "": TableFormat.table,
}


def chosen_format(format: TableFormat | None, out: Path | None) -> TableFormat:
    """Choose the format: the one asked for, else by the ending of the file, else a table."""
    if format is not None or out is None:
        return format or TableFormat.table
    ending = out.suffix.lower()
    if ending not in BY_ENDING:
        endings = ", ".join(name for name in BY_ENDING if name)
        raise InputError(f"{out}: a result is written as {endings}; give another name to --out, or name a --format.")
    return BY_ENDING[ending]


def laid_out(table: pd.DataFrame, markdown: bool = False) -> str:
    """Lay out text cells: columns side by side, or a Markdown table.

    Examples
    --------
    >>> import pandas as pd
    >>> print(laid_out(pd.DataFrame({"test": ["Fisher"], "power": ["0.40"]})))
    test    power
    Fisher  0.40
    """
    rows = [[str(cell) for cell in row] for row in table.itertuples(index=False)]
    head = [str(name) for name in table.columns]
    if markdown:
        safe = [[cell.replace("|", "\\|") for cell in row] for row in rows]
        return "\n".join([f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *safe)])
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]
    )


def give(text: str, out: Path | None, keep: bool = False) -> None:
    """Print, or write the whole file or nothing; with ``keep``, a file that is there already stays."""
    if out is None:
        print_text(text)
        return
    if keep and out.exists():
        raise InputError(f"{out} is there already and is not overwritten: give another name to --out.")
    write(out, text.encode("utf-8"))


def write(out: Path, content: bytes) -> None:
    """Write a whole file, and say so."""
    write_atomically(out, content)
    print(f"Wrote {out}.", file=sys.stderr)


def only_one(given: Mapping[str, bool], hint: str) -> str:
    """Return the one thing that was asked for, or say that it must be one."""
    asked = [name for name, is_given in given.items() if is_given]
    if len(asked) != 1:
        raise InputError(f"give one of {listed(given)} ({' and '.join(asked) or 'nothing'} given). {hint}")
    return asked[0]


def listed(names: Iterable[str]) -> str:
    """Write names one after the other, with "and" before the last."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def as_called(command: str) -> str:
    """Spell a command of ours the way the user called this one, so that it works when typed."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        words = [_near(Path(sys.executable)), "-m", "lupus_kit", *command.split()]
    elif (on_path := shutil.which("lupus-kit")) and _same_file(Path(on_path), called):
        words = ["lupus-kit", *command.split()]
    else:
        words = [_near(called), *command.split()]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def terminal_width() -> int | None:
    """Give the terminal's width within what a table can be read in; None where output goes to a file or a pipe."""
    return min(max(shutil.get_terminal_size().columns, 80), 140) if sys.stdout.isatty() else None


def _near(path: Path) -> str:
    """Shorten a path that lies below the current folder."""
    absolute = path if path.is_absolute() else Path.cwd() / path
    try:
        return str(absolute.relative_to(Path.cwd()))
    except ValueError:
        return str(absolute)


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def print_text(text: str) -> None:
    """Print text even where the terminal's encoding lacks a sign, and to a reader who leaves early (``| head``)."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(ended(text).encode(encoding, errors="replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody listens: nothing more to say, and nothing left to flush when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def ended(text: str) -> str:
    """End a text with exactly one line break."""
    return text.rstrip("\n") + "\n"


def count(number: int, noun: str) -> str:
    """Write a number with its noun: ``1 notebook``, ``2 notebooks``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
