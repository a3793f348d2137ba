"""The command line: ``lupus-kit replicate``, ``audit``, ``simulate``, ``handbook``, ``lab`` and the others of ``lupus-kit --help``.

Whatever is wrong with the input is said on stderr, one line for each problem, with exit code 2. A finding about the
paper is not an error. A notebook or an installation that fails is exit code 1; so is a fault of the kit, with its traceback.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lupus_kit import (
    __version__,
    _audit_command,
    _cohort_command,
    _handbook_command,
    _power_command,
    _score_command,
    _simulate_command,
    _teach_command,
)
from lupus_kit._errors import InputError
from lupus_kit._files import make_folder, write_atomically

if TYPE_CHECKING:
    from lupus_kit.lessons.execution import NotebookRun
    from lupus_kit.lessons.health import Finding
    from lupus_kit.lessons.shelf import Copied

LAB_FOLDER = "lupus-kit-notebooks"
_APP_HELP = "Rebuild, doubt and learn from one small lupus trial (He et al. 2020). Not for treating patients."

app = typer.Typer(
    help=_APP_HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(StrEnum):
    """How ``replicate`` writes its table."""

    table = "table"
    markdown = "markdown"
    json = "json"
    csv = "csv"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands after the program's name; by default what the user typed.

    Raises
    ------
    SystemExit
        Always: 0 if all is well, 1 if a notebook or the installation fails, 2 if the input cannot be used.
    """
    try:
        code = typer.main.get_command(app)(
            list(sys.argv[1:] if arguments is None else arguments), prog_name="lupus-kit", standalone_mode=False
        )
    except InputError as error:
        _leave(str(error))
    except (typer.Abort, KeyboardInterrupt):
        raise SystemExit(130) from None
    except Exception as error:
        # Typer's usage errors come from click, which newer Typers carry inside; they share this method.
        explain = getattr(error, "format_message", None)
        if explain is None or getattr(error, "exit_code", None) != 2:
            raise
        if text := explain().replace("Value error, ", "").rstrip("."):
            _leave(f"{text}. See lupus-kit --help.")
        raise SystemExit(2) from None
    raise SystemExit(code or 0)


def _leave(message: str) -> None:
    lines = [" ".join(line.split()) for line in message.splitlines() if line.strip()]
    print("lupus-kit: " + "\n".join(lines), file=sys.stderr)
    raise SystemExit(2)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"lupus-kit {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


@app.command()
def replicate(
    study: Annotated[str, typer.Option(help="Which published record to recompute.")] = "he2020",
    format: Annotated[Format, typer.Option(help="How to write the table.")] = Format.table,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of the screen.")] = None,
    notebooks: Annotated[
        Path | None, typer.Option(help="Also execute every notebook and put it as a web page into this folder.")
    ] = None,
) -> None:
    """Recompute every claim of the abstract from the published record."""
    from lupus_kit import audit

    # What could be wrong with the input is looked at before any work is done.
    paths = [] if notebooks is None else _shelved(notebooks)
    report = audit.check(study)
    if format is Format.table:
        # For reading: the claims of the abstract. The tables have a command of their own.
        report = report.claims_only()
    text = report.render(format.value, width=None if out is not None else _terminal_width())
    if out is None:
        _print(text)
    else:
        write_atomically(out, _ended(text).encode("utf-8"))
        print(f"Wrote {out}.", file=sys.stderr)
    if notebooks is not None:
        _execute_all(paths, notebooks)
    if out is None and format is Format.table:
        _print(f"\nThe paper's tables, too: {_spelled(f'audit {study}')}")
        _print(f"To go on, open the notebooks: {_spelled('lab')}")


app.command()(_audit_command.audit)
app.command()(_score_command.score)
app.command()(_cohort_command.cohort)
app.command()(_power_command.power)
app.command()(_simulate_command.simulate)
app.command()(_handbook_command.handbook)
app.command()(_teach_command.teach)


@app.command()
def lab(
    notebooks: Annotated[
        Path | None,
        typer.Option(help=f"Copy the notebooks into this folder and work there. [default: the clone, or {LAB_FOLDER}]"),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the web browser.")] = True,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Where JupyterLab listens.")] = None,
    allow_root: Annotated[
        bool, typer.Option("--allow-root", help="Needed by the user root, for example inside a container.")
    ] = False,
) -> None:
    """Open JupyterLab on the first notebook; your own edited notebooks are never overwritten."""
    from lupus_kit.lessons import shelf

    found = shelf.find()
    if notebooks is None and found.in_clone:
        folder = found.folder
    else:
        folder = notebooks if notebooks is not None else Path(LAB_FOLDER)
        if not (found.in_clone and folder.resolve() == found.folder):
            _say_copied(shelf.copy_to(folder, found))
    # Nothing is fetched while a lesson runs: no news, no update checks, no extension catalogue.
    options = [
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--LabApp.default_url=/lab/tree/{shelf.START}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        *([] if browser else ["--no-browser"]),
        *(["--allow-root"] if allow_root else []),
        *([] if port is None else [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]),
    ]
    _start_lab(options)


def _start_lab(options: list[str]) -> None:
    from jupyterlab.labapp import LabApp

    print("JupyterLab starts. To stop it, press Ctrl+C here.", file=sys.stderr, flush=True)
    LabApp.launch_instance(argv=options)


def _say_copied(copied: Copied) -> None:
    if copied.new:
        print(f"Copied {_count(len(copied.new), 'notebook')} to {copied.folder}.", file=sys.stderr)
    if copied.kept:
        print(f"Kept {_count(len(copied.kept), 'notebook')} that you already had in {copied.folder}.", file=sys.stderr)
    if copied.differ:
        print(
            f"Yours differ from the ones that come with this version: {', '.join(copied.differ)}. "
            "To get a fresh copy beside yours, name another folder with --notebooks.",
            file=sys.stderr,
        )


@app.command()
def doctor() -> None:
    """Print versions and say whether widgets will render."""
    from lupus_kit.lessons import health

    versions, widgets = health.versions(), health.widgets()
    _print(_findings("Versions", versions))
    _print(_findings("Widgets", widgets))
    wrong = [finding.what for finding in (*versions, *widgets) if not finding.ok]
    shown = all(finding.ok for finding in widgets)
    _print("Widgets will render in JupyterLab." if shown else "Widgets will NOT render: see the lines marked NOT OK.")
    if wrong:
        _print(f"Not well: {', '.join(wrong)}. Install the kit again in a fresh virtual environment.")
        raise typer.Exit(1)
    _print("All is well.")


def _findings(title: str, findings: list[Finding]) -> str:
    """Lay findings out as a table; plain text where nobody looks at a terminal."""
    from rich.box import ASCII2, ROUNDED
    from rich.console import Console
    from rich.table import Table

    terminal = sys.stdout.isatty()
    table = Table(title=title, box=ROUNDED if terminal else ASCII2, title_justify="left")
    for column in ("what", "found", "wanted", ""):
        table.add_column(column, overflow="fold")
    for finding in findings:
        verdict = "ok" if finding.ok else "NOT OK"
        table.add_row(finding.what, finding.found, finding.wanted, verdict, style=None if finding.ok else "bold")
    console = Console(width=None if terminal else 110, force_terminal=terminal, highlight=False)
    with console.capture() as captured:
        console.print(table, markup=False)
    return captured.get()


def _shelved(folder: Path) -> list[Path]:
    """Find the notebooks, and make sure that pages can be written."""
    from lupus_kit.lessons import shelf

    paths = shelf.find().notebooks()
    make_folder(folder)
    return paths


def _execute_all(paths: list[Path], folder: Path) -> None:
    """Execute every notebook into a web page; all are tried, then the failures are told."""
    from tqdm import tqdm

    failed: list[NotebookRun] = []
    with tqdm(paths, unit="notebook", file=sys.stderr) as bar:
        for path in bar:
            bar.set_description(path.stem)
            run = _execute_one(path, folder)
            if not run.passed:
                failed.append(run)
    for run in failed:
        for problem in run.problems:
            print(f"lupus-kit: notebook {run.name}, {problem}", file=sys.stderr)
    print(f"Executed {_count(len(paths), 'notebook')} into {folder}; {len(failed)} failed.", file=sys.stderr)
    if failed:
        raise typer.Exit(1)


def _execute_one(path: Path, folder: Path) -> NotebookRun:
    from lupus_kit.lessons import execution, pages

    notebook = execution.read(path)
    # In a folder of its own: what a notebook writes must not land among the notebooks.
    with tempfile.TemporaryDirectory(prefix="lupus-kit-") as scratch:
        run = execution.execute(notebook, path.stem, Path(scratch))
    html = pages.page(notebook, fallback_title=path.stem)
    write_atomically(folder / f"{path.stem}.html", html.encode("utf-8"))
    return run


def _spelled(command: str) -> str:
    """Spell a command of ours the way the user called this one, so that it works when typed."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        words = [_near(Path(sys.executable)), "-m", "lupus_kit", *command.split()]
    elif (on_path := shutil.which("lupus-kit")) and _same_file(Path(on_path), called):
        words = ["lupus-kit", *command.split()]
    else:
        words = [_near(called), *command.split()]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _terminal_width() -> int | None:
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


def _print(text: str) -> None:
    """Print text even where the terminal's encoding lacks a sign, and to a reader who leaves early (``| head``)."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(_ended(text).encode(encoding, errors="replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody listens: nothing more to say, and nothing left to flush when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def _ended(text: str) -> str:
    return text.rstrip("\n") + "\n"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
