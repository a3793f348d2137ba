"""How far a student has come: the progress file as a table by stop."""

from dataclasses import dataclass
from html import escape
from pathlib import Path

import pandas as pd

from lupus_kit.lessons.catalogue import exercises
from lupus_kit.lessons.progress import file as progress_file
from lupus_kit.lessons.progress.file import Attempt

#: State, sign and colour; the sign and the word say it, the colour repeats it.
_SHOWN = {
    "solved": ("\N{HEAVY CHECK MARK}", "#0f7ab8"),
    "tried": ("\N{HEAVY BALLOT X}", "#d55e00"),
    "open": ("\N{WHITE CIRCLE}", "#808080"),
}


@dataclass(frozen=True)
class Progress:
    """How far a student has come.

    Parameters
    ----------
    path : pathlib.Path
        The progress file.
    attempts : tuple of Attempt
        Every answer kept in it.
    note : str
        What the student should know about the file; empty if all is well.

    Examples
    --------
    >>> some = Progress(Path("p.json"), (Attempt("00.1", "2026-01-05T10:00:00+00:00", True),))
    >>> some.to_frame().set_index("key").loc["00.1", "state"]
    'solved'
    """

    path: Path
    attempts: tuple[Attempt, ...]
    note: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return one row an exercise.

        Returns
        -------
        pandas.DataFrame
            ``key notebook task aim state tries last misconceptions``. ``state`` is ``"solved"`` if any answer was right,
            ``"tried"`` or ``"open"``; ``tries`` counts the answers kept; ``last`` is the time of the last one in UTC,
            or missing; ``misconceptions`` joins the hints met, each once.
        """
        frame = exercises()
        rows = [[one for one in self.attempts if one.exercise == key] for key in frame["key"]]
        frame["state"] = ["solved" if any(one.right for one in row) else "tried" if row else "open" for row in rows]
        frame["tries"] = [len(row) for row in rows]
        last = [row[-1].when if row else None for row in rows]
        frame["last"] = pd.to_datetime(pd.Series(last, dtype=object), utc=True, errors="coerce", format="ISO8601")
        frame["misconceptions"] = [
            " ".join(dict.fromkeys(one.misconception for one in row if one.misconception)) for row in rows
        ]
        return frame

    def _headline(self) -> str:
        states = self.to_frame()["state"]
        return f"{(states == 'solved').sum()} of {len(states)} exercises solved"

    def __str__(self) -> str:
        lines = [self._headline()]
        for notebook, rows in self.to_frame().groupby("notebook", sort=True):
            lines.append(f"{notebook}: " + "  ".join(rows["key"] + " " + rows["state"]))
        return "\n".join([*lines, self.note]).rstrip("\n")

    def _repr_html_(self) -> str:
        stops = "".join(_stop(str(name), rows) for name, rows in self.to_frame().groupby("notebook", sort=True))
        note = f"<p role='status'><em>{escape(self.note)}</em></p>" if self.note else ""
        return (
            f"<div style='max-width:60em'><p><strong>{self._headline()}</strong></p>{note}{stops}"
            f"<p><small>Kept in {escape(str(self.path.name))} beside your notebooks. It is yours: read it, copy it, delete "
            "it. <code>lessons.keep_progress(False)</code> stops it.</small></p></div>"
        )


def _stop(name: str, rows: pd.DataFrame) -> str:
    """Write one stop: a line that tells how far, and a table to unfold."""
    solved = int((rows["state"] == "solved").sum())
    body = "".join(
        "<tr>"
        f"<td style='text-align:left;white-space:nowrap'><span aria-hidden='true' style='color:{_SHOWN[row.state][1]}'>"
        f"{_SHOWN[row.state][0]}</span> {row.key} {row.state}</td>"
        f"<td style='text-align:left'>{escape(row.aim)}</td>"
        f"<td>{row.tries or ''}</td>"
        f"<td style='text-align:left'>{escape(row.misconceptions)}</td></tr>"
        for row in rows.itertuples()
    )
    head = "".join(
        f"<th style='text-align:left'>{word}</th>" for word in ("exercise", "what it is for", "tries", "hints met")
    )
    return (
        f"<details{' open' if 0 < solved < len(rows) or (rows['state'] == 'tried').any() else ''}><summary>"
        f"<strong>{escape(name)}</strong>: {solved} of {len(rows)} solved</summary>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></details>"
    )


def progress(path: Path | str | None = None) -> Progress:
    """Show how far you have come.

    Parameters
    ----------
    path : path, optional
        A progress file; by default the one beside the notebook.

    Returns
    -------
    Progress
        Shows itself in a notebook as a list by stop; ``to_frame()`` gives the table. A file that cannot be used is told
        in it, and left as it is.

    Examples
    --------
    >>> print(progress("no_such_file.json"))  # doctest: +ELLIPSIS
    0 of ... exercises solved
    00_start_here: 00.1 open...
    """
    file = Path(path) if path is not None else progress_file.place() or progress_file.usual_place()
    attempts: list[Attempt] = []
    note = "" if file.exists() else f"No answers are kept yet: there is no file {file.name!r} here."
    try:
        attempts = progress_file.read(file)
    except progress_file.DamagedError as error:
        note = f"{file.name!r} cannot be used: {error}. Nothing in it was changed; mend it, or move it away."
    except progress_file.NewerError:
        note = f"{file.name!r} was written by a later version of the kit. Update the kit to see it."
    except OSError as error:
        note = f"{file.name!r} cannot be read: {error.strerror or error}."
    known = set(exercises()["key"])
    if foreign := sorted({one.exercise for one in attempts} - known):
        note = f"{file.name!r} also has answers to exercises that this version does not have: {', '.join(foreign)}."
    return Progress(file, tuple(attempts), note)
