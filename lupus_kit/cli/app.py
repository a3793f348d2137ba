"""The command line itself: the commands, the way out of each of them, and the version."""

import errno
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from lupus_kit import __version__
from lupus_kit.cli.audit import audit
from lupus_kit.cli.cohort import cohort
from lupus_kit.cli.doctor import doctor
from lupus_kit.cli.handbook import handbook, journal_club
from lupus_kit.cli.lab import lab
from lupus_kit.cli.output import be_quiet, print_text, ready, say_error, silence
from lupus_kit.cli.power import power
from lupus_kit.cli.replicate import replicate
from lupus_kit.cli.score import score
from lupus_kit.cli.simulate import simulate
from lupus_kit.cli.teach import teach
from lupus_kit.core.errors import InputError

_APP_HELP = "Rebuild, doubt and learn from one small lupus trial (He et al. 2020). Not for treating patients."

app = typer.Typer(
    help=_APP_HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (replicate, audit, score, cohort, power, simulate, journal_club, handbook, teach, lab, doctor):
    app.command()(command)


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
    be_quiet(False)
    ready(sys.stdout)
    ready(sys.stderr)
    try:
        given = sys.argv[1:] if arguments is None else arguments
        code = _command(list(given), prog_name="lupus-kit", standalone_mode=False)
    except InputError as error:
        _leave(str(error))
    except OSError as error:
        if error.filename is not None:  # a place that the user named, wherever it turned out not to be usable
            _leave(f"cannot use {os.fsdecode(error.filename)!r}: {error.strerror}.")
        if error.errno not in (errno.ENOSPC, errno.EBADF, errno.EIO):
            raise
        silence(sys.stdout)
        _leave(f"cannot write to standard output: {error.strerror}.")
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
    say_error("lupus-kit: " + "\n".join(lines))
    raise SystemExit(2)


def _version(wanted: bool) -> None:
    if wanted:
        print_text(f"lupus-kit {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


_command = typer.main.get_command(app)
