"""The command ``lupus-kit audit``: any paper's printed numbers against what can have given them."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from lupus_kit.cli import output
from lupus_kit.core.errors import InputError
from lupus_kit.core.files import read_text

if TYPE_CHECKING:
    from lupus_kit.audit import Proposal
    from lupus_kit.published import Claim, Study


AuditFormat = StrEnum("AuditFormat", "table markdown html json csv")
#: A text of more bytes than four times this is no abstract.
_LARGEST = 2_000_000


@output.described
def audit(
    study: str | None = None,
    format: AuditFormat | None = None,
    out: output.Out = None,
    force: output.Force = False,
    quiet: output.Quiet = False,
    text: str | None = None,
    arms: str | None = None,
    new: bool = False,
    shipped: bool = False,
) -> None:
    """Say which analyses can and cannot have printed a paper's numbers."""
    given = {"FILE|STUDY": study is not None, "--text": text is not None, "--new": new, "--list": shipped}
    output.only_one(given, "lupus-kit audit --new --out my_paper.toml writes a claims file to fill in.")
    output.spare_input(out, force, study, text)
    if arms is not None and text is None:
        raise InputError("--arms names the arms of a text: give --text FILE too.")
    if new:
        from lupus_kit.audit import template

        output.one_format(format, "a claims file")
        output.write_result(template(), out, keep=True, force=force)
    elif shipped:
        output.write_result(_shipped(output.chosen_format(format, out, AuditFormat)), out, force=force)
    elif text is not None:
        _propose(text, arms, format, out, force)
    elif study is not None:
        form = output.chosen_format(format, out, AuditFormat)
        with output.claims_place(study) as place:
            report = _report(place, form, out)
        output.write_result(report, out, force=force)


def _report(study: str | Study, form: str, out: Path | None) -> str:
    from lupus_kit.audit import check

    return check(study).render(form, width=output.terminal_width(out))


def _propose(place: str, arms: str | None, format: AuditFormat | None, out: Path | None, force: bool) -> None:
    """Propose the claims of a text: ask at a terminal, else write them to edit; audited only where a form is asked for."""
    from lupus_kit.audit import proposed_claims_file, read_text

    study, to_edit = read_text(_load_text(place), arms), out is None or out.suffix.lower() == ".toml"
    if out is not None and to_edit:
        output.one_format(format, f"a claims file (--out {out})")
    if not to_edit or format is not None:
        output.write_result(_report(study, output.chosen_format(format, out, AuditFormat), out), out, force=force)
        return
    if study.records and place != "-" and sys.stdin.isatty() and sys.stdout.isatty():
        out = out or Path(Path(place).stem + ".toml")
        if out.exists() and not force:
            raise InputError(f"{out} is there already and is not overwritten: give another name to --out.")
        study = _confirmed(study)
    output.write_result(proposed_claims_file(study), out, keep=True, force=force)


def _load_text(place: str) -> str:
    """Read a plain text from a file, or from standard input (``"-"``)."""
    name = "standard input" if place == "-" else place
    text = read_text(lambda: output.read_input(place, 4 * _LARGEST, "an abstract"), name)
    if "\0" in text:
        raise InputError(f"{name} is not plain text: it holds zero bytes. Copy the abstract into a text file.")
    if not text.strip():
        raise InputError(f"{name} is empty: give the plain text of an abstract.")
    return text


_ANSWERS = {"y": "it is right", "s": "right, with arms swapped", "n": "leave it out", "l": "later", "q": "stop here"}


def _confirmed(study: Proposal) -> Proposal:
    """Ask about each claim, line by line; what is not answered stays proposed."""
    output.print_text(f"{study.marked()}\n\n")
    records: list[Claim] = []
    answer = ""
    for claim in study.records:
        if answer != "q":
            output.print_text(study.described(claim))
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


def _shipped(form: AuditFormat) -> str:
    import pandas as pd

    from lupus_kit import published

    titles = [(name, published.load(name).trial.title) for name in published.studies()]
    return output.table_text(pd.DataFrame(titles, columns=["study", "title"]), form)
