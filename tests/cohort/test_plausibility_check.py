"""The checker of plausibility: what it finds in patients that are wrong on purpose, and what it says of any file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from lupus_kit.cohort import Cohort, plausibility, what_if
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import example_visit_file, read_visit_file


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return what_if(n_per_arm=40, seed=12)


@pytest.fixture(scope="module")
def whole(cohort: Cohort) -> Cohort:
    """Make a first row in which each of the cells below can become impossible."""
    sledai = first(cohort.sledai, proteinuria=True, fever=False)
    points = cohort.visits["sledai"] + 4 * (sledai["proteinuria"] ^ cohort.sledai["proteinuria"])
    points -= sledai["fever"] ^ cohort.sledai["fever"]
    labs = first(cohort.labs, protein_24h_g=0.51, temperature_c=37.0)
    return replace(cohort, sledai=sledai, labs=labs, visits=cohort.visits.assign(sledai=points))


@pytest.fixture(scope="module")
def found_before(whole: Cohort) -> pd.Series:
    return plausibility(whole).set_index("statement")["found"]


def verdict(cohort: Cohort, words: str) -> tuple[float, str]:
    row = plausibility(cohort).set_index("statement").filter(like=words, axis=0).iloc[0]
    return row["found"], row["verdict"]


def first(frame: pd.DataFrame, **values: object) -> pd.DataFrame:
    """Change cells of the first row."""
    changed = frame.copy()
    for name, value in values.items():
        changed.loc[0, name] = value
    return changed


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        ("patients", {"age_years": 20.0, "disease_duration_months": 241}, "ill for longer"),
        ("patients", {"weight_kg": 31.0, "height_cm": 170.0}, "below 12 or above 60"),
        ("visits", {"sledai": 41}, "not the sum"),
        ("labs", {"protein_24h_g": 0.5}, "24-hour protein above 0.5 g disagree"),
        ("labs", {"temperature_c": 38.1}, "38 °C and fever disagree"),
    ],
)
def test_one_impossible_cell_is_counted(
    whole: Cohort, found_before: pd.Series, table: str, change: dict[str, object], words: str
) -> None:
    before = found_before.filter(like=words).iloc[0]
    found, said = verdict(replace(whole, **{table: first(whole.tables[table], **change)}), words)
    assert (found - before, said) == (1, "impossible")


def test_grades_that_deny_a_finding_are_counted(cohort: Cohort) -> None:
    visits = cohort.visits.assign(bilag_mucocutaneous=pd.Categorical(["D"] * len(cohort.visits), list("ABCDE")))
    denied = cohort.sledai[["rash", "alopecia", "mucosal_ulcer", "vasculitis"]].any(axis=1).sum()
    found, said = verdict(replace(cohort, visits=visits), "system is D or E")
    assert (found >= denied, said) == (True, "impossible")


def test_a_range_is_left_by_more_than_chance(cohort: Cohort) -> None:
    everybody = cohort.sledai.assign(low_complement=cohort.sledai["low_complement"] | (cohort.sledai["week"] >= 0))
    assert verdict(replace(cohort, sledai=everybody), "low complement at entry") == (1.0, "unusual")


@pytest.mark.parametrize("give", [str, Path, read_visit_file, lambda path: read_visit_file(path).visits])
def test_a_visit_file_is_judged_by_what_it_holds(give: Callable[[Path], object]) -> None:
    table = plausibility(give(example_visit_file()))  # type: ignore[arg-type]
    assert {"agrees", "not recorded"} <= set(table["verdict"])
    assert table.loc[table["statement"].str.contains("body-mass"), "verdict"].eq("not recorded").all()
    assert table["source"].str.len().gt(5).all()


@pytest.mark.parametrize("wrong", [3, pd.DataFrame({"patient": ["Ann"]}), "no such file.csv"])
def test_something_else_is_refused(wrong: object) -> None:
    with pytest.raises(InputError):
        plausibility(wrong)  # type: ignore[arg-type]


def test_cells_of_the_wrong_kind_are_told(cohort: Cohort) -> None:
    frame = cohort.labs.assign(temperature_c="warm", fever=False)
    with pytest.raises(InputError, match="cells of the wrong kind"):
        plausibility(frame)
