"""The file in which a student's progress is kept: the student's own, beside the notebooks, small and readable.

It says which exercise was answered when, whether the answer was right and which hint was given, and what was predicted.
The answer itself is kept only where it is a text, for whoever teaches.
Keeping it never disturbs a lesson: whatever goes wrong here becomes one sentence below the check.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

from lupus_kit import __version__
from lupus_kit.core.errors import InputError
from lupus_kit.core.files import cannot_write, locked, read_bytes, within, write_atomically
from lupus_kit.lessons.exercises.exercise import Exercise

NAME = "lupus-kit-progress.json"
#: ``off``, or the file to use instead; without it progress is kept only where a notebook runs.
VARIABLE = "LUPUS_KIT_PROGRESS"
SCHEMA = 1
#: A student's answers to a hundred exercises have some hundred thousand bytes.
LARGEST = 20_000_000


class DamagedError(InputError):
    """The file is not a progress file; the message says what is wrong with it."""


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
        The hint of the misconception that was met, of each on a line of its own in a quiz; empty if none was.
    text : str
        What was written, where sentences were asked for; else empty.

    Examples
    --------
    >>> from lupus_kit.lessons import Attempt
    >>> Attempt("04.1", "2026-01-31T10:00:00+00:00", True, "").right
    True
    """

    exercise: str
    when: str
    right: bool
    misconception: str = ""
    text: str = ""


@dataclass
class _Session:
    """What holds until the kernel stops."""

    keep: bool = True
    #: The first folder stays, also if a cell changes the working folder later.
    folder: Path | None = None
    told: str = ""
    kept: Callable[[], None] = lambda: None


_session = _Session()


def keep_progress(keep: bool = True) -> None:
    """Say whether this session keeps progress.

    To switch it off for good, set the environment variable ``LUPUS_KIT_PROGRESS`` to ``off``.

    Parameters
    ----------
    keep : bool
        False: answers are checked and nothing is written.

    See Also
    --------
    progress, class_progress

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
    """Read the answers in a progress file.

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
    InputError
        If a later version of the kit wrote it, or it is a pipe or a device.
    OSError
        If the operating system does not let it be read.
    """
    return _attempts(read_content(path))


def read_content(path: Path) -> dict[str, Any]:
    """Read a progress file as it stands: ``schema``, ``kit``, and the lists ``answers`` and ``predictions``.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    dict
        Both lists are there, empty if there is no such file.

    Raises
    ------
    InputError, OSError
        As :func:`read`.
    """
    try:
        return parsed(read_bytes(path, LARGEST, "a progress file"))
    except FileNotFoundError:
        return {"schema": SCHEMA, "answers": [], "predictions": []}


def parsed(text: bytes) -> dict[str, Any]:
    """Read the content of a progress file; raise as :func:`read` does."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:  # not UTF-8, or not JSON
        raise DamagedError(f"it is not readable as JSON ({error})") from None
    schema = content.get("schema") if isinstance(content, dict) else None
    if type(schema) is int and schema > SCHEMA:
        raise InputError("it was written by a later version of the kit; update the kit to use it.")
    if type(schema) is not int or schema != SCHEMA or not isinstance(content.get("answers"), list):
        raise DamagedError(f"it does not say 'schema': {SCHEMA} and list 'answers'")
    if not isinstance(content.setdefault("predictions", []), list):
        raise DamagedError("its 'predictions' are not a list")
    _attempts(content)
    return dict(content)


def as_json(content: dict[str, Any]) -> bytes:
    """Write what :func:`parsed` reads; half a sign, which no file can hold, as JSON spells it."""
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode("utf-8", errors="backslashreplace")


def _attempts(content: dict[str, Any]) -> list[Attempt]:
    return [_attempt(row, number) for number, row in enumerate(content["answers"], start=1)]


def _attempt(row: Any, number: int) -> Attempt:
    kinds = {"exercise": str, "when": str, "right": bool, "misconception": str}
    if not isinstance(row, dict) or any(not isinstance(row.get(name), kind) for name, kind in kinds.items()):
        raise DamagedError(f"answer {number} needs {', '.join(kinds)}")
    return Attempt(**{name: row[name] for name in kinds}, text=str(row.get("text", "")))


def record(exercise: Exercise, passed: bool | None, message: str, answer: object = "") -> str:
    """Keep the result of one check.

    Parameters
    ----------
    exercise : Exercise
        What was answered.
    passed : bool or None
        The verdict; None, "not answered yet", is not kept.
    message : str
        What the check said; a misconception is recognised by its hint.
    answer : object
        What was answered; kept where sentences were asked for.

    Returns
    -------
    str
        A sentence for the student if something was not as it should be, else empty. Nothing is raised.
    """
    if passed is None:
        return ""
    met = "" if passed else "\n".join(slip.hint for slip in exercise.misconceptions if slip.hint in message)
    row: dict[str, Any] = {"exercise": exercise.key, "when": now(), "right": passed, "misconception": met}
    if exercise.kind == "text" and isinstance(answer, str):
        row["text"] = answer
    return keep("answers", row)


def now() -> str:
    """Return the time in UTC, to the second, as ISO 8601 writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def keep(kind: str, row: dict[str, Any]) -> str:
    """Add one row to the student's file, if progress is kept.

    Parameters
    ----------
    kind : {"answers", "predictions"}
        The list it belongs to.
    row : dict
        What to keep.

    Returns
    -------
    str
        As :func:`record`.
    """

    def add(content: dict[str, Any]) -> bool:
        if kind == "answers" and row["right"] and _solved(_attempts(content), row["exercise"], row.get("text", "")):
            return False  # a notebook that is run again from top to bottom adds nothing
        content[kind].append(row)
        return True

    path = place()
    if path is None:
        return ""
    try:
        said = _change(path, add)
    except (InputError, OSError) as error:
        reason = str(error) if isinstance(error, InputError) else str(cannot_write(path, error))
        return _once(f"Your progress is not kept: {reason} The checks go on as before.")
    _session.kept()
    return said


def when_kept(call: Callable[[], None]) -> None:
    """Have a function called whenever something was kept, in place of the one that was called before."""
    _session.kept = call


def merge(path: Path, other: dict[str, Any]) -> str:
    """Add to a progress file what another one holds besides, in the order of time.

    Parameters
    ----------
    path : pathlib.Path
        The file; made if it is not there.
    other : dict
        As :func:`parsed` returns it.

    Returns
    -------
    str
        A sentence if the file could not be used and was set aside, else empty.

    Raises
    ------
    InputError, OSError
        The file cannot be changed; it is left as it is.
    """

    def add(content: dict[str, Any]) -> bool:
        for kind in ("answers", "predictions"):
            known = {json.dumps(row, sort_keys=True) for row in content[kind]}
            content[kind] += [row for row in other[kind] if json.dumps(row, sort_keys=True) not in known]
            content[kind].sort(key=lambda row: str(row.get("when")) if isinstance(row, dict) else "")
        return True

    return _change(path, add)


def _change(path: Path, change: Callable[[dict[str, Any]], bool]) -> str:
    """Change a progress file; what stands in it is read again each time, since two notebooks may be open."""
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {str(path.parent)!r}.")
    said = ""
    with locked(path):
        try:
            content = read_content(path)
        except DamagedError as error:
            aside = _set_aside(path)
            content = read_content(path)
            said = f"Your progress file could not be used: {error}. It was kept as {aside.name!r}, and a new one was begun."
        if change(content):
            content["kit"] = __version__
            write_atomically(path, within(BytesIO(as_json(content)), LARGEST, str(path), "a progress file"))
    return said


def _solved(attempts: list[Attempt], key: str, text: str) -> bool:
    """Whether the last answer to this exercise was right, in these words."""
    return next((one.right and one.text == text for one in reversed(attempts) if one.exercise == key), False)


def _set_aside(path: Path) -> Path:
    names = (path.with_name(f"{path.stem}.damaged-{number}{path.suffix}") for number in count(1))
    return path.rename(next(aside for aside in names if not aside.exists()))


def _once(sentence: str) -> str:
    """Say a lasting trouble once and not below every check."""
    told, _session.told = _session.told, sentence
    return "" if sentence == told else sentence
