"""Predictions: kept in the student's file, shown beside the result, and never in the way."""

from __future__ import annotations

import json
import multiprocessing

import numpy as np
import pytest

from lupus_kit import InputError, lessons
from lupus_kit.lessons.progress import predictions
from lupus_kit.lessons.progress.file import NAME, VARIABLE


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / NAME))
    predictions._predicted.clear()
    return tmp_path / NAME


@pytest.mark.parametrize(
    ("value", "shown"),
    [(5, "5"), (0.0267, "0.0267"), (" b ", "b"), ([1, 2.5], "1, 2.5"), (np.array([3, 4]), "3, 4"), (np.int64(7), "7")],
)
def test_a_prediction_outlives_the_kernel_and_stands_beside_the_result(file, value, shown):
    assert f"you predicted {shown}." in str(lessons.predict("04.p3", value))
    predictions._predicted.clear()
    assert str(lessons.reveal("04.p3", 36, "of 100")) == f"04.p3: you predicted {shown}; it is 36 of 100."
    assert str(lessons.predict("04.p3")) == f"04.p3: you predicted {shown}."
    assert lessons.progress().attempts == ()


def test_the_last_prediction_counts_and_answers_stay(file):
    lessons.check("00.1", 16)
    for value in (1, 2):
        lessons.predict("00.p1", value)
    content = json.loads(file.read_text())
    assert [row["value"] for row in content["predictions"]] == [1, 2]
    assert len(content["answers"]) == 1
    assert "you predicted 2" in str(lessons.reveal("00.p1", 3))


@pytest.mark.parametrize("value", [None, "", "x" * 300, {}, object(), float("nan"), ["a"], [[1]], print])
def test_what_cannot_be_a_prediction_gets_a_sentence(file, value):
    said = lessons.predict("00.p1", value)
    assert said.value is None
    assert said.note
    assert not file.exists()


def test_nothing_predicted_is_said(file):
    assert "three dots" in str(lessons.predict("00.p1", ...))
    assert str(lessons.reveal("00.p1", "b")) == "00.p1: nothing was predicted; it is b."
    file.write_text("{")
    assert "nothing was predicted" in str(lessons.reveal("00.p1", "b"))


@pytest.mark.parametrize("key", ["00.1", "p1", "0.p1", "00.p0", 3])
def test_a_key_has_one_form(key):
    with pytest.raises(InputError, match=r"04\.p3"):
        lessons.predict(key, 1)


def _answers(path: str, number: int) -> None:
    import os

    os.environ[VARIABLE] = path
    for one in range(number):
        assert lessons.predict("00.p1", one).note == ""


def test_four_notebooks_lose_nothing(file):
    """Of 160 answers from two kernels 38 were once lost."""
    quick = "forkserver" in multiprocessing.get_all_start_methods()  # not on Windows
    context = multiprocessing.get_context("forkserver" if quick else "spawn")
    if quick:  # one process imports the kit, and the four start from it
        context.set_forkserver_preload([__name__])
    workers = [context.Process(target=_answers, args=(str(file), 50)) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(300)
    assert [one.exitcode for one in workers] == [0] * 4
    assert len(json.loads(file.read_text())["predictions"]) == 200
    assert [path.name for path in file.parent.iterdir()] == [NAME]


def test_a_lock_that_a_dead_kernel_left_is_removed(file):
    import os

    lock = file.with_name(f".{NAME}.lock")
    lock.mkdir()
    os.utime(lock, (1, 1))
    assert lessons.predict("00.p1", 1).note == ""
    assert not lock.exists()


def test_a_written_conclusion_is_kept_for_whoever_teaches(file):
    text = "The primary endpoint was missed. It was a trend."
    lessons.check("00.7", text)
    lessons.check("00.7", text + " More.")
    assert [one.text for one in lessons.progress().attempts] == [text, text + " More."]
