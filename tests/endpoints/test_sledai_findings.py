"""From raw findings to the 24 descriptors: every limit on both sides, every version, and what is missing.

Limits and differences between versions are those of the published forms (Bombardier 1992, Petri 2005, Gladman 2002):
all comparisons are strict. The expected answers follow from them.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from references.cases import case

from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import SLEDAI_FINDINGS, SLEDAI_ITEMS, sledai, sledai_descriptors

IDS = list(SLEDAI_ITEMS["id"])
VERSIONS = ("SLEDAI", "SELENA", "2K", "hybrid")
NOTHING = dict.fromkeys(IDS, 0)


def decide(descriptor: str, version: str = "2K", limits: dict[str, float] | None = None, **findings: Any) -> Any:
    cell = sledai_descriptors(pd.DataFrame([findings]), version, limits=limits)[descriptor].iloc[0]
    return None if cell is pd.NA else bool(cell)


def decide_all(descriptor: str, version: str, rows: list[dict[str, Any]], **options: Any) -> list[Any]:
    """Decide many patients in one table; the rows have the same columns."""
    cells = sledai_descriptors(pd.DataFrame(rows, dtype=object), version, **options)[descriptor]
    return [None if cell is pd.NA else bool(cell) for cell in cells]


def score(version: str, previous: pd.DataFrame | None = None, first: str = "present", **findings: Any) -> Any:
    """Total of a patient in whom nothing but these findings is present."""
    made = sledai_descriptors(pd.DataFrame([NOTHING | findings]), version, previous, first_visit_protein=first)
    total = sledai(made, version).iloc[0]
    return None if total is pd.NA else int(total)


def test_a_value_at_the_limit_is_absent() -> None:
    for version in VERSIONS:
        for descriptor, column, absent, present in [
            ("haematuria", "urine_red_cells", 5, 5.1),
            ("pyuria", "urine_white_cells", 5, 6),
            ("proteinuria", "protein_24h", 0.5, 0.51),
            ("proteinuria", "upcr", 50, 50.1),
            ("thrombocytopenia", "platelets", 100, 99.9),
            ("leukopenia", "white_cells", 3, 2.99),
            ("fever", "temperature", 38.0, 38.1),
            ("dna_binding", "dna_farr_percent", 25, 25.1),
        ]:
            with case(version, descriptor, column, absent, present):
                assert decide_all(descriptor, version, [{column: cell} for cell in (absent, present, None)]) == [
                    False,
                    True,
                    None,
                ]


@pytest.mark.parametrize(("test", "sign"), [("c3", -1), ("c4", -1), ("ch50", -1), ("anti_dsdna", 1)])
def test_limits_of_the_laboratory(test: str, sign: int) -> None:
    name, column = ("dna_binding", f"{test}_upper_limit") if sign > 0 else ("low_complement", f"{test}_lower_limit")
    assert decide(name, **{test: 0.9, column: 0.9}) is False
    assert decide(name, **{test: 0.9 + sign * 0.01, column: 0.9}) is True
    assert decide(name, **{test: 0.9 - sign * 0.01, column: 0.9}) is False
    assert decide(name, limits={test: 0.9}, **{test: 0.9 + sign * 0.01}) is True
    # The recorded limit goes before the argument, and an empty one is filled by it.
    assert decide(name, limits={test: 0.9 + sign / 2}, **{test: 0.9 + sign * 0.01, column: 0.9}) is True
    assert decide(name, limits={test: 0.9}, **{test: 0.9 + sign * 0.01, column: None}) is True
    assert decide(name, **{test: 0.8, column: None}) is None


def test_without_a_limit_the_answer_of_the_rater_stands() -> None:
    for answer in (0, 1):
        assert decide("low_complement", c3_g_l=0.6, low_complement=answer) is bool(answer)
        assert decide("dna_binding", anti_dsdna=90, dna_binding=answer) is bool(answer)


def test_one_low_complement_is_enough_and_all_given_are_needed_for_no() -> None:
    limits = {"c3": 0.9, "c4": 0.1, "ch50": 30.0}
    rows, expected = [], []
    for c3, c4, ch50 in itertools.product((0.8, 1.0, None), (0.05, 0.2, None), (20, 40, None)):
        low = [c3 == 0.8, c4 == 0.05, ch50 == 20]
        rows.append({"c3": c3, "c4": c4, "ch50": ch50})
        expected.append(True if any(low) else None if None in (c3, c4, ch50) else False)
    assert decide_all("low_complement", "2K", rows, limits=limits) == expected


def test_either_anti_dsdna_assay_decides() -> None:
    for farr, other in itertools.product((20, 30, None), (50, 150, None)):
        expected = True if farr == 30 or other == 150 else None if (farr, other) == (None, None) else False
        assert decide("dna_binding", limits={"anti_dsdna": 100}, dna_farr_percent=farr, anti_dsdna=other) is expected


@pytest.mark.parametrize("version", VERSIONS)
def test_joints(version: str) -> None:
    needed = 2 if version == "2K" else 3
    found = decide_all("arthritis", version, [{"inflamed_joints": n} for n in range(5)])
    assert found == [n >= needed for n in range(5)]


def test_serositis_needs_pain_and_a_sign_or_any_one() -> None:
    for version in VERSIONS:
        for descriptor, pain, signs in [
            ("pleurisy", "pleuritic_pain", ("pleural_rub", "pleural_effusion", "pleural_thickening")),
            ("pericarditis", "pericardial_pain", ("pericardial_rub", "pericardial_effusion", "pericarditis_ecg_echo")),
        ]:
            with case(version, descriptor, pain, signs):
                rows, expected = [], []
                for hurts, *seen in itertools.product((True, False), repeat=4):
                    rows.append({pain: hurts} | dict(zip(signs, seen, strict=True)))
                    expected.append(hurts or any(seen) if version in ("SELENA", "hybrid") else hurts and any(seen))
                assert decide_all(descriptor, version, rows) == expected
                # What is hidden leaves the answer or opens it.
                got = decide_all(descriptor, version, [row | {name: None} for name in (pain, *signs) for row in rows])
                assert all(answer in (truth, None) for answer, truth in zip(got, 4 * expected, strict=True))
                both = {pain: None, signs[0]: True}
                assert decide(descriptor, version, **both) is (True if version in ("SELENA", "hybrid") else None)


def test_what_only_the_selena_form_counts() -> None:
    for descriptor, sign in (("visual", "scleritis"), ("cranial_nerve", "vertigo")):
        for version in VERSIONS:
            found = decide(descriptor, version, **{descriptor: 0, sign: 1})
            assert found is (version in ("SELENA", "hybrid"))
        assert decide(descriptor, "SELENA", **{descriptor: 0}) is False
        assert decide(descriptor, "SELENA", **{descriptor: 0, sign: None}) is None
    for descriptor, cause in (("seizure", "seizure_past_damage"), ("cva", "cva_hypertensive")):
        for version in VERSIONS:
            found = decide(descriptor, version, **{descriptor: 1, cause: 1})
            assert found is (version not in ("SELENA", "hybrid"))


# --- proteinuria -----------------------------------------------------------------------------------------------


#: Protein now and before in g a day, and the points of the versions in which what is stable does not count.
PROTEIN = [
    (1.2, 1.2, 0),  # stable: the case that separates the versions
    (1.2, 0.7, 0),  # a rise of exactly 0.5 g is not above 0.5 g
    (1.21, 0.7, 4),
    (0.6, 0.51, 0),
    (0.6, 0.5, 4),  # not there before: new, however small the rise
    (0.9, 2.0, 0),  # falling, but still there
    (0.5, 0.2, 0),
]


@pytest.mark.parametrize("version", VERSIONS)
def test_stable_proteinuria_is_four_in_2k_and_nothing_in_selena(version: str) -> None:
    now, before, selena = zip(*PROTEIN, strict=True)
    rows = pd.DataFrame(NOTHING, index=range(len(now)))
    daily = rows.assign(protein_24h=now)
    spot = rows.assign(upcr=100 * np.array(now), upcr_previous=100 * np.array(before))
    earlier = pd.DataFrame({"protein_24h": before})
    expected = list(selena) if version in ("SLEDAI", "SELENA") else [4 if protein > 0.5 else 0 for protein in now]
    for made in (
        sledai_descriptors(daily.assign(protein_24h_previous=before), version),
        sledai_descriptors(spot, version),
        sledai_descriptors(daily, version, earlier),
    ):
        assert sledai(made, version).tolist() == expected


def test_without_a_previous_value_the_rater_decides_what_is_stable() -> None:
    assert score("2K", protein_24h=1.2) == 4
    for version in ("SELENA", "SLEDAI"):
        assert [score(version, first=f, protein_24h=1.2) for f in ("present", "absent", "missing")] == [4, 0, None]
        assert [score(version, first=f, protein_24h=0.4) for f in ("present", "absent", "missing")] == [0, 0, 0]
    assert score("SELENA", protein_24h=1.2, proteinuria_stable=0) == 4
    assert score("SELENA", protein_24h=1.2, proteinuria_stable=1) == 0
    assert score("SELENA", protein_24h=0.4) == 0
    assert score("SELENA", proteinuria=1) == 4  # nothing measured: the rater applied the form
    # A previous value goes before the rater; another test's previous value is no previous value.
    assert score("SELENA", protein_24h=1.2, protein_24h_previous=0.2, proteinuria_stable=1) == 4
    assert score("SELENA", first="missing", protein_24h=1.2, upcr_previous=120) is None


def test_the_rows_that_the_choice_touched_are_listed() -> None:
    rows = pd.DataFrame({"protein_24h": [1.2, 1.2, 0.4, 1.2], "proteinuria_stable": [None, 1, None, 0]})
    assert sledai_descriptors(rows, "SELENA").attrs["first_visit_protein"] == (0,)
    assert sledai_descriptors(rows, "2K").attrs["first_visit_protein"] == ()
    with pytest.raises(InputError, match="unknown first_visit_protein 'new'"):
        sledai_descriptors(rows, first_visit_protein="new")


def test_the_spot_ratio_stands_in_only_where_24_hour_protein_is_missing() -> None:
    assert decide("proteinuria", protein_24h=0.3, upcr=200) is False
    assert decide("proteinuria", protein_24h=None, upcr=200) is True


@pytest.mark.parametrize("name", ["rash", "alopecia", "mucosal_ulcer"])
def test_lasting_skin_findings_come_from_their_stable_column(name: str) -> None:
    assert [score(version, **{name: 1, f"{name}_stable": 1}) for version in VERSIONS] == [0, 2, 2, 2]
    assert score("SLEDAI", **{name: 1}) == 2  # without the column nothing is stable, as in sledai
    assert score("SLEDAI", **{name: 1, f"{name}_stable": None}) is None
    assert score("SLEDAI", **{name: 0}) == 0


# --- exclusions, raters, missing -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["seizure", "psychosis", "organic_brain", "visual", "cva", "haematuria", "pyuria", "fever", "leukopenia"]
)
def test_another_cause_takes_the_descriptor_away(name: str) -> None:
    rows = [{name: there, f"{name}_other_cause": other} for there, other in ((1, 1), (1, 0), (1, None), (0, None))]
    for version in VERSIONS:
        assert decide_all(name, version, rows) == [False, True, None, False]
    assert decide("thrombocytopenia", "SLEDAI", platelets=50, thrombocytopenia_other_cause=1) is True
    assert decide("thrombocytopenia", "2K", platelets=50, thrombocytopenia_other_cause=1) is False


def test_the_answer_of_the_rater_is_used_only_where_the_findings_do_not_decide() -> None:
    assert decide("fever", fever=1) is True
    assert decide("fever", fever=1, temperature=None) is True
    assert decide("fever", fever=1, temperature=37.0) is False
    assert (
        decide("pleurisy", pleurisy=1, pleuritic_pain=None, pleural_rub=0, pleural_effusion=0, pleural_thickening=0)
        is False
    )


def test_the_result_feeds_sledai_and_keeps_the_index() -> None:
    findings = pd.DataFrame([NOTHING, NOTHING | {"rash": 1, "platelets": 80}], index=["Ann", "Bob"])
    for version in VERSIONS:
        made = sledai_descriptors(findings.assign(rash_stable=0, proteinuria_stable=0), version)
        assert list(made)[:24] == IDS
        assert sledai(made, version).to_dict() == {"Ann": 0, "Bob": 3}
    assert sledai_descriptors(findings.iloc[:0]).shape == (0, 28)


def test_order_and_other_columns_do_not_matter() -> None:
    rng = np.random.default_rng(4)
    table = pd.DataFrame(
        {
            "platelets": rng.choice([99, 100, 101], 50),
            "inflamed_joints": rng.integers(0, 5, 50),
            "fever": rng.integers(0, 2, 50),
        }
    )
    other = table.assign(eye_colour="brown").iloc[::-1, ::-1]
    pd.testing.assert_frame_equal(sledai_descriptors(other).sort_index(), sledai_descriptors(table))


def test_the_table_of_findings_is_complete() -> None:
    assert SLEDAI_FINDINGS["column"].is_unique
    assert set(IDS) <= set(SLEDAI_FINDINGS["column"])
    assert set(SLEDAI_FINDINGS["feeds"]) == set(IDS)
    assert set(SLEDAI_FINDINGS["kind"]) == {"yes/no", "number", "count"}


def test_bad_findings_are_explained() -> None:
    for findings, words in [
        ({"temperature": 101}, "row 0, column 'temperature': 101 is not allowed .a number from 30 to 45"),
        ({"inflamed_joints": 2.5}, "a whole number from 0 to 100"),
        ({"rash": "perhaps"}, "row 0, column 'rash': 'perhaps'"),
        ({"platelet": 90}, "'platelet' .did you mean 'platelets'"),
        ({"c3": 0.8}, "its limit is not known: add the column 'c3_lower_limit'"),
        ({"c3": 80.0, "c3_lower_limit": 0.9}, "more than 20 times its lower limit: check the units"),
        ({"rash": 0, "rash_stable": 1}, "cannot be stable where 'rash' is absent"),
        ({"arthritis_other_cause": 1, "rash": 1}, "the form names no such exclusion|form names no such"),
        ({"sodium": 140}, "no SLEDAI finding"),
    ]:
        with case(findings, words), pytest.raises(InputError, match=words):
            sledai_descriptors(pd.DataFrame([findings]))


def test_bad_arguments_are_explained() -> None:
    table = pd.DataFrame({"protein_24h": [1.0], "protein_24h_previous": [1.0]})
    with pytest.raises(InputError, match="unknown SLEDAI version 'sledai'"):
        sledai_descriptors(table, "sledai")
    with pytest.raises(InputError, match="previous values only once"):
        sledai_descriptors(table, previous=table)
    with pytest.raises(InputError, match="no row of findings"):
        sledai_descriptors(table[["protein_24h"]], previous=table.set_axis(["x"]))
    with pytest.raises(InputError, match="unknown test in limits 'c5'"):
        sledai_descriptors(table, limits={"c5": 1})
    with pytest.raises(InputError, match="give a number above 0"):
        sledai_descriptors(table, limits={"c3": -1})
    with pytest.raises(InputError, match="must be a pandas DataFrame"):
        sledai_descriptors({"rash": 1})  # type: ignore[arg-type]
