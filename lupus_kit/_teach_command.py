"""The command ``lupus-kit teach``: for each exercise its aim, solution and typical wrong answers."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lupus_kit._errors import InputError


class TeachFormat(StrEnum):
    """How ``teach --list`` writes the exercises."""

    table = "table"
    markdown = "markdown"
    json = "json"


def teach(
    listed: Annotated[bool, typer.Option("--list", help="List the exercises with their solutions.")] = False,
    stop: Annotated[int | None, typer.Option(help="Only this stop, for example 4.")] = None,
    format: Annotated[TeachFormat, typer.Option(help="How to write them.")] = TeachFormat.table,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of the screen.")] = None,
) -> None:
    """Tell an instructor each exercise's aim, solution and misconceptions."""
    from lupus_kit import cli
    from lupus_kit._command_output import give
    from lupus_kit.lessons import teaching_notes

    if not listed:
        raise InputError(
            "say what to do: lupus-kit teach --list shows each exercise with its aim, solution and misconceptions."
        )
    width = cli._terminal_width() if out is None else None
    give(teaching_notes(stop).render(format.value, width), out)
