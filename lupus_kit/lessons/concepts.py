"""Twelve items on p-values, intervals, power and replication, asked before and after the course."""

import re
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.core.templates import toml_beside
from lupus_kit.lessons.progress import file as progress_file

When = Literal["before", "after"]
LETTERS = "abcd"


@dataclass(frozen=True)
class Concept:
    """One item: a question, four answers, and the misconception behind each wrong one.

    Parameters
    ----------
    question : str
        What is asked.
    answers : dict of str to str
        By letter, ``"a"`` to ``"d"``.
    right : str
        The letter of the right answer.
    misconceptions : dict of str to str
        By letter, what lies behind each wrong answer.
    """

    question: str
    answers: dict[str, str]
    right: str
    misconceptions: dict[str, str]


def _read(item: dict[str, Any]) -> Concept:
    answers, wrong = {one: item[one][0] for one in LETTERS}, LETTERS.replace(item["right"], "")
    return Concept(item["question"], answers, item["right"], {one: item[one][1] for one in wrong})


_TEXTS = toml_beside(__file__, "concept_test.toml")
CONCEPTS = tuple(map(_read, _TEXTS["item"]))


@dataclass(frozen=True)
class ConceptTest:
    """The items, or what was answered to them.

    Parameters
    ----------
    when : {"before", "after"} or None
        None shows the items.
    answers : str
        One letter an item.
    note : str
        What to know about the progress file; empty if all is well.

    Examples
    --------
    >>> ConceptTest("before", "b" * 12).right
    3
    """

    when: When | None = None
    answers: str = ""
    note: str = ""

    @property
    def right(self) -> int:
        """How many answers are right."""
        return sum(letter == item.right for letter, item in zip(self.answers, CONCEPTS, strict=False))

    def __str__(self) -> str:
        if self.when is None:
            items = [
                f"{number}. {item.question}\n"
                + "\n".join(f"   {letter}  {text}" for letter, text in item.answers.items())
                for number, item in enumerate(CONCEPTS, start=1)
            ]
            return "\n\n".join(items)
        lines = [f"{self.right} of {len(CONCEPTS)} right, kept as {self.when!r}."]
        if self.when == "after":  # before the course nothing is given away
            lines += [
                f"{number}. {letter}: {item.misconceptions[letter]}."
                for number, (letter, item) in enumerate(zip(self.answers, CONCEPTS, strict=True), start=1)
                if letter != item.right
            ]
        return "\n".join([*lines, self.note]).rstrip("\n")

    def _repr_html_(self) -> str:
        return f"<div style='max-width:46em;white-space:pre-wrap'>{escape(str(self))}</div>"


def concept_test(when: When | None = None, answers: str = "") -> ConceptTest:
    """Show the concept test, or keep and count what was answered.

    Parameters
    ----------
    when : {"before", "after"}, optional
        Before or after the course; without it the items are shown.
    answers : str
        One letter an item, for example ``"abcd abcd abcd"``; spaces and commas are passed over.

    Returns
    -------
    ConceptTest
        Before the course only how many are right; after it also what lies behind each wrong answer. In a notebook it is
        kept in the student's progress file, from which ``lupus-kit teach --class`` counts the gain.

    Raises
    ------
    InputError
        If ``when`` is something else, or there is not one letter for each item.

    See Also
    --------
    class_progress

    Examples
    --------
    >>> print(concept_test("before", "abcd abcd abcd"))
    1 of 12 right, kept as 'before'.
    """
    if when is None:
        return ConceptTest()
    require_choice("when", when, ("before", "after"))
    letters = re.sub(r"[\s,;]", "", str(answers)).casefold()
    if len(letters) != len(CONCEPTS) or set(letters) - set(LETTERS):
        raise InputError(
            f"answers == {answers!r}: give {len(CONCEPTS)} letters from a to d, one for each item, for example 'abcd abcd abcd'."
        )
    row = {"key": f"concepts {when}", "when": progress_file.now(), "value": letters}
    return ConceptTest(when, letters, progress_file.keep("predictions", row))
