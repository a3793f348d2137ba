"""How the commands give their results: on the screen, or as a file that is there whole or not at all."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar, get_type_hints

import typer

from lupus_kit.core.errors import InputError
from lupus_kit.core.files import write_atomically
from lupus_kit.core.text import listing

if TYPE_CHECKING:
    import pandas as pd

    from lupus_kit.course.execution import NotebookRun

#: How a command writes one table.
TableFormat = StrEnum("TableFormat", "table markdown json csv")
_BY_ENDING = {".md": "markdown", ".json": "json", ".csv": "csv", ".txt": "table", "": "table"}
_OPTIONS = tomllib.loads(resources.files(__package__).joinpath("options.toml").read_text(encoding="utf-8"))
Command = TypeVar("Command", bound=Callable[..., None])


def described(command: Command) -> Command:
    """Give the parameters of a command the options and arguments that ``options.toml`` describes."""
    types = get_type_hints(command)
    for name, said in _OPTIONS[command.__name__].items():
        given = {key: value for key, value in said.items() if key not in ("argument", "flags")}
        kind = typer.Argument if "argument" in said else typer.Option
        command.__annotations__[name] = Annotated[types[name], kind(*said.get("flags", ()), **given)]
    return command


def chosen_format(format: TableFormat | None, out: Path | None) -> TableFormat:
    """Choose the format: the one asked for, else by the ending of the file, else a table."""
    if format is not None or out is None:
        return format or TableFormat.table
    ending = out.suffix.lower()
    if ending not in _BY_ENDING:
        endings = ", ".join(filter(None, _BY_ENDING))
        raise InputError(f"{out}: a result is written as {endings}; give another name to --out, or name a --format.")
    return TableFormat(_BY_ENDING[ending])


def plain_table(table: pd.DataFrame, markdown: bool = False) -> str:
    """Lay out text cells: columns side by side, or a Markdown table.

    Examples
    --------
    >>> import pandas as pd
    >>> print(plain_table(pd.DataFrame({"test": ["Fisher"], "power": ["0.40"]})))
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


def csv_text(table: pd.DataFrame) -> str:
    """Write a table as CSV, with the same line breaks on every system."""
    return str(table.to_csv(index=False, lineterminator="\n"))


def write_result(content: str | bytes, out: Path | None, keep: bool = False) -> None:
    """Print, or write the whole file or nothing; with ``keep``, a file that is there already stays."""
    if isinstance(content, str):
        content = (content.rstrip("\n") + "\n").encode("utf-8")
    if out is None:
        print_text(content.decode("utf-8"))
        return
    if keep and out.exists():
        raise InputError(f"{out} is there already and is not overwritten: give another name to --out.")
    write_atomically(out, content)
    print(f"Wrote {out}.", file=sys.stderr)


def print_failures(runs: Iterable[NotebookRun]) -> int:
    """Say on stderr what failed in notebooks; return how many did."""
    failed = [run for run in runs if run.problems]
    for failure in (line for run in failed for line in run.failures()):
        print(f"lupus-kit: {failure}", file=sys.stderr)
    return len(failed)


def only_one(given: Mapping[str, bool], hint: str) -> str:
    """Return the one thing that was asked for, or say that it must be one."""
    asked = [name for name, is_given in given.items() if is_given]
    if len(asked) != 1:
        raise InputError(f"give one of {listing(given)} ({' and '.join(asked) or 'nothing'} given). {hint}")
    return asked[0]


def as_called(command: str) -> str:
    """Spell a command of ours the way the user called this one, so that it works when typed."""
    called, on_path = Path(sys.argv[0]), shutil.which("lupus-kit")
    if called.name == "__main__.py":
        program = [_near(Path(sys.executable)), "-m", "lupus_kit"]
    elif on_path and called.exists() and called.samefile(on_path):
        program = ["lupus-kit"]
    else:
        program = [_near(called)]
    words = [*program, *command.split()]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _near(path: Path) -> str:
    """Shorten a path that lies below the current folder."""
    absolute, here = path.absolute(), Path.cwd()
    return str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute)


def terminal_width(out: Path | None = None) -> int | None:
    """Give the terminal's width within what a table can be read in; None where output goes to a file or a pipe."""
    if out is not None or not sys.stdout.isatty():
        return None
    return min(max(shutil.get_terminal_size().columns, 80), 140)


def print_text(text: str) -> None:
    """Print text even where the terminal's encoding lacks a sign, and to a reader who leaves early (``| head``)."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write((text.rstrip("\n") + "\n").encode(encoding, errors="replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody listens: nothing more to say, and nothing left to flush when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
