"""The command ``lupus-kit audit``: any paper's printed numbers against what can have given them."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lupus_kit._errors import InputError


class AuditFormat(StrEnum):
    """How ``audit`` writes its report."""

    table = "table"
    markdown = "markdown"
    html = "html"
    json = "json"
    csv = "csv"


_BY_ENDING = {".md": "markdown", ".html": "html", ".htm": "html", ".json": "json", ".csv": "csv"}


def audit(
    study: Annotated[
        str | None, typer.Argument(metavar="FILE|STUDY", help="A claims file (.toml or .csv), or a study of the kit.")
    ] = None,
    format: Annotated[
        AuditFormat | None, typer.Option(help="How to write the report. [default: by the ending of --out, else table]")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of the screen.")] = None,
    new: Annotated[bool, typer.Option("--new", help="Write a commented claims file to fill in.")] = False,
    shipped: Annotated[bool, typer.Option("--list", help="List the studies that come with the kit.")] = False,
    jobs: Annotated[int, typer.Option(min=-1, help="Cores to use; -1 for all.")] = 1,
) -> None:
    """Say which analyses can and cannot have printed a paper's numbers."""
    asked = [name for name, given in (("FILE|STUDY", study is not None), ("--new", new), ("--list", shipped)) if given]
    if len(asked) != 1:
        raise InputError(
            f"give one of FILE|STUDY, --new and --list ({' and '.join(asked) or 'nothing'} given). "
            "lupus-kit audit --new --out my_paper.toml writes a claims file to fill in."
        )
    if jobs == 0:
        raise InputError("--jobs 0: give 1 or more cores, or -1 for all of them.")
    if new:
        from lupus_kit.audit import template

        _give(template(), out, keep=True)
    elif shipped:
        _give(_shipped(), out)
    else:
        assert study is not None
        _give(_report(study, _chosen(format, out), out is None, jobs), out)


def _chosen(format: AuditFormat | None, out: Path | None) -> str:
    if format is not None:
        return format.value
    return "table" if out is None else _BY_ENDING.get(out.suffix.lower(), "table")


def _report(study: str, form: str, on_screen: bool, jobs: int) -> str:
    from lupus_kit import cli
    from lupus_kit.audit import check

    report = check(study, n_jobs=jobs)
    return report.render(form, width=cli._terminal_width() if on_screen else None)


def _shipped() -> str:
    from lupus_kit import published

    names = published.studies()
    widest = max(map(len, names))
    return "".join(f"{name:<{widest}}  {published.load(name).trial.title}\n" for name in names)


def _give(text: str, out: Path | None, keep: bool = False) -> None:
    """Print, or write the whole file or nothing."""
    from lupus_kit import cli
    from lupus_kit.lessons import shelf

    if out is None:
        cli._print(text)
        return
    if keep and out.exists():
        raise InputError(f"{out} is there already and is not overwritten: give another name to --out.")
    shelf.write_atomically(out, text.encode("utf-8"))
    print(f"Wrote {out}.", file=sys.stderr)
