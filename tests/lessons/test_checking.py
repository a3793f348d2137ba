"""Checks of exercises: right answers pass, known slips get their hint, and no answer of any kind raises."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser
from itertools import count
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references.cases import case

from lupus_kit import lessons
from lupus_kit.core.errors import InputError
from lupus_kit.course import shelf
from lupus_kit.lessons import Exercise, Misconception, answers
from lupus_kit.lessons.catalogue import find
from lupus_kit.lessons.checking import judge
from lupus_kit.lessons.exercises.exercise import Kind, Task

KEYS = list(lessons.exercises()["key"])
NUMBER = Exercise(
    key="09.1", aim="A proportion.", task="compute", answer=lambda: 1 / 4, tolerance=0.0005, unit="a proportion"
)
NAMES = Exercise(key="09.4", aim="A set.", task="compute", answer=lambda: {"fisher", "pearson"}, kind="names")
TEXT = Exercise(
    key="09.7",
    aim="A sentence.",
    task="compute",
    answer=lambda: "It may be so.",
    kind="text",
    remarks=lambda text: [] if "may" in text else ["say that it may be so."],
)
QUIZ = Exercise(
    key="09.8",
    aim="Two short questions.",
    task="judge",
    answer=lambda: "ca",
    kind="quiz",
    misconceptions=(Misconception("Not so few.", lambda: "1a"), Misconception("Not so many.", lambda: "2d")),
)
KINDS = (NUMBER, NAMES, QUIZ, TEXT)

ODD_ANSWERS = [
    None, True, np.True_, "", "0.25", "25%", "a quarter", b"0.25", float("nan"), np.inf, pd.NA, pd.NaT, 1j, 10**400,
    np.array(["a"]), np.eye(2), np.zeros((2, 2, 2)), [], (), {}, set(), {"a": 1}, [None], [[1], [2]], ["x", 3],
    pd.DataFrame({"p": [0.25]}), pd.Series([0.25], index=["p"]), pd.Index([1, 2]), print, int, object(), count(),
    (1 / 0 for _ in range(3)), range(3), Exercise, lessons, np.datetime64("2020-01-01"), NotImplemented,
]  # fmt: skip


@pytest.mark.parametrize("exercise", KINDS, ids=lambda one: one.kind)
def test_odd_answers_get_a_sentence(exercise):
    for answer in ODD_ANSWERS:
        with case(answer):
            result = judge(exercise, answer)
            assert result.passed is False
            assert result.message.endswith((".", "?"))
            assert "Error" not in result.message


@settings(max_examples=50)
@given(st.one_of(st.floats(), st.integers(), st.text(), st.lists(st.floats()), st.binary(), st.complex_numbers()))
def test_no_answer_raises(answer):
    for exercise in KINDS:
        assert judge(exercise, answer).passed in (True, False)


@pytest.mark.parametrize("exercise", KINDS, ids=lambda one: one.kind)
def test_three_dots_are_no_answer(exercise):
    result = judge(exercise, ...)
    assert result.passed is None
    assert "three dots" in result.message


@pytest.mark.parametrize(
    "answer", [0.25, 0.2504, np.float64(0.25), np.array(0.25), Fraction(1, 4), Decimal("0.25"), np.float32(0.25)]
)
def test_every_kind_of_number_is_read(answer):
    assert judge(NUMBER, answer).passed is True


def test_a_number_outside_its_tolerance_is_wrong():
    assert judge(NUMBER, 0.2506).passed is False
    whole = Exercise(key="09.5", aim="Count.", task="compute", answer=lambda: 16)
    assert [judge(whole, given).passed for given in (16, 16.0, 16.001, 17)] == [True, True, False, False]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (25.0, "100 times too large"),
        (0.0025, "100 times too small"),
        (25.04, "100 times too large"),  # 100 times the tolerance of 0.0005
        (0.002504, "100 times too small"),
        (-0.25, "sign"),
        (0.253, "Very near"),
        ("0.25", "quotes away"),
        (pd.DataFrame({"p": [0.25], "q": [1]}), "table with 1 row and 2 columns"),
        (print, "brackets"),
        (float("nan"), "missing"),
        (None, "None"),
    ],
    ids=str,
)
def test_common_slips_are_named(answer, words):
    assert words in judge(NUMBER, answer).message


@pytest.mark.parametrize("answer", [25.06, 24.94, 0.002506, 0.002494])
def test_what_is_only_near_a_hundred_times_too_large_or_small_gets_no_such_hint(answer):
    assert "100 times" not in judge(NUMBER, answer).message


def test_names_forgive_capitals_and_order():
    assert judge(NAMES, ["Pearson", "fisher"]).passed
    assert judge(NAMES, pd.Series(["pearson", "fisher"])).passed
    message = judge(NAMES, {"pearson", "wald", "yates"}).message
    assert "1 belong here and 2 do not; 1 more to find" in message


def test_a_quiz_says_which_question_is_off():
    assert judge(QUIZ, "CA").passed
    assert judge(QUIZ, ["c", "a"]).passed
    assert judge(QUIZ, "c, a").passed
    assert judge(QUIZ, "ad").message == "Question 1: Not so few. Question 2: Not so many."
    assert judge(QUIZ, "cd").message == "Question 2: Not so many."
    assert judge(QUIZ, "cb").message == "Read the question once more and look at the cells above it."
    assert '2 letters from a to d in quotes, one a question, for example "ab"' in judge(QUIZ, "cab").message


def test_a_misconception_that_raises_is_passed_over():
    slips = (
        Misconception("never", when=lambda given: given["no"]),
        Misconception("half of it", answer=lambda: 1 / 8),
    )
    exercise = Exercise(
        key="09.6", aim="X.", task="compute", answer=lambda: 1 / 4, hint="general", misconceptions=slips
    )
    assert judge(exercise, 1 / 8).message == "half of it"
    assert judge(exercise, 7).message == "general"


class _Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.text = ""

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize(("answer", "word"), [(0.25, "Right"), (1, "Not yet"), (..., "Not answered yet")])
def test_the_verdict_is_in_words_not_in_colour_alone(answer, word):
    result = judge(NUMBER, answer)
    reader = _Text()
    reader.feed(result._repr_html_())
    assert word in reader.text
    assert result.message[1:] in reader.text  # on the page a sentence starts with a capital
    assert str(result) == f"09.1 - {word}: {result.message}"


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.1 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize("background", ["#ffffff", "#111111"], ids=["light theme", "dark theme"])
@pytest.mark.parametrize("answer", [0.25, 1, ...], ids=["right", "wrong", "open"])
def test_the_marks_stand_out_in_both_themes(answer, background):
    # WCAG 2.1, 1.4.11: graphical objects need a contrast of at least 3 to 1.
    colour = re.search(r"solid (#\w{6})", judge(NUMBER, answer)._repr_html_())[1]
    light, dark = sorted([_luminance(colour), _luminance(background)], reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 3


def test_html_in_a_message_is_shown_not_run():
    exercise = Exercise(key="09.7", aim="X.", task="compute", answer=lambda: 1, hint="<b>p < 0.05</b>")
    assert "&lt;b&gt;" in judge(exercise, 2)._repr_html_()


@pytest.mark.parametrize("key", KEYS)
def test_every_exercise_is_well_made(key):
    exercise = find(key)
    assert re.fullmatch(r"\d\d\.[1-9]\d*", exercise.key)
    assert re.fullmatch(r"[A-Z](?:(?!\. ).)*\.", exercise.aim), "one sentence that ends with a point"
    assert exercise.task in get_args(Task)
    assert exercise.kind in get_args(Kind)
    assert exercise.tolerance >= 0
    assert not any("\n" in slip.hint for slip in exercise.misconceptions), "a progress file keeps a hint a line"
    assert (exercise.kind in {"text", "function"}) == (exercise.remarks is not None)


def test_a_misconception_needs_one_way_to_be_recognised():
    with pytest.raises(InputError, match="exactly one"):
        Misconception("hint")
    with pytest.raises(InputError, match="exactly one"):
        Misconception("hint", answer=lambda: 1, when=bool)


def test_unknown_keys_name_the_nearest():
    with pytest.raises(InputError, match=r"unknown exercise '00\.3x?'.*did you mean .*'00\.\d'"):
        lessons.check("00.3x", 1)
    with pytest.raises(InputError, match="unknown exercise"):
        lessons.check(None, 1)


def test_the_list_is_tidy_and_in_the_order_of_the_walk():
    table = lessons.exercises()
    assert list(table.columns) == ["key", "notebook", "task", "aim"]
    assert table["key"].is_unique
    assert (table["key"].str[:2] == table["notebook"].str[:2]).all()
    assert table["key"].is_monotonic_increasing
    assert table["aim"].str.endswith(".").all()


@pytest.mark.parametrize("key", KEYS)
def test_the_kits_own_answer_is_right(key):
    exercise = find(key)
    result = lessons.check(key, exercise.answer())
    assert result.passed is True, result.message
    assert result.message


@pytest.mark.parametrize("key", KEYS)
def test_every_exercise_has_misconceptions_and_each_is_wrong(key):
    exercise = find(key)
    # A written text is answered by the rules of lessons.conclusion, which have their own tests.
    assert len(exercise.misconceptions) >= 2 or exercise.remarks, "an exercise needs known slips, each with its hint"
    assert exercise.hint or exercise.kind in {"function", "quiz"}, (
        "an exercise needs a hint for the slips nobody thought of"
    )
    if any(slip.when for slip in exercise.misconceptions):
        assert judge(exercise, exercise.answer()).passed, "no rule may hide the right answer"
    for slip in exercise.misconceptions:
        if exercise.kind == "quiz":
            number, letter = slip.answer()
            right = exercise.answer()
            result = judge(exercise, right[: int(number) - 1] + letter + right[int(number) :])
            assert result.message == f"Question {number}: {slip.hint}"
        elif slip.answer is not None:
            result = judge(exercise, slip.answer())
            assert result.passed is False, f"{slip.hint!r} belongs to an answer that is right"
            assert result.message == slip.hint, "another hint stands in front of it"


@pytest.mark.parametrize("key", [key for key in KEYS if find(key).kind == "quiz"])
def test_every_wrong_letter_of_a_quiz_has_a_hint_of_its_own(key):
    exercise = find(key)
    named = [slip.answer() for slip in exercise.misconceptions] + [
        *answers.letters(exercise.answer(), len(exercise.answer()))
    ]
    assert len(set(named)) == len(named)
    for number in range(1, len(exercise.answer()) + 1):
        offered = sorted(one[1] for one in named if one[0] == str(number))
        assert offered == list("abcd"[: len(offered)])
        assert len(offered) >= 3
    assert len({slip.hint for slip in exercise.misconceptions}) == len(exercise.misconceptions)


#: Wrong answers that a rule has to recognise, as students type them: exercise, answer, words of its hint.
TYPED: list[tuple[str, object, str]] = []


def test_every_rule_for_a_number_recognises_the_slip_it_is_written_for():
    said = {(key, lessons.check(key, typed).message): words for key, typed, words in TYPED}
    assert [message for (_, message), words in said.items() if words not in message] == []
    numbers = [find(key) for key in KEYS if find(key).kind == "number"]
    rules = [(one.key, slip.hint) for one in numbers for slip in one.misconceptions if slip.when is not None]
    assert [rule for rule in rules if rule not in said] == []


@pytest.mark.parametrize(
    ("notebook", "table"), [*lessons.exercises().groupby("notebook")], ids=lambda one: str(one)[:14]
)
def test_every_stop_asks_to_compute_to_predict_and_to_judge(notebook, table):
    assert len(table) >= 4
    assert {"compute", "judge"} <= set(table["task"])
    page = (shelf.find().folder / f"{notebook}.ipynb").read_text(encoding="utf-8")
    assert "predict" in set(table["task"]) or page.count("lessons.predict(") >= 3


def test_no_answer_at_all_is_not_answered_yet():
    assert lessons.check("00.1") == lessons.check("00.1", ...)


@pytest.mark.parametrize("key", KEYS)
def test_a_hint_does_not_give_the_answer_away(key):
    exercise = find(key)
    if exercise.kind != "number":
        return
    # Any whole number or decimal that would pass as the answer must not stand in a hint.
    for text in [exercise.hint, *(slip.hint for slip in exercise.misconceptions)]:
        for written in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.]*\d)", text):
            assert judge(exercise, float(written)).passed is False, f"{text!r} holds the answer"


def test_each_key_is_used_once_and_belongs_to_its_notebook():
    listed = lessons.exercises()
    assert listed["key"].is_unique
    assert listed["key"].str[:2].equals(listed["notebook"].str[:2])
