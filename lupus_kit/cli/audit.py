"""The command ``lupus-kit audit``: any paper's printed numbers against what can have given them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lupus_kit.cli.output import only_one, terminal_width, write_result
from lupus_kit.core.errors import InputError

if TYPE_CHECKING:
    from lupus_kit.published import Study


AuditFormat = StrEnum("AuditFormat", "table markdown html json csv")
_BY_ENDING = {".md": "markdown", ".html": "html", ".htm": "html", ".json": "json", ".csv": "csv"}


def audit(
    study: Annotated[
        str | None, typer.Argument(metavar="FILE|STUDY", help="A claims file (.toml or .csv), or a study of the kit.")
    ] = None,
    format: Annotated[
        AuditFormat | None, typer.Option(help="How to write the report. [default: by the ending of --out, else table]")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of the screen.")] = None,
    text: Annotated[
        str | None,
        typer.Option(metavar="FILE|-", help="Propose the claims of an abstract's plain text (- for standard input)."),
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Write a commented claims file to fill in.")] = False,
    shipped: Annotated[bool, typer.Option("--list", help="List the studies that come with the kit.")] = False,
    jobs: Annotated[int, typer.Option(min=-1, help="Cores to use; -1 for all.")] = 1,
) -> None:
    """Say which analyses can and cannot have printed a paper's numbers."""
    given = {"FILE|STUDY": study is not None, "--text": text is not None, "--new": new, "--list": shipped}
    only_one(given, "lupus-kit audit --new --out my_paper.toml writes a claims file to fill in.")
    for place in (study, text):
        if place and out is not None and out.exists() and Path(place).exists() and out.samefile(place):
            raise InputError(f"--out {out} is the file that is read, and is not overwritten: give another name.")
    if jobs == 0:
        raise InputError("--jobs 0: give 1 or more cores, or -1 for all of them.")
    if new:
        from lupus_kit.audit import template

        write_result(template(), out, keep=True)
    elif shipped:
        write_result(_shipped(), out)
    elif text is not None:
        _propose(text, format, out, jobs)
    elif study is not None:
        write_result(_report(study, _chosen(format, out), out, jobs), out)


def _chosen(format: AuditFormat | None, out: Path | None) -> str:
    return format or _BY_ENDING.get(out.suffix.lower() if out else "", "table")


def _report(study: str | Study, form: str, out: Path | None, jobs: int) -> str:
    from lupus_kit.audit import check

    return check(study, n_jobs=jobs).render(form, width=terminal_width(out))


def _propose(place: str, format: AuditFormat | None, out: Path | None, jobs: int) -> None:
    """Propose the claims of a text; write them to correct by hand (--out FILE.toml), or audit them as they are."""
    from lupus_kit.audit import proposed_claims_file, read_text
    from lupus_kit.audit.reading.texts import load_text

    study, form = read_text(load_text(place)), _chosen(format, out)
    if out is not None and out.suffix.lower() == ".toml":
        if format is not None:
            raise InputError(f"--format {form}: a claims file (--out {out}) has one format; leave --format out.")
        write_result(proposed_claims_file(study), out, keep=True)
        return
    if not study.records:
        raise InputError(f"nothing to audit in the text. {' '.join(study.remarks)}")
    report = _report(study, form, out, jobs)
    if out is None and form == "table":
        hint = "These claims are proposed: --out my_paper.toml writes them to correct by hand."
        report = f"{study}\n{hint}\n\n{report}"
    write_result(report, out)


def _shipped() -> str:
    from lupus_kit import published

    names = published.studies()
    widest = max(map(len, names))
    return "".join(f"{name:<{widest}}  {published.load(name).trial.title}\n" for name in names)
