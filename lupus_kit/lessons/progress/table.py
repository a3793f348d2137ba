"""How far a student has come: the progress file as a table by stop."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lupus_kit.core.errors import InputError
from lupus_kit.core.templates import fill
from lupus_kit.lessons.catalogue import exercises
from lupus_kit.lessons.progress import file as progress_file
from lupus_kit.lessons.progress.file import Attempt


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
        met = (dict.fromkeys(hint for one in row for hint in one.misconception.splitlines()) for row in rows)
        frame["misconceptions"] = list(map(" ".join, met))
        return frame

    def _headline(self) -> str:
        states = self.to_frame()["state"]
        return f"{(states == 'solved').sum()} of {len(states)} exercises solved"

    def __str__(self) -> str:
        stops = self.to_frame().groupby("notebook", sort=True)
        lines = [f"{notebook}: " + "  ".join(rows["key"] + " " + rows["state"]) for notebook, rows in stops]
        return "\n".join([self._headline(), *lines, self.note]).rstrip("\n")

    def _repr_html_(self) -> str:
        stops = [(name, list(rows.itertuples())) for name, rows in self.to_frame().groupby("notebook", sort=True)]
        page = Path(__file__).with_name("progress.html.j2")
        return fill(page, headline=self._headline(), note=self.note, stops=stops, path=self.path.name)


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

    See Also
    --------
    check, exercises, keep_progress, class_progress

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
    except InputError as error:
        said = str(error).rstrip(".")
        note = f"{file.name!r} cannot be used: {said}. Nothing in it was changed; mend it, or move it away."
    except OSError as error:
        note = f"{file.name!r} cannot be read: {error.strerror or error}."
    known = set(exercises()["key"])
    if foreign := sorted({one.exercise for one in attempts} - known):
        note = f"{file.name!r} also has answers to exercises that this version does not have: {', '.join(foreign)}."
    return Progress(file, tuple(attempts), note)
