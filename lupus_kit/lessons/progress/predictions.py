"""What a student predicted before a result was shown, kept with the progress and shown beside the result."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from typing import Any

from lupus_kit.core.errors import InputError
from lupus_kit.lessons import answers
from lupus_kit.lessons.progress import file as progress_file

_LONGEST = 200
#: What this session predicted, also where no file is kept.
_predicted: dict[str, Any] = {}


@dataclass(frozen=True)
class Prediction:
    """A prediction and, once it is known, the result.

    Parameters
    ----------
    key : str
        ``"NN.pk"``, for example ``"04.p3"``.
    value : float, str, tuple of float or None
        A number, words, or a sketch as numbers in a row; None if nothing was predicted.
    result : object
        What came out, as text; empty before it is shown.
    note : str
        What is wrong with the prediction or with keeping it; empty if all is well.

    Examples
    --------
    >>> print(Prediction("04.p3", 50.0, "36"))
    04.p3: you predicted 50; it is 36.
    """

    key: str
    value: float | str | tuple[float, ...] | None
    result: str = ""
    note: str = ""

    def __str__(self) -> str:
        mine = "nothing was predicted" if self.value is None else f"you predicted {_shown(self.value)}"
        said = f"{self.key}: {mine}; it is {self.result}." if self.result else f"{self.key}: {mine}."
        return f"{said} ({self.note})" if self.note else said

    def _repr_html_(self) -> str:
        return f'<p role="status" style="border-left:6px solid #0f7ab8;padding:0.4em 0.9em">{escape(str(self))}</p>'


def predict(key: str, value: Any = ...) -> Prediction:
    """Keep a prediction before the result is seen.

    Parameters
    ----------
    key : str
        ``"NN.pk"``: two digits of the notebook, a dot, ``p`` and a number.
    value : float, str or sequence of float, optional
        A number, a letter or words, or a sketch as several numbers in a row. Three dots, or nothing, leave what was
        predicted before.

    Returns
    -------
    Prediction
        Shows itself in a notebook, where it is also kept in the student's progress file.

    Raises
    ------
    InputError
        If the key is not of that form.

    See Also
    --------
    reveal

    Examples
    --------
    >>> print(predict("00.p9", 5))
    00.p9: you predicted 5.
    """
    _check_key(key)
    if value is ...:
        before = _kept(key)
        note = "" if before is not None else "replace the three dots with what you expect and run the cell again"
        return Prediction(key, before, note=note)
    try:
        usable = _usable(value)
    except answers.UnusableError as error:
        return Prediction(key, None, note=str(error))
    _predicted[key] = usable
    row = {"key": key, "when": progress_file.now(), "value": usable}
    return Prediction(key, usable, note=progress_file.keep("predictions", row))


def reveal(key: str, result: Any, unit: str = "") -> Prediction:
    """Show a result beside what was predicted.

    Parameters
    ----------
    key : str
        As for :func:`predict`.
    result : float, str or sequence of float
        What came out.
    unit : str
        What a number counts, for example ``"of 100"``.

    Returns
    -------
    Prediction
        Both, side by side; there is no right or wrong.

    Raises
    ------
    InputError
        If the key is not of that form.

    See Also
    --------
    predict

    Examples
    --------
    >>> _ = predict("00.p9", 5)
    >>> print(reveal("00.p9", 7, "of 100"))
    00.p9: you predicted 5; it is 7 of 100.
    """
    _check_key(key)
    return Prediction(key, _kept(key), f"{_shown(result)} {unit}".rstrip())


def _check_key(key: str) -> None:
    if not isinstance(key, str) or not re.fullmatch(r"\d\d\.p[1-9]\d*", key):
        raise InputError(f"prediction key {key!r}: write it as 'NN.pk', for example '04.p3'")


def _usable(value: Any) -> float | str | tuple[float, ...]:
    if isinstance(value, str):
        if not value.strip() or len(value) > _LONGEST:
            raise answers.UnusableError(f"predict a number, or words of at most {_LONGEST} characters")
        return value.strip()
    if isinstance(value, Sequence) or len(getattr(value, "shape", ())) == 1:
        return tuple(map(answers.number, value))
    return answers.number(value)


def _kept(key: str) -> Any:
    """Find what was predicted: in this session, or in the file when the kernel was restarted."""
    path = progress_file.place()
    if key in _predicted or path is None:
        return _predicted.get(key)
    with suppress(InputError, OSError):
        for row in reversed(progress_file.read_content(path)["predictions"]):
            if isinstance(row, dict) and row.get("key") == key and "value" in row:
                return tuple(row["value"]) if isinstance(row["value"], list) else row["value"]
    return None


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence) or len(getattr(value, "shape", ())) == 1:
        return ", ".join(map(_shown, value))
    return f"{float(value):.4g}"
