"""Units and scales: the same patients in other units give the same verdicts; a column in another unit than it says is refused.

The expected counts are derived by hand in the comments; factors are exact by definition (g and mg, L and dL) or as the guidelines
print them (1 g/g of protein/creatinine is 100 mg/mmol, 1 mg/dL of creatinine is 88.4 µmol/L).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from references.cases import case

from lupus_kit import cohort
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import (
    SLEDAI_ITEMS,
    UNITS,
    bilag2004,
    read_visit_file,
    renal_response,
    score_visits,
    sledai_descriptors,
)
from lupus_kit.endpoints.scoring import Scored
from lupus_kit.endpoints.visits.units import convert, same_quantity

MEASURED = ("proteinuria", "low_complement", "dna_binding", "thrombocytopenia", "leukopenia")


def written(tmp_path: Path, table: pd.DataFrame) -> Path:
    path = tmp_path / "visits.csv"
    table.to_csv(path, index=False)
    return path


def trial(**columns: list[float]) -> pd.DataFrame:
    """Two patients at baseline and week 12 who have arthritis at baseline, and measured values."""
    rows = pd.DataFrame({"patient": ["A", "A", "B", "B"], "week": [0, 12, 0, 12], "arm": ["x", "x", "y", "y"]})
    seen = {name: 0 for name in SLEDAI_ITEMS["id"] if name not in MEASURED}
    return rows.assign(**seen | {"arthritis": [1, 1, 1, 1], "pga": [2, 1, 2, 1]}, **columns)


#: A: all findings present at baseline, none at week 12; B: the other way round. In the units of the index forms.
VALUES = {
    "upcr_mg_mmol": [210, 20, 20, 210],
    "c3_g_l": [0.6, 0.95, 0.95, 0.6],
    "c3_lower_limit_g_l": [0.9] * 4,
    "platelets_10e9_l": [80, 200, 200, 80],
    "wbc_10e9_l": [2.5, 5, 5, 2.5],
    "anti_dsdna_iu_ml": [90, 20, 20, 90],
    "anti_dsdna_upper_limit": [30] * 4,
}


def in_other_units(table: pd.DataFrame, pairs: dict[str, str]) -> pd.DataFrame:
    for own, other in pairs.items():
        unit, wanted = (name.replace("_lower_limit", "") for name in (own, other))
        table = table.assign(**{other: convert(table[own].to_numpy(float), unit, wanted)}).drop(columns=own)
    return table


@pytest.fixture(scope="module")
def in_own_units(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    path = written(tmp_path_factory.mktemp("own"), trial(**VALUES))
    return score_visits(read_visit_file(path).visits, "modified-sri")


@pytest.mark.parametrize(
    "pairs",
    [
        {"upcr_mg_mmol": "upcr_g_g"},
        {"upcr_mg_mmol": "upcr_mg_g", "platelets_10e9_l": "platelets_per_ul"},
        {"c3_g_l": "c3_mg_dl", "c3_lower_limit_g_l": "c3_lower_limit_mg_dl", "wbc_10e9_l": "wbc_per_ul"},
        {"c3_g_l": "c3_mg_dl"},
        {"c3_lower_limit_g_l": "c3_lower_limit_mg_dl", "platelets_10e9_l": "platelets_10e4_ul"},
    ],
)
def test_the_same_patients_in_other_units_give_the_same_verdicts(
    tmp_path: Path, in_own_units: Scored, pairs: dict[str, str]
) -> None:
    # A loses proteinuria 4, low complement 2, anti-dsDNA 2, platelets 1, white cells 1 (10 points), and B gains them.
    table, expected = trial(**VALUES), in_own_units
    assert expected.to_frame().set_index("patient")["responder"].to_dict() == {"A": True, "B": False}
    assert expected.to_frame().set_index("patient")["sledai"].to_dict() == {"A": 4, "B": 14}
    other = in_other_units(table, pairs)
    got = score_visits(read_visit_file(written(tmp_path, other)).visits, "modified-sri")
    pd.testing.assert_frame_equal(got.to_frame(), expected.to_frame())
    assert got.notes == expected.notes
    pd.testing.assert_frame_equal(
        sledai_descriptors(other.drop(columns=["patient", "week", "arm", "pga"])),
        sledai_descriptors(table.drop(columns=["patient", "week", "arm", "pga"])),
    )


def test_names_with_units_as_people_write_them(tmp_path: Path) -> None:
    names = {"upcr_mg_mmol": "UPCR (mg/mmol)", "platelets_10e9_l": "Platelets (10^9/L)", "wbc_10e9_l": "WBC (10^9/L)"}
    read = read_visit_file(written(tmp_path, trial(**VALUES).rename(columns=names)))
    assert set(names) <= set(read.visits)
    assert read.ignored == ()


def test_a_ratio_without_a_unit_is_asked_unless_it_can_only_be_in_one(tmp_path: Path) -> None:
    sure = trial(upcr=[210, 20, 20, 210])
    read = read_visit_file(written(tmp_path, sure))
    assert "upcr_mg_mmol" in read.visits
    assert "it was read in mg/mmol, in 2 patients" in " ".join(read.notes)
    for values in ([2.1, 0.2, 0.2, 2.1], [45, 5, 5, 45], [0.4, 0.2, 97, 2.1]):
        with pytest.raises(InputError, match=r"its unit is not sure.*'upcr_g_g' or 'upcr_mg_mmol'"):
            read_visit_file(written(tmp_path, trial(upcr=values)))


def test_a_column_in_another_unit_than_it_says_is_refused() -> None:
    for findings, way_out in [
        ({"upcr": [2.1, 0.2]}, "'upcr_g_g' or 'upcr_mg_mmol'"),
        ({"upcr_mg_mmol": [2.1, 0.2]}, "'upcr_g_g'"),
        ({"upcr_g_g": [210, 20]}, "'upcr_mg_mmol'"),
        ({"protein_24h_mg": [1.2, 0.3]}, "'protein_24h_g'"),
        ({"protein_24h": [45, 30]}, "'protein_24h_mg'"),
        ({"c3": [0.6, 0.95], "c3_lower_limit": [90, 90]}, "two units.*'c3_lower_limit_g_l'"),
        ({"c4": [0.3, 0.2], "c4_lower_limit": [10, 10]}, "two units.*'c4_lower_limit_g_l'"),
        ({"c3": [95, 1.1], "c3_lower_limit": [0.9, 0.9]}, "more than 20 times its lower limit"),
        ({"c3": [95, 1.1], "c3_lower_limit": [90, 90]}, "below a 50th of its lower limit"),
        ({"anti_dsdna": [0.02] * 3, "anti_dsdna_upper_limit": [30] * 3}, "two units"),
        ({"anti_dsdna": [20_000] * 3, "anti_dsdna_upper_limit": [30] * 3}, "two units"),
        ({"platelets": [20, 25, 18, 30] * 5}, "'platelets_10e4_ul'"),
        ({"wbc_per_ul": [5, 6, 4, 3, 7]}, "'wbc_10e9_l'"),
        ({"c3_g_l": [60, 95, 80]}, "'c3_mg_dl'"),
        ({"c4_mg_dl": [0.1, 0.3, 0.2]}, "'c4_g_l'"),
        ({"c3_g_l": [0.9], "c3_mg_dl": [90]}, "one quantity in two columns"),
    ]:
        with case(findings, way_out), pytest.raises(InputError, match=way_out):
            sledai_descriptors(pd.DataFrame(findings))


def test_rare_but_real_values_are_not_refused() -> None:
    for findings in ({"platelets": 5}, {"c3": 0.1, "c3_lower_limit": 0.9}, {"anti_dsdna": 3000, "anti_dsdna_upper_limit": 30},
                     {"c4": 0, "c4_lower_limit": 0.1},
                     {"c3": 95, "c3_lower_limit": 90}, {"upcr_mg_mmol": 4}, {"upcr_g_g": 9.5}):  # fmt: skip
        assert sledai_descriptors(pd.DataFrame([findings])).notna().any(axis=None)


@pytest.mark.parametrize("scale", ["0-10", "0-100"])
def test_a_shorter_pga_scale_than_is_said_is_refused(tmp_path: Path, scale: str) -> None:
    # PGA 1 and 2: on 0-100 a fall from 2 to 1 would be 0.03.
    table = trial()[["patient", "week", "arm", "pga"]].assign(sledai=8)
    for given in (table, read_visit_file(written(tmp_path, table)).visits):
        with pytest.raises(InputError, match="no value is above 2, which is the scale 0-3"):
            score_visits(given.assign(visit=[f"week {w}" for w in given["week"]]), "modified-sri", pga_scale=scale)
    with pytest.raises(InputError, match=f"not {scale}"):
        read_visit_file(written(tmp_path, table), pga_scale=scale)
    ten = table.assign(pga=[7, 3, 7, 3])
    with pytest.raises(InputError, match="which is the scale 0-10, not 0-100"):
        read_visit_file(written(tmp_path, ten), pga_scale="0-100")
    with pytest.raises(InputError, match="a number from 0 to 3"):
        read_visit_file(written(tmp_path, ten))
    assert read_visit_file(written(tmp_path, ten), pga_scale="0-10").visits["pga"].max() == 7


def test_the_laboratory_values_of_a_cohort_are_read_under_their_own_names() -> None:
    made = cohort.what_if(n_per_arm=20, seed=1)
    limits = {"c3": made.assumptions.c3_lower_limit, "anti_dsdna": made.assumptions.dsdna_upper_limit}
    found = sledai_descriptors(made.labs, limits=limits)
    for name in (*MEASURED, "fever"):
        assert found[name].astype(bool).tolist() == made.sledai[name].tolist()


def test_a_column_that_is_there_twice_is_refused() -> None:
    twice = pd.DataFrame([[1, 2]], columns=["platelets", "platelets"])
    for rule in (sledai_descriptors, bilag2004):
        with pytest.raises(InputError, match="more than once: 'platelets'"):
            rule(twice)


def test_bilag_reads_every_unit() -> None:
    own = pd.DataFrame(
        {"protein_creatinine_ratio": [120, 60, 30], "protein_creatinine_ratio_previous": [100, 100, 100],
         "creatinine": [176.8, 88.4, 132.6], "creatinine_previous": [88.4] * 3, "haemoglobin": [7.5, 10, 13.5],
         "platelets": [20, 45, 200]}
    )  # fmt: skip
    pairs = {"protein_creatinine_ratio": ("upcr_g_g", 0.01), "creatinine": ("creatinine_mg_dl", 1 / 88.4),
             "haemoglobin": ("haemoglobin_g_l", 10), "platelets": ("platelets_per_ul", 1000)}  # fmt: skip
    other = pd.DataFrame(index=own.index)
    for name, cells in own.items():
        unit, factor = pairs[str(name).removesuffix("_previous")]
        other[unit + "_previous" * str(name).endswith("_previous")] = cells * factor
    pd.testing.assert_frame_equal(bilag2004(other), bilag2004(own))
    with pytest.raises(InputError, match="'creatinine_mg_dl'"):
        bilag2004(pd.DataFrame({"creatinine": [6.0, 9.5]}))


def test_a_visit_file_feeds_renal_response_without_a_word_about_units(tmp_path: Path) -> None:
    # UPCR 3.0 to 0.4 g/g, creatinine 1.0 to 0.8 mg/dL (before the flare 0.8), eGFR 80 to 85: complete by KDIGO 2012 and 2024.
    table = trial(**{"UPCR (mg/mmol)": [300, 40, 300, 160], "Creatinine (µmol/L)": [88.4, 70.72, 88.4, 70.72],
                     "creatinine_preflare_umol_l": [70.72] * 4, "eGFR": [80, 85, 80, 85]})  # fmt: skip
    visits = read_visit_file(written(tmp_path, table)).visits
    before, later = visits[visits["week"] == 0], visits[visits["week"] == 12]
    for definition in ("KDIGO 2012", "KDIGO 2024"):
        assert renal_response(before, later, definition)["response"].tolist() == ["complete", "none"]


def test_a_laboratory_value_alone_makes_no_bilag_grades(tmp_path: Path) -> None:
    table = trial(**VALUES, creatinine=[80, 80, 80, 80])
    with pytest.raises(InputError, match="needs BILAG"):
        score_visits(read_visit_file(written(tmp_path, table)).visits)


def test_units_convert_there_and_back() -> None:
    for unit in UNITS["column"]:
        for other in same_quantity(unit):
            values = np.array([0.5, 1, 12.25])
            np.testing.assert_allclose(convert(convert(values, unit, other), other, unit), values, rtol=1e-7)
    assert convert(np.array([50.0]), "upcr_mg_mmol", "upcr_g_g").tolist() == [0.5]
    assert convert(np.array([1.5]), "creatinine_mg_dl", "creatinine_umol_l").tolist() == [132.6]


def test_selena_with_measured_protein_at_entry_loses_nobody() -> None:
    # 30 an arm; half of each have 1.2 g at entry, the others 0.3 g; all have arthritis. Responders lose arthritis and protein;
    # in the others protein, where it is above 0.5 g, rises by 0.6 g, so SELENA counts it. Among patients with protein 14 of 15
    # respond on the drug and 4 of 15 on placebo, among those without 10 and 7: 24/30 v 11/30 in all, 10 v 7 if they are lost.
    rows = []
    for arm, with_protein, without in (("drug", 14, 10), ("placebo", 4, 7)):
        for k in range(30):
            ill, responds = k < 15, k < with_protein if k < 15 else k - 15 < without
            before = 1.2 if ill else 0.3
            after = 0.2 if responds or not ill else 1.8
            for week, arthritis, protein in ((0, 1, before), (12, int(not responds), after)):
                rows.append({"patient": f"{arm}{k}", "visit": f"week {week}", "week": week, "arm": arm, "pga": 1.0,
                             **dict.fromkeys(SLEDAI_ITEMS["id"], 0), "arthritis": arthritis, "protein_24h": protein})  # fmt: skip
    visits = pd.DataFrame(rows).drop(columns="proteinuria")

    def counts(choice: str) -> list[int]:
        scored = score_visits(visits, "modified-sri", sledai_version="SELENA", first_visit_protein=choice)
        assert (
            f"in 30 patients protein was above its limit without an earlier value and is taken as {choice}"
            in " ".join(scored.notes)
        )
        return scored.responders()["responders"].tolist()

    assert counts("present") == [24, 11]
    assert counts("missing") == [10, 7]
    assert counts("absent") == [24, 11]  # arthritis alone decides: 4 points
    marked = visits.assign(proteinuria_stable=(visits["protein_24h"] > 1).astype(int))
    notes = score_visits(marked, "modified-sri", sledai_version="SELENA").notes
    assert not any("first_visit_protein" in note for note in notes)


def test_the_last_earlier_value_counts_where_one_visit_was_not_measured() -> None:
    rows = pd.DataFrame(
        {"patient": "A", "visit": ["a", "b", "c"], "week": [0, 12, 24], "pga": 1.0, "protein_24h": [1.2, None, 1.4]}
    )
    visits = rows.assign(**dict.fromkeys([n for n in SLEDAI_ITEMS["id"] if n != "proteinuria"], 0))
    found = score_visits(visits, "modified-sri", sledai_version="SELENA").to_frame()
    assert found.set_index("week")["sledai"].to_dict()[24] == 0  # 1.4 g after 1.2 g is stable
