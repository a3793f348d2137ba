"""The command ``lupus-kit audit``: any paper's printed numbers against what can have given them."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lupus_kit.cli.output import only_one, terminal_width, write_result
from lupus_kit.core.errors import InputError

if TYPE_CHECKING:
    from lupus_kit.audit import Proposal
    from lupus_kit.published import Claim, Study


AuditFormat = StrEnum("AuditFormat", "table markdown html json csv")
#: A text of more bytes than four times this is no abstract.
_LARGEST = 2_000_000
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
    arms: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help='The arms of --text: "zorimab, placebo" or "zorimab=30, placebo=29".'),
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
    if arms is not None and text is None:
        raise InputError("--arms names the arms of a text: give --text FILE too.")
    if new:
        from lupus_kit.audit import template

        write_result(template(), out, keep=True)
    elif shipped:
        write_result(_shipped(), out)
    elif text is not None:
        _propose(text, arms, format, out, jobs)
    elif study is not None:
        write_result(_report(study, _chosen(format, out), out, jobs), out)


def _chosen(format: AuditFormat | None, out: Path | None) -> str:
    return format or _BY_ENDING.get(out.suffix.lower() if out else "", "table")


def _report(study: str | Study, form: str, out: Path | None, jobs: int) -> str:
    from lupus_kit.audit import check

    return check(study, n_jobs=jobs).render(form, width=terminal_width(out))


def _propose(place: str, arms: str | None, format: AuditFormat | None, out: Path | None, jobs: int) -> None:
    """Propose the claims of a text: ask at a terminal, else write them to edit; audited only where a form is asked for."""
    from lupus_kit.audit import proposed_claims_file, read_text

    study, to_edit = read_text(_load_text(place), arms), out is None or out.suffix.lower() == ".toml"
    if out is not None and to_edit and format is not None:
        raise InputError(f"--format {format}: a claims file (--out {out}) has one format; leave --format out.")
    if not to_edit or format is not None:
        write_result(_report(study, _chosen(format, out), out, jobs), out)
        return
    if study.records and place != "-" and sys.stdin.isatty() and sys.stdout.isatty():
        out = out or Path(Path(place).stem + ".toml")
        if out.exists():
            raise InputError(f"{out} is there already and is not overwritten: give another name to --out.")
        study = _confirmed(study)
    write_result(proposed_claims_file(study), out, keep=True)


def _load_text(place: str) -> str:
    """Read a plain text from a file, or from standard input (``"-"``)."""
    name, most = "standard input" if place == "-" else place, 4 * _LARGEST
    try:
        if place == "-":
            content = sys.stdin.buffer.read(most + 1)
        else:
            with Path(place).open("rb") as file:
                content = file.read(most + 1)
    except FileNotFoundError:
        raise InputError(f"{name} is missing: there is no such file.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if len(content) > most:
        raise InputError(f"{name} is larger than {most // 1_000_000} MB: that is no abstract.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text (byte {error.start}): save it as plain text in UTF-8.") from None
    if "\0" in text:
        raise InputError(f"{name} is not plain text: it holds zero bytes. Copy the abstract into a text file.")
    if not text.strip():
        raise InputError(f"{name} is empty: give the plain text of an abstract.")
    return text


_ANSWERS = {
    "y": "it is right",
    "s": "right, with the arms swapped",
    "n": "leave it out",
    "l": "later",
    "q": "stop here",
}


def _confirmed(study: Proposal) -> Proposal:
    """Ask about each claim, line by line; what is not answered stays proposed."""
    print(study.marked(), end="\n\n")
    records: list[Claim] = []
    answer = ""
    for claim in study.records:
        if answer != "q":
            print(study.described(claim))
            shown = ", ".join(f"{key} {meaning}" for key, meaning in _ANSWERS.items())
            answer = ""
            while answer not in _ANSWERS:
                answer = str(typer.prompt(shown, default="l", show_default=False)).strip().lower()[:1]
        if answer in ("y", "s"):
            arms = claim.arms[::-1] if answer == "s" else claim.arms
            records.append(replace(claim, arms=arms, assumed="", confirmed=True))
        elif answer != "n":
            records.append(claim)
    return replace(study, records=tuple(records))


def _shipped() -> str:
    from lupus_kit import published

    names = published.studies()
    widest = max(map(len, names))
    return "".join(f"{name:<{widest}}  {published.load(name).trial.title}\n" for name in names)
