"""The command ``lupus-kit teach``: each exercise's aim, solution and typical wrong answers, and how a class is doing."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lupus_kit.core.errors import InputError

TeachFormat = StrEnum("TeachFormat", "table markdown json")


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
    from lupus_kit.cli.output import terminal_width, write_result
    from lupus_kit.course.teaching import exercises_of_stop, teaching_notes

    if listed == (progress is not None):
        raise InputError(
            "give one of --list (each exercise with its aim, solution and misconceptions) and --class DIR (how a class is doing)."
        )
    if progress is None:
        text = teaching_notes(stop).render(format.value, terminal_width(out))
    else:
        text = _counted(progress, list(exercises_of_stop(stop)["key"]), format, terminal_width(out))
    write_result(text, out)


def _counted(folder: Path, keys: list[str], format: TeachFormat, width: int | None) -> str:
    from lupus_kit.cli.output import plain_table
    from lupus_kit.core.text import plural
    from lupus_kit.course.text_table import text_table
    from lupus_kit.lessons import class_progress

    found = class_progress(folder)
    for problem in found.unusable:
        print(f"lupus-kit: left out {problem}.", file=sys.stderr)
    print(f"{plural(len(found.students), 'progress file')}.", file=sys.stderr)
    frame = found.to_frame()
    frame = frame[frame["key"].isin(keys)].drop(columns=["notebook", "task"])
    if format is TeachFormat.json:
        return str(frame.to_json(orient="records", indent=2, force_ascii=False))
    if format is TeachFormat.markdown:
        return plain_table(frame, markdown=True)
    columns = {name.replace("_", " "): {"aim": 4, "commonest_slip": 5}.get(name, 1) for name in frame.columns}
    return text_table(columns, frame.astype(str).itertuples(index=False), width)
