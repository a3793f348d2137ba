"""The command ``lupus-kit teach``: the course and its minutes, plans, exercises with solutions, and how a class is doing."""

from pathlib import Path
from typing import TYPE_CHECKING

from lupus_kit.cli import output
from lupus_kit.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@output.described
def teach(
    listed: bool = False,
    progress: Path | None = None,
    plan: str | None = None,
    concept_test: bool = False,
    slides: Path | None = None,
    instructor: Path | None = None,
    stop: int | None = None,
    format: output.Format = None,
    out: output.Out = None,
    force: output.Force = False,
    quiet: output.Quiet = False,
) -> None:
    """List the modules of the course and their minutes; with an option, what an instructor needs besides."""
    from lupus_kit import course, lessons
    from lupus_kit.course.slides import write_slides
    from lupus_kit.course.teaching import exercises_of_stop, write_instructor_versions

    chosen = [listed, progress is not None, plan is not None, concept_test, slides is not None, instructor is not None]
    if sum(chosen) > 1:
        raise InputError("give one of --list, --class, --plan, --concept-test, --slides and --instructor.")
    width = output.terminal_width(out)
    if slides is not None or instructor is not None:
        output.one_format(format, "what goes into a folder of its own")
        if out is not None:
            raise InputError(f"--out {out}: the folder is named already, by --slides or --instructor; leave --out out.")
    if slides is not None:
        output.print_text(f"Open {write_slides(slides, force=force, quiet=quiet)} in a browser.")
        return
    if instructor is not None:
        number = len(write_instructor_versions(instructor, force))
        output.print_text(f"{number} notebooks with open solutions are in {instructor}.")
        return
    if plan is not None or concept_test:  # texts to print, in Markdown
        output.one_format(format if format is not output.TableFormat.markdown else None, "a text to print (Markdown)")
        output.write_result(course.plan(plan) if plan is not None else f"{lessons.concept_test()}\n", out, force=force)
        return
    form = output.chosen_format(format, out, output.TableFormat)
    if listed:
        notes = course.teaching_notes(stop)
        text = (
            output.table_text(notes.to_frame(), form)
            if form is output.TableFormat.csv
            else notes.render(form.value, width)
        )
        output.write_result(text, out, force=force)
    elif progress is not None:
        output.write_result(_counted(progress, list(exercises_of_stop(stop)["key"]), form, width), out, force=force)
    else:
        frame = course.modules().drop(columns="notebook")
        total = f"In all {frame['minutes'].sum() / 60:.1f} hours, {frame['words'].sum():,} words.\n"
        said = "" if form in _DATA else f"\n{total}"
        output.write_result(_written(frame, {"title": 6}, form, width).rstrip("\n") + said, out, force=force)


_DATA = (output.TableFormat.json, output.TableFormat.csv)


def _counted(folder: Path, keys: list[str], form: output.TableFormat, width: int | None) -> str:
    from lupus_kit.core.text import plural
    from lupus_kit.lessons import class_progress

    found = class_progress(folder)
    for problem in found.unusable:
        output.say(f"lupus-kit: left out {problem}.")
    output.say(f"{plural(len(found.students), 'progress file')}.")
    frame = found.to_frame()
    frame = frame[frame["key"].isin(keys)].drop(columns=["notebook", "task"])
    text = _written(frame, {"aim": 4, "commonest_slip": 5}, form, width)
    gain = found.gain()
    if form in _DATA or not gain["students"].any():
        return text
    return (
        text
        + "\nThe concept test, before and after\n\n"
        + _written(gain, {"question": 4, "commonest_misconception": 4}, form, width)
    )


def _written(frame: "pd.DataFrame", shares: dict[str, int], form: output.TableFormat, width: int | None) -> str:
    from lupus_kit.course.text_table import text_table

    if form is not output.TableFormat.table:
        return output.table_text(frame, form)
    columns = {name.replace("_", " "): shares.get(name, 1) for name in frame.columns}
    return text_table(columns, frame.astype(str).itertuples(index=False), width)
