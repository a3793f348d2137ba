"""The file in which a student's progress is kept: the student's own, beside the notebooks, small and readable.

It says which exercise was answered when, whether the answer was right and which hint was given; not the answer itself.
Keeping it never disturbs a lesson: whatever goes wrong here becomes one sentence below the check.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lupus_kit import __version__
from lupus_kit.core.errors import InputError
from lupus_kit.core.files import cannot_write, write_atomically
from lupus_kit.lessons.exercises.exercise import Exercise

NAME = "lupus-kit-progress.json"
#: ``off``, or the file to use instead; without it progress is kept only where a notebook runs.
VARIABLE = "LUPUS_KIT_PROGRESS"
SCHEMA = 1


class DamagedError(Exception):
    """The file is not a progress file; the message says what is wrong with it."""


class NewerError(Exception):
    """The file was written by a later version of the kit, in a form that this one does not know."""


@dataclass(frozen=True)
class Attempt:
    """One answer that was checked.

    Parameters
    ----------
    exercise : str
        Its key, for example ``"04.1"``.
    when : str
        Date and time in UTC, ISO 8601.
    right : bool
        Whether the answer was right.
    misconception : str
        The hint of the misconception that was met; empty if none was.
    """

    exercise: str
    when: str
    right: bool
    misconception: str = ""


@dataclass
class _Session:
    """What holds until the kernel stops."""

    keep: bool = True
    #: The first folder stays, also if a cell changes the working folder later.
    folder: Path | None = None
    told: str = ""


_session = _Session()


def keep_progress(keep: bool = True) -> None:
    """Say whether this session keeps progress.

    To switch it off for good, set the environment variable ``LUPUS_KIT_PROGRESS`` to ``off``.

    Parameters
    ----------
    keep : bool
        False: answers are checked and nothing is written.

    Examples
    --------
    >>> keep_progress(False)
    >>> place() is None
    True
    >>> keep_progress(True)
    """
    _session.keep = keep


def place() -> Path | None:
    """Return the file that this session writes to.

    Returns
    -------
    pathlib.Path or None
        None if progress is not kept: switched off, or not in a notebook.
    """
    said = os.environ.get(VARIABLE, "")
    if not _session.keep or said.strip().casefold() in {"off", "no", "0"}:
        return None
    if said:
        return Path(said)
    return usual_place() if _in_notebook() else None


def usual_place() -> Path:
    """Return the file beside the notebook, wherever a cell has gone since."""
    if _session.folder is None or not _session.folder.is_dir():
        _session.folder = Path.cwd()
    return _session.folder / NAME


def _in_notebook() -> bool:
    """Tell a notebook's kernel from a script, a test and a terminal."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


def read(path: Path) -> list[Attempt]:
    """Read a progress file.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    list of Attempt
        In the order they were made; empty if there is no such file.

    Raises
    ------
    DamagedError
        If it is not a progress file.
    NewerError
        If a later version of the kit wrote it.
    OSError
        If the operating system does not let it be read.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return []
    except (ValueError, RecursionError) as error:  # not UTF-8, or not JSON
        raise DamagedError(f"it is not readable as JSON ({error})") from None
    schema = content.get("schema") if isinstance(content, dict) else None
    if type(schema) is int and schema > SCHEMA:
        raise NewerError("written by a later version of the kit")
    if type(schema) is not int or schema != SCHEMA or not isinstance(content.get("answers"), list):
        raise DamagedError(f"it does not say 'schema': {SCHEMA} and list 'answers'")
    return [_attempt(row, number) for number, row in enumerate(content["answers"], start=1)]


def _attempt(row: Any, number: int) -> Attempt:
    kinds = {"exercise": str, "when": str, "right": bool, "misconception": str}
    if not isinstance(row, dict) or any(not isinstance(row.get(name), kind) for name, kind in kinds.items()):
        raise DamagedError(f"answer {number} needs {', '.join(kinds)}")
    return Attempt(**{name: row[name] for name in kinds})


def record(exercise: Exercise, passed: bool | None, message: str) -> str:
    """Keep the result of one check.

    Parameters
    ----------
    exercise : Exercise
        What was answered.
    passed : bool or None
        The verdict; None, "not answered yet", is not kept.
    message : str
        What the check said; a misconception is recognised by its hint.

    Returns
    -------
    str
        A sentence for the student if something was not as it should be, else empty. Nothing is raised.
    """
    path = place()
    if path is None or passed is None:
        return ""
    met = "" if passed else next((slip.hint for slip in exercise.misconceptions if slip.hint in message), "")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        return _append(path, Attempt(exercise.key, now, passed, met))
    except NewerError:
        return _once(
            f"A later version of the kit wrote {str(path)!r}: it is left as it is, and this answer is not kept."
        )
    except (InputError, OSError) as error:
        reason = str(error) if isinstance(error, InputError) else str(cannot_write(path, error))
        return _once(f"Your progress is not kept: {reason} The checks go on as before.")


def _append(path: Path, attempt: Attempt) -> str:
    """Add one line; what stands in the file is read again each time, since two notebooks may be open."""
    said = ""
    try:
        attempts = read(path)
    except DamagedError as error:
        aside = _set_aside(path)
        attempts = []
        said = f"Your progress file could not be used: {error}. It was kept as {aside.name!r}, and a new one was begun."
    if attempt.right and _solved(attempts, attempt.exercise):
        return said  # a notebook that is run again from top to bottom adds nothing
    content = {"schema": SCHEMA, "kit": __version__, "answers": [asdict(one) for one in (*attempts, attempt)]}
    write_atomically(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode("utf-8"))
    return said


def _solved(attempts: list[Attempt], key: str) -> bool:
    """Whether the last answer to this exercise was right."""
    last = next((one for one in reversed(attempts) if one.exercise == key), None)
    return last is not None and last.right


def _set_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    os.rename(path, aside)
    return aside


def _once(sentence: str) -> str:
    """Say a lasting trouble once and not below every check."""
    if sentence == _session.told:
        return ""
    _session.told = sentence
    return sentence
