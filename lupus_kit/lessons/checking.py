"""Judge an answer and say something that helps."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from lupus_kit.inference import TESTS
from lupus_kit.lessons import answers, own_code
from lupus_kit.lessons.catalogue import find
from lupus_kit.lessons.exercises.exercise import Exercise, Misconception
from lupus_kit.lessons.progress import file as progress_file

_WORDS = {True: "Right", False: "Not yet", None: "Not answered yet"}
_SIGNS = {True: "\N{HEAVY CHECK MARK}", False: "\N{HEAVY BALLOT X}", None: "\N{HORIZONTAL ELLIPSIS}"}
# Blue, vermilion and grey of the Okabe-Ito family; 3:1 or more against white and against JupyterLab's dark grey.
_COLOURS = {True: "#0f7ab8", False: "#d55e00", None: "#808080"}

#: Keys of tests by their printed names and by their keys as words.
_KEYS = {label: key for key, test in TESTS.items() for label in (test.label.casefold(), key.replace("_", " "))}


@dataclass(frozen=True)
class CheckResult:
    """What the check says about one answer.

    Parameters
    ----------
    key : str
        The exercise.
    passed : bool or None
        True: right. False: not yet. None: nothing was answered.
    message : str
        One or two sentences for the student.
    note : str
        What to know about the progress file; empty if all is well.

    Examples
    --------
    >>> print(CheckResult("09.1", True, "Two arms."))
    09.1 - Right: Two arms.
    """

    key: str
    passed: bool | None
    message: str
    note: str = ""

    def __str__(self) -> str:
        said = f"{self.key} - {_WORDS[self.passed]}: {self.message}"
        return f"{said} ({self.note})" if self.note else said

    def _repr_html_(self) -> str:
        # The verdict is a word and a sign; the colour only repeats it.
        return (
            f'<div role="status" style="border-left:6px solid {_COLOURS[self.passed]};padding:0.5em 0.9em;'
            f'margin:0.3em 0;max-width:46em"><strong><span aria-hidden="true">{_SIGNS[self.passed]}</span> '
            f"{_WORDS[self.passed]}</strong> <small>(exercise {escape(self.key)})</small><br>"
            f"{escape(self.message[:1].upper() + self.message[1:])}"
            f"{f'<br><small>{escape(self.note)}</small>' if self.note else ''}</div>"
        )


def check(key: str, answer: Any = ...) -> CheckResult:
    """Check the answer to an exercise.

    Parameters
    ----------
    key : str
        The exercise, for example ``"04.1"``.
    answer : object
        Whatever the student has. Three dots, or nothing at all, mean "not answered yet". Nothing that is passed here
        raises.

    Returns
    -------
    CheckResult
        Whether it is right, and a sentence that helps if it is not. Shows itself in a notebook, where it is also kept
        in the student's progress file (see :func:`lupus_kit.lessons.progress`).

    Raises
    ------
    InputError
        If there is no such exercise.

    See Also
    --------
    exercises, progress, data

    Examples
    --------
    >>> check("00.1", ...).passed is None
    True
    >>> print(check("00.1", "16"))  # doctest: +ELLIPSIS
    00.1 - Not yet: Your answer is a piece of text. Take the quotes away and give a number...
    """
    exercise = find(key)
    result = judge(exercise, answer)
    return replace(result, note=progress_file.record(exercise, result.passed, result.message, answer))


def judge(exercise: Exercise, answer: Any) -> CheckResult:
    """Check an answer against an exercise that need not be in the catalogue.

    Parameters
    ----------
    exercise : Exercise
        The question.
    answer : object
        Whatever the student has.

    Returns
    -------
    CheckResult
        As for :func:`check`.

    Examples
    --------
    >>> two = Exercise(key="09.1", aim="Count two arms.", task="compute", answer=lambda: 1 + 1)
    >>> judge(two, 2).passed, judge(two, 3).passed
    (True, False)
    """
    if answer is ... or (exercise.kind == "function" and own_code.is_empty(answer)):
        return CheckResult(exercise.key, None, "replace the three dots with your answer and run the cell again.")
    expected = _form(exercise, exercise.answer())
    try:
        given = _form(exercise, answer)
        if said := _remark(exercise, given, expected):
            return CheckResult(exercise.key, False, said)
    except answers.UnusableError as error:
        return CheckResult(exercise.key, False, str(error))
    said = exercise.explain() if callable(exercise.explain) else exercise.explain
    return CheckResult(exercise.key, True, said or exercise.aim)


def _form(exercise: Exercise, value: Any) -> Any:
    """Bring an answer into the form of the exercise's kind."""
    if exercise.kind == "quiz":
        return answers.letters(value, len(str(exercise.answer())))
    if exercise.kind == "names":
        return frozenset(_key_of(name) for name in answers.names(value))
    return {"number": answers.number, "text": answers.text, "function": answers.function}[exercise.kind](value)


def _key_of(name: str) -> str:
    """Take a test's printed name for its key: "Likelihood ratio" is meant where likelihood_ratio is right."""
    plain = name.replace("-", " ")
    return _KEYS.get(name) or _KEYS.get(plain) or _KEYS.get(f"{plain} (g)") or name


def _close(given: float, expected: float, tolerance: float) -> bool:
    # The tiny extra lets 0.1 + 0.2 be 0.3.
    return abs(given - expected) <= tolerance + 1e-9 * max(1.0, abs(expected))


def _same(exercise: Exercise, given: Any, expected: Any) -> bool:
    if exercise.kind == "number":
        return _close(given, expected, exercise.tolerance)
    return bool(given == expected)


def _remark(exercise: Exercise, given: Any, expected: Any) -> str:
    """Find the most specific thing to say: a known misconception, a slip of unit or sign, the general hint."""
    if exercise.kind == "function":
        with own_code.time_limit():
            hint = next((slip.hint for slip in exercise.misconceptions if _fits(exercise, slip, given)), "")
            try:
                return hint or " ".join(exercise.remarks(given) if exercise.remarks else ())
            except (TypeError, ValueError, LookupError, AttributeError):  # what it returns cannot be compared
                raise answers.UnusableError(
                    "Your function returns something of another form: read again what the question asks it to return."
                ) from None
    if exercise.remarks is not None:
        remarks = exercise.remarks(given)
        listed = " ".join(f"({number}) {remark}" for number, remark in enumerate(remarks, start=1))
        return f"{listed} {exercise.hint}".strip() if remarks else ""
    if _same(exercise, given, expected):
        return ""
    for slip in exercise.misconceptions:
        if _fits(exercise, slip, given):
            return slip.hint
    slips: dict[str, Callable[..., str]] = {"number": _number_slip, "names": _names_slip, "quiz": _quiz_slip}
    found = slips[exercise.kind](exercise, given, expected) if exercise.kind in slips else ""
    return f"{found} {exercise.hint}".strip() or "Read the question once more and look at the cells above it."


def _fits(exercise: Exercise, slip: Misconception, given: Any) -> bool:
    if slip.when is not None:
        try:
            return bool(slip.when(given))
        except Exception:  # a rule written for likely answers must not trip over an unlikely one
            return False
    assert slip.answer is not None  # Misconception has exactly one of the two
    with suppress(answers.UnusableError):
        return _same(exercise, given, _form(exercise, slip.answer()))
    return False


def _number_slip(exercise: Exercise, given: float, expected: float) -> str:
    unit = f" The question asks for {exercise.unit.strip('()')}." if exercise.unit else ""
    if expected != 0:
        if _close(given, 100 * expected, 100 * exercise.tolerance):
            return f"The digits are right, but 100 times too large: a percentage instead of a proportion?{unit}"
        if _close(given, expected / 100, exercise.tolerance / 100):
            return f"The digits are right, but 100 times too small: a proportion instead of a percentage?{unit}"
        if _close(given, -expected, exercise.tolerance):
            return "The size is right, the sign is not: look at which number is taken from which."
        if exercise.tolerance and _close(given, expected, 10 * exercise.tolerance) and _same_digits(given, expected):
            return "Very near: keep more decimals until the last step."
    return unit.strip()


def _same_digits(given: float, expected: float) -> bool:
    """Whether two numbers begin with the same two digits, at the same place."""
    return f"{given:.1e}" == f"{expected:.1e}"


def _names_slip(_: Exercise, given: frozenset[str], expected: frozenset[str]) -> str:
    belong, extra, missing = len(given & expected), len(given - expected), len(expected - given)
    return f"Of your names {belong} belong here and {extra} do not; {missing} more to find."


def _quiz_slip(exercise: Exercise, given: frozenset[str], _: Any) -> str:
    known = [(str(slip.answer()), slip.hint) for slip in exercise.misconceptions if slip.answer]
    return " ".join(f"Question {key[0]}: {hint}" for key, hint in known if key in given)
