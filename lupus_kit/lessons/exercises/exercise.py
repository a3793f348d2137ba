"""What an exercise is, and what a typical wrong answer to it is."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

from lupus_kit.core.errors import InputError, require_choice

Kind = Literal["number", "numbers", "choice", "names", "text"]
Task = Literal["compute", "predict", "judge"]


@dataclass(frozen=True)
class Misconception:
    """A typical wrong answer and the words that help.

    Parameters
    ----------
    hint : str
        What to say to a student who gave this answer. It explains the slip and does not give the result away.
    answer : callable, optional
        Takes nothing, computes the typical wrong answer with the kit.
    when : callable, optional
        Takes the student's answer, already brought into the form of the exercise's kind, and says whether it is
        this slip. Give exactly one of ``answer`` and ``when``.

    Raises
    ------
    InputError
        If not exactly one of ``answer`` and ``when`` is given.

    Examples
    --------
    >>> slip = Misconception("That is the arm's size, not its responders.", answer=lambda: 29)
    >>> slip.answer()
    29
    """

    hint: str
    answer: Callable[[], object] | None = None
    when: Callable[[Any], bool] | None = None

    def __post_init__(self) -> None:
        if (self.answer is None) == (self.when is None):
            raise InputError(f"misconception {self.hint!r}: give exactly one of answer= and when=")


#: The short name that the lists of exercises use.
Slip = Misconception


@dataclass(frozen=True)
class Exercise:
    """One question of a notebook: what it is for and how an answer is judged.

    Parameters
    ----------
    key : str
        ``"NN.k"``: two digits of the notebook, a dot, the number of the exercise.
    aim : str
        What the student learns by it, in one sentence that ends with a point; for the instructor's list.
    task : {"compute", "predict", "judge"}
        What the student does: work a value out with the kit, say what will come out before it is seen, or weigh
        what a number or a sentence can carry.
    answer : callable
        Takes nothing and computes the answer with the kit. Never a typed number: the check is right because the
        kit is.
    kind : {"number", "numbers", "choice", "names", "text"}
        One number; several in a fixed order; one of ``choices``; a set of names in any order; written sentences, of
        which ``answer`` gives an example that passes.
    tolerance : float
        How far a number may be off, in its own unit. The default, 0, is for whole numbers.
    unit : str
        What the number counts, for example ``"percentage points"``; shown where it helps.
    choices : tuple of str
        The allowed answers of a ``"choice"``.
    hint : str
        Said when an answer is wrong and fits no misconception.
    explain : str or callable
        Said when the answer is right; a callable computes the sentence, so that its numbers are not typed.
    misconceptions : tuple of Misconception
        Looked through in order; the first that fits gives its hint.
    remarks : callable, optional
        For a ``"text"``: takes the text and lists what is wrong with it; nothing to remark is right.

    Raises
    ------
    InputError
        If the key, the aim, the task, the kind, the tolerance or the choices cannot be used.

    Examples
    --------
    >>> two = Exercise(key="09.1", aim="Count two arms.", task="compute", answer=lambda: 1 + 1, unit="arms")
    >>> two.answer()
    2
    """

    key: str
    aim: str
    task: Task
    answer: Callable[[], object]
    kind: Kind = "number"
    tolerance: float = 0.0
    unit: str = ""
    choices: tuple[str, ...] = ()
    hint: str = ""
    explain: str | Callable[[], str] = ""
    misconceptions: tuple[Misconception, ...] = ()
    remarks: Callable[[str], list[str]] | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\d\d\.[1-9]\d*", self.key):
            raise InputError(f"exercise key {self.key!r}: write it as 'NN.k', for example '04.1'")
        if not re.fullmatch(r"[A-Z](?:(?!\. ).)*\.", self.aim):
            raise InputError(f"exercise {self.key}: aim == {self.aim!r}, must be one sentence that ends with a point")
        require_choice(f"task of exercise {self.key}", self.task, get_args(Task))
        require_choice(f"kind of exercise {self.key}", self.kind, get_args(Kind))
        if not self.tolerance >= 0:
            raise InputError(f"exercise {self.key}: tolerance == {self.tolerance!r}, must be 0 or more")
        if (self.kind == "choice") != bool(self.choices):
            raise InputError(f"exercise {self.key}: choices belong to kind 'choice', and only to it")
        if (self.kind == "text") != (self.remarks is not None):
            raise InputError(f"exercise {self.key}: remarks belong to kind 'text', and only to it")


def choice(
    key: str,
    aim: str,
    task: Task,
    answer: Callable[[], object],
    wrong: Mapping[str, str],
    choices: tuple[str, ...] = ("a", "b", "c", "d"),
    hint: str = "",
    explain: str | Callable[[], str] = "",
) -> Exercise:
    """Make an exercise with one right choice, from what to say to a student who took one of the `wrong` ones.

    Examples
    --------
    >>> one = choice("09.1", "Tell mean from median.", "judge", lambda: "b", {"a": "Look again."}, ("a", "b"))
    >>> one.kind, [slip.answer() for slip in one.misconceptions]
    ('choice', ['a'])
    """
    slips = tuple(Misconception(said, partial(str, name)) for name, said in wrong.items())
    return Exercise(key, aim, task, answer, "choice", choices=choices, hint=hint, explain=explain, misconceptions=slips)
