"""The command ``lupus-kit teach``: the course and its minutes, plans, exercises with solutions, and how a class is doing."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lupus_kit.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

TeachFormat = StrEnum("TeachFormat", "table markdown json")


def teach(
    listed: Annotated[bool, typer.Option("--list", help="List the exercises with their solutions.")] = False,
    progress: Annotated[
        Path | None,
        typer.Option(
            "--class", metavar="DIR", help="Count the students' progress files in this folder; nobody is named."
        ),
    ] = None,
    plan: Annotated[str | None, typer.Option(help="A plan for a course: 90min, half-day or six-weeks.")] = None,
    concept_test: Annotated[
        bool, typer.Option("--concept-test", help="Twelve items to ask before and after the course.")
    ] = False,
    slides: Annotated[Path | None, typer.Option(metavar="DIR", help="Write slides of the core path here.")] = None,
    instructor: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Copy the notebooks here with their solutions unfolded.")
    ] = None,
    stop: Annotated[int | None, typer.Option(help="Only this stop, for example 4.")] = None,
    format: Annotated[TeachFormat, typer.Option(help="How to write it.")] = TeachFormat.table,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of the screen.")] = None,
) -> None:
    """List the modules of the course and their minutes; with an option, what an instructor needs besides."""
    from lupus_kit import course, lessons
    from lupus_kit.cli.output import terminal_width, write_result
    from lupus_kit.course.slides import write_slides
    from lupus_kit.course.teaching import exercises_of_stop, write_instructor_versions

    chosen = [listed, progress is not None, plan is not None, concept_test, slides is not None, instructor is not None]
    if sum(chosen) > 1:
        raise InputError("give one of --list, --class, --plan, --concept-test, --slides and --instructor.")
    width = terminal_width(out)
    if slides is not None:
        print(f"Open {write_slides(slides)} in a browser.")
    elif instructor is not None:
        print(f"{len(write_instructor_versions(instructor))} notebooks with open solutions are in {instructor}.")
    elif plan is not None:
        write_result(course.plan(plan), out)
    elif concept_test:
        write_result(f"{lessons.concept_test()}\n", out)
    elif listed:
        write_result(course.teaching_notes(stop).render(format.value, width), out)
    elif progress is not None:
        write_result(_counted(progress, list(exercises_of_stop(stop)["key"]), format, width), out)
    else:
        frame = course.modules().drop(columns="notebook")
        total = f"In all {frame['minutes'].sum() / 60:.1f} hours, {frame['words'].sum():,} words.\n"
        write_result(_written(frame, {"title": 6}, format, width) + ("" if format == "json" else total), out)


def _counted(folder: Path, keys: list[str], format: TeachFormat, width: int | None) -> str:
    from lupus_kit.core.text import plural
    from lupus_kit.lessons import class_progress

    found = class_progress(folder)
    for problem in found.unusable:
        print(f"lupus-kit: left out {problem}.", file=sys.stderr)
    print(f"{plural(len(found.students), 'progress file')}.", file=sys.stderr)
    frame = found.to_frame()
    frame = frame[frame["key"].isin(keys)].drop(columns=["notebook", "task"])
    text = _written(frame, {"aim": 4, "commonest_slip": 5}, format, width)
    gain = found.gain()
    if format is TeachFormat.json or not gain["students"].any():
        return text
    return (
        text
        + "\nThe concept test, before and after\n\n"
        + _written(gain, {"question": 4, "commonest_misconception": 4}, format, width)
    )


def _written(frame: "pd.DataFrame", shares: dict[str, int], format: TeachFormat, width: int | None) -> str:
    from lupus_kit.cli.output import plain_table
    from lupus_kit.course.text_table import text_table

    if format is TeachFormat.json:
        return str(frame.to_json(orient="records", indent=2, force_ascii=False))
    if format is TeachFormat.markdown:
        return plain_table(frame, markdown=True)
    columns = {name.replace("_", " "): shares.get(name, 1) for name in frame.columns}
    return text_table(columns, frame.astype(str).itertuples(index=False), width)
