"""BICLA, activity bands and PGA scales: truth tables that follow from the rules, boundaries and bad input."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest
from references.cases import case

from lupus_kit.core.errors import InputError
from lupus_kit.endpoints.bilag.grades import BILAG_SYSTEMS
from lupus_kit.endpoints.rules.bicla import bicla


def table(
    before: str = "A", after: str = "C", sledai: tuple = (8, 8), pga: tuple = (1.0, 1.0), **more: tuple
) -> pd.DataFrame:
    """Make two visits of one patient; grades are given for the first systems, the others are D."""
    frame = pd.DataFrame({"patient": ["Ann"] * 2, "visit": ["start", "end"], "week": [0, 12]})
    frame["sledai"], frame["pga"] = sledai, pga
    for i, system in enumerate(BILAG_SYSTEMS):
        grades = [g[i] if i < len(g) else "D" for g in (before, after)]
        frame[f"bilag_{system}"] = [None if g == "?" else g for g in grades]
    return frame.assign(**more)


def verdict(*args: object, **options: object) -> bool | None:
    answer = bicla(table(*args, **options), missing="observed")["responder"].iloc[0]  # type: ignore[arg-type]
    return None if answer is pd.NA else bool(answer)


def test_grade_truth_table() -> None:
    for old, new in list(itertools.product("ABCDE", "ABCDE")):
        with case(old, new):
            # A second system, A then C, keeps the baseline active.
            allowed = {"A": "BCDE", "B": "CDE", "C": "BCDE", "D": "BCDE", "E": "BCDE"}
            assert verdict("A" + old, "C" + new) is (new in allowed[old])


def test_boundaries() -> None:
    assert verdict("ADD", "CBD") is True
    assert verdict("ADD", "CBB") is False
    assert verdict(sledai=(8, 8)) is True
    assert verdict(sledai=(8, 9)) is False
    assert verdict(pga=(1.1, 1.39)) is True
    assert verdict(pga=(1.1, 1.4)) is False
    assert verdict("BB", "CC") is True
    assert verdict("BC", "CC") is False
    assert verdict(rescue=(0, 1)) is False
    assert verdict(rescue=(0, 0)) is True


def test_a_rise_of_exactly_030_fails() -> None:
    for rise, met in ((0.29, True), (0.30, False), (0.31, False)):
        assert bool(bicla(table(pga=(1.1, round(1.1 + rise, 2))))["responder"].item()) is met


def test_an_inactive_baseline_is_a_nonresponder() -> None:
    for before, active in (("A", True), ("BB", True), ("B", False), ("CC", False)):
        found = bicla(table(before, "D")).iloc[0]
        assert bool(found["responder"]) is active
        assert found["reason"].startswith("Responder" if active else "Not a responder; not met: baseline has at least")
    assert bicla(table("B?", "CC"), missing="observed")["active_baseline"].item() is pd.NA
    assert bicla(table("A?", "CC"), missing="observed")["active_baseline"].item()


def test_every_failed_clause_is_named() -> None:
    got = bicla(table("BBA", "ABA", sledai=(8, 9), pga=(1.0, 1.3), withdrawn=(0, 1))).iloc[0]
    assert got["not_improved"] == 3
    assert got["new_a"] == 1
    assert got["reason"] == (
        "Not a responder; not met: every baseline A falls to B or better and every baseline B to C or better; no new A "
        "and at most one new B; SLEDAI does not rise above baseline; PGA rises by less than 0.30; no event that counts "
        "as non-response (withdrawn)."
    )


def test_missing_is_three_valued() -> None:
    assert verdict(sledai=(8, None)) is None
    assert verdict("A", "A", sledai=(8, None)) is False
    assert verdict("A?", "C?") is None
    assert verdict("A", "?") is None
    counted = bicla(table(sledai=(8, None))).iloc[0]
    assert not counted["responder"]
    assert counted["imputed"]
    assert "SLEDAI does not rise" in counted["reason"]


def test_improving_a_grade_never_loses_the_response() -> None:
    pairs = [(old, *new) for old in ("AB", "BB", "AC") for new in itertools.product("ABCDE", repeat=2)]
    rows = pd.concat([table(old, a + b).assign(patient=f"{old} {a}{b}") for old, a, b in pairs], ignore_index=True)
    answers = bicla(rows).set_index("patient")["responder"]
    assert answers.any()
    for old, a, b in pairs:
        if answers[f"{old} {a}{b}"]:
            for better in itertools.product("ABCDE"["ABCDE".index(a) :], "ABCDE"["ABCDE".index(b) :]):
                assert answers[f"{old} {''.join(better)}"]


def test_row_order_does_not_matter() -> None:
    both = pd.concat([table(), table("A", "A").assign(patient="Bob")], ignore_index=True)
    pd.testing.assert_frame_equal(bicla(both), bicla(both.iloc[::-1]))


def test_bad_input_is_explained() -> None:
    with pytest.raises(InputError, match="way to handle missing"):
        bicla(table(), missing="drop")
    with pytest.raises(InputError, match="bilag_constitutional"):
        bicla(table("F", "C"))
