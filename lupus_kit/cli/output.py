"""What all commands share: where they read, how they give their results, and what they say besides."""

from __future__ import annotations

import html
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, TextIO, TypeVar, get_type_hints

import typer

from lupus_kit.core.errors import InputError
from lupus_kit.core.files import read_bytes, refuse_other_kind, within, write_atomically
from lupus_kit.core.templates import toml_beside
from lupus_kit.core.text import listing, visible

if TYPE_CHECKING:
    import pandas as pd

    from lupus_kit.course.execution import NotebookRun

#: How a command writes one table.
TableFormat = StrEnum("TableFormat", "table markdown json csv")
_BY_ENDING = {
    ".md": "markdown", ".html": "html", ".htm": "html", ".json": "json", ".csv": "csv", ".txt": "table", "": "table",
}  # fmt: skip
Chosen = TypeVar("Chosen", bound=StrEnum)

# The options that commands share.
Format = Annotated[
    TableFormat | None, typer.Option(help="How to write it. [default: by the ending of --out, else table]")
]
Out = Annotated[
    Path | None,
    typer.Option(
        help="Write to this file instead of the screen (-).", callback=lambda out: None if out == Path("-") else out
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Write even where something else is there already.")]

_STDIN = "standard input"
_quiet = False


_OPTIONS = toml_beside(__file__, "options.toml")
Command = TypeVar("Command", bound=Callable[..., None])


def described(command: Command) -> Command:
    """Give the parameters of a command the options and arguments that ``options.toml`` describes."""
    types = get_type_hints(command)
    for name, said in _OPTIONS[command.__name__].items():
        given = {key: value for key, value in said.items() if key not in ("argument", "flags")}
        kind = typer.Argument if "argument" in said else typer.Option
        command.__annotations__[name] = Annotated[types[name], kind(*said.get("flags", ()), **given)]
    return command


def ready(stream: TextIO | None) -> None:
    """Let a stream spell out the signs that its encoding lacks; a file or a pipe gets UTF-8, as --out writes it."""
    if isinstance(stream, TextIOWrapper):
        own = stream.isatty() or "PYTHONIOENCODING" in os.environ
        stream.reconfigure(encoding=None if own else "utf-8", errors="backslashreplace")


def be_quiet(quiet: bool) -> None:
    """Say nothing but results and errors from now on, or say all again."""
    global _quiet
    _quiet = quiet


Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", callback=be_quiet, help="Say nothing but the result and what is wrong.")
]


def is_quiet() -> bool:
    """Tell whether nothing but results and errors is to be said."""
    return _quiet


def chosen_format(format: Chosen | None, out: Path | None, formats: type[Chosen]) -> Chosen:
    """Choose the format: the one asked for, else by the ending of the file, else a table."""
    suffix = "" if out is None else out.suffix.lower()
    known = {ending: name for ending, name in _BY_ENDING.items() if name in list(formats)}
    # A format that is named goes under any ending but those that would mislead.
    if suffix not in known and (format is None or suffix in (".xlsx", ".parquet")):
        endings = ", ".join(filter(None, known))
        raise InputError(f"{out}: a result is written as {endings}; give another name to --out, or name a --format.")
    return format or formats(known[suffix])


def one_format(format: StrEnum | None, what: str) -> None:
    """Refuse a format where there is no choice of one."""
    if format is not None:
        raise InputError(f"--format {format}: {what} has one format; leave --format out.")


def spare_input(out: Path | None, force: bool, *inputs: Path | str | None) -> None:
    """Refuse to write over a file that is read."""
    for place in inputs:
        if out and place and not force and out.exists() and Path(place).exists() and out.samefile(place):
            raise InputError(
                f"--out {out} is the file that is read; it would be lost, and is not overwritten: give another name, "
                "or add --force."
            )


def read_input(place: Path | str, most: int, what: str) -> bytes:
    """Read a file, or with ``-`` standard input, within what is a reasonable size."""
    if str(place) != "-":
        return read_bytes(Path(place), most, what)
    return within(standard_input(), most, _STDIN, what)


def standard_input() -> BinaryIO:
    """Return standard input, or say that it is closed."""
    if sys.stdin is None:
        raise InputError("standard input is closed: name a file.")
    return sys.stdin.buffer


@contextmanager
def claims_place(place: str) -> Iterator[str]:
    """Give the place of a claims file: the one that was named, or for ``-`` a file with what standard input holds."""
    if place != "-":
        yield place
        return
    content = read_input(place, 2_000_000, "a claims file")
    toml = any(line.lstrip().startswith(b"[") for line in content.splitlines())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"{_STDIN}{'.toml' if toml else '.csv'}")
        file.write_bytes(content)
        yield str(file)


def plain_table(table: pd.DataFrame, markdown: bool = False) -> str:
    """Lay out text cells: columns side by side, or a Markdown table.

    Examples
    --------
    >>> import pandas as pd
    >>> print(plain_table(pd.DataFrame({"test": ["Fisher"], "power": ["0.40"]})))
    test    power
    Fisher  0.40
    """
    head, *rows = [
        [visible(" ".join(str(cell).splitlines())) for cell in row]
        for row in (table.columns, *table.itertuples(index=False))
    ]
    if markdown:
        safe = [[markdown_text(cell) for cell in row] for row in (head, *rows)]
        return "\n".join([f"| {' | '.join(row)} |" for row in (safe[0], ["---"] * len(head), *safe[1:])])
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]
    )


def markdown_text(text: str) -> str:
    r"""Let a text stand in Markdown as it is: no tag, no end of a cell.

    Examples
    --------
    >>> markdown_text("<b>a|b</b>")
    '&lt;b&gt;a\\|b&lt;/b&gt;'
    """
    return html.escape(text, quote=False).replace("|", "\\|")


def table_text(table: pd.DataFrame, form: StrEnum) -> str:
    """Write one table in any format."""
    from lupus_kit.core.csv_text import csv_text

    if form == "csv":
        return csv_text(table)
    if form == "json":
        rows = json.loads(table.to_json(orient="records", double_precision=15))
        return json.dumps(rows, indent=2, ensure_ascii=False)
    return plain_table(table, markdown=form == "markdown")


def write_result(content: str | bytes, out: Path | None, keep: bool = False, force: bool = False) -> None:
    """Print, or write the whole file or nothing; a file of another kind, with ``keep`` any file, stays without ``force``."""
    if isinstance(content, str):
        content = (visible(content).rstrip("\n") + "\n").encode("utf-8")
    if out is None:
        print_text(content.decode("utf-8", errors="replace"))
        return
    if keep and not force and out.exists():
        raise InputError(f"{out} is there already and is not overwritten: give another name to --out, or add --force.")
    if not force:
        refuse_other_kind(out, content)
    write_atomically(out, content)
    say(f"Wrote {out}.")


def print_failures(runs: Iterable[NotebookRun]) -> int:
    """Say on stderr what failed in notebooks; return how many did."""
    failed = [run for run in runs if run.problems]
    for failure in (line for run in failed for line in run.failures()):
        say_error(f"lupus-kit: {failure}")
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


def say(text: str) -> None:
    """Say on stderr what is neither result nor error; nothing where ``--quiet`` is asked for."""
    if not _quiet:
        say_error(text)


def say_error(text: str) -> None:
    """Say on stderr what is wrong; nothing where stderr is closed or full."""
    if sys.stderr is not None:
        try:
            _put(text, sys.stderr)
        except OSError:
            silence(sys.stderr)


def print_text(text: str) -> None:
    """Print text, also to a reader who leaves early (``| head``)."""
    if sys.stdout is None:
        raise InputError("cannot write to standard output: it is closed. Name a file with --out.")
    try:
        _put(text, sys.stdout)
    except BrokenPipeError:
        silence(sys.stdout)
        raise typer.Exit(0) from None
    except OSError as error:
        silence(sys.stdout)
        raise InputError(f"cannot write to standard output: {error.strerror or error}.") from None


def _put(text: str, stream: TextIO) -> None:
    stream.write(visible(text).rstrip("\n") + "\n")
    stream.flush()


def silence(stream: TextIO) -> None:
    """Nobody listens: nothing more to say, and nothing left to flush when Python ends."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
