"""What an exercise is, and what a typical wrong answer to it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from string import Formatter
from typing import Any, Literal

from lupus_kit.core.errors import InputError
from lupus_kit.core.templates import toml_beside
from lupus_kit.lessons.own_code import differences

Kind = Literal["number", "names", "quiz", "text", "function"]
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
    kind : {"number", "names", "quiz", "text", "function"}
        One number; a set of names in any order; one letter for each of several short questions (``"cab"``; a
        misconception is then named as ``"2b"``); written sentences, or a function of the student's own, of which
        ``answer`` gives an example that passes.
    tolerance : float
        How far a number may be off, in its own unit. The default, 0, is for whole numbers.
    unit : str
        What the number counts, for example ``"percentage points"``; shown where it helps.
    hint : str
        Said when an answer is wrong and fits no misconception.
    explain : str or callable
        Said when the answer is right; a callable computes the sentence, so that its numbers are not typed.
    misconceptions : tuple of Misconception
        Looked through in order; the first that fits gives its hint.
    remarks : callable, optional
        For a ``"text"`` or a ``"function"``: takes it and lists what is wrong with it; nothing to remark is right. A
        function is called there on other data (:mod:`lupus_kit.lessons.own_code`).

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
    hint: str = ""
    explain: str | Callable[[], str] = ""
    misconceptions: tuple[Misconception, ...] = ()
    remarks: Callable[[str], list[str]] | None = None


def read_exercises(stop: str, **computed: Callable[..., Any]) -> tuple[Exercise, ...]:
    """Read the texts of a stop's exercises, and put what is computed to each of them.

    Parameters
    ----------
    stop : str
        The name of the file of texts beside this module, without its ending. In a table of it ``answer`` is the answer
        itself, ``value`` names what computes it; a table ``wrong`` is a misconception, which may also name a rule
        (``when``). In braces stands what an explanation prints. Of a function,
        ``cases`` lists arguments for which it has to give what ``value`` gives, and ``calls`` of a misconception lists
        arguments with, last, what the slip gives; for None stands "None".
    **computed : callable
        What the texts name.

    Returns
    -------
    tuple of Exercise
        In the order of the file.

    Examples
    --------
    >>> from lupus_kit.lessons.exercises.stop0 import EXERCISES
    >>> [one.key for one in EXERCISES[:2]]
    ['00.1', '00.2']
    """
    listed = toml_beside(__file__, f"{stop}.toml")["exercise"]
    return tuple(_exercise(computed, **keys) for keys in listed)


def _exercise(
    computed: Mapping[str, Callable[..., Any]],
    explain: str,
    wrong: Sequence[Mapping[str, Any]] = (),
    answer: object = None,
    value: str = "",
    remarks: str = "",
    cases: Sequence[Sequence[Any]] = (),
    **texts: Any,
) -> Exercise:
    listed = partial(_unlike, computed[value], cases) if cases else None
    return Exercise(
        **texts,
        answer=computed[value] if value else lambda: answer,
        explain=partial(_filled, explain, computed) if "{" in explain else explain,
        misconceptions=tuple(_misconception(computed, **keys) for keys in wrong),
        remarks=computed[remarks] if remarks else listed,
    )


def _misconception(
    computed: Mapping[str, Callable[..., Any]],
    hint: str,
    answer: Any = None,
    value: str = "",
    when: str = "",
    calls: Sequence[Sequence[Any]] = (),
) -> Misconception:
    if calls:
        return Misconception(hint, when=partial(_says, calls))
    typical: Callable[[], Any] = computed[value] if value else lambda: answer
    return Misconception(hint, when=computed[when]) if when else Misconception(hint, typical)


def _unlike(reference: Callable[[], Callable[..., Any]], cases: Sequence[Sequence[Any]], given: Any) -> list[str]:
    return differences(given, reference(), [tuple(case) for case in cases])


def _says(calls: Sequence[Sequence[Any]], given: Any) -> bool:
    return not any(differences(given, partial(_always, result), [tuple(called)]) for *called, result in calls)


def _always(result: Any, *_: Any) -> Any:
    return result


def _filled(text: str, computed: Mapping[str, Callable[..., Any]]) -> str:
    names = {name for _, name, _, _ in Formatter().parse(text) if name}
    return text.format(**{name: computed[name]() for name in names})
