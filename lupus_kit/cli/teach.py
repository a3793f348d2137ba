"""The command ``lupus-kit teach``: each exercise's aim, solution and typical wrong answers, and how a class is doing."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lupus_kit.core.errors import InputError


class TeachFormat(StrEnum):
    """How ``teach --list`` writes the exercises."""

    table = "table"
    markdown = "markdown"
    json = "json"


def teach(
    listed: Annotated[bool, typer.Option("--list", help="List the exercises with their solutions.")] = False,
    progress: Annotated[
        Path | None,
        typer.Option(
            "--class", metavar="DIR", help="Count the students' progress files in this folder; nobody is named."
        ),
    ] = None,
    stop: Annotated[int | None, typer.Option(help="Only this stop, for example 4.")] = None,
    format: Annotated[TeachFormat, typer.Option(help="How to write it.")] = TeachFormat.table,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of the screen.")] = None,
) -> None:
    """Tell an instructor each exercise's aim, solution and misconceptions, or how a class is doing."""
    from lupus_kit.cli.output import give, terminal_width
    from lupus_kit.course import teaching_notes

    if listed == (progress is not None):
        raise InputError(
            "give one of --list (each exercise with its aim, solution and misconceptions) and --class DIR (how a class is doing)."
        )
    width = terminal_width() if out is None else None
    notes = teaching_notes(stop)
    if progress is None:
        give(notes.render(format.value, width), out)
    else:
        give(_counted(progress, [one.key for one in notes.notes], format, width), out)


def _counted(folder: Path, keys: list[str], format: TeachFormat, width: int | None) -> str:
    from lupus_kit.cli.output import count, laid_out
    from lupus_kit.course.text_table import text_table
    from lupus_kit.lessons import class_progress

    found = class_progress(folder)
    for problem in found.unusable:
        print(f"lupus-kit: left out {problem}.", file=sys.stderr)
    print(f"{count(len(found.students), 'progress file')}.", file=sys.stderr)
    frame = found.to_frame()
    frame = frame[frame["key"].isin(keys)].drop(columns=["notebook", "task"])
    if format is TeachFormat.json:
        return f"{frame.to_json(orient='records', indent=2, force_ascii=False)}\n"
    if format is TeachFormat.markdown:
        return laid_out(frame, markdown=True) + "\n"
    columns = {name.replace("_", " "): {"aim": 4, "commonest_slip": 5}.get(name, 1) for name in frame.columns}
    return text_table(columns, frame.astype(str).itertuples(index=False), width)
