"""Calibration: expected values against the paper, other trials fitted and found again, impossible targets refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lupus_kit import endpoints
from lupus_kit.cohort import (
    Assumptions,
    Calibration,
    Cohort,
    calibrate,
    calibration_table,
    quantity_names,
    what_if,
)
from lupus_kit.cohort.what_if.measured import Measured, quantity
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import SLEDAI_ITEMS


@pytest.fixture(scope="module")
def large() -> Cohort:
    return what_if(n_per_arm=6000, seed=41)


def rate(cohort: Cohort, arm: str, week: int) -> float:
    answers = endpoints.sri(cohort.visits, missing="observed")
    chosen = answers[(answers["arm"] == arm) & (answers["week"] == week)]
    return float(chosen["responder"].dropna().astype(float).mean())


# --- quantities ------------------------------------------------------------------------------------------------


def test_quantities_are_what_their_names_say(large: Cohort) -> None:
    measured = Measured(large)
    visits = large.visits
    placebo12 = visits[(visits["arm"] == "placebo") & (visits["week"] == 12)]

    def value(name: str) -> float:
        return measured.estimate(quantity(name))[0]

    assert value("sledai_median_week12_placebo") == placebo12["sledai"].median()
    assert value("pga_median_week12_placebo") == placebo12["pga"].median()
    assert value("prednisone_median_week12_placebo") == placebo12["prednisone_mg_day"].median()
    assert value("rash_week12_placebo") == large.sledai.loc[placebo12.index, "rash"].mean()
    assert value("sri4_week12_placebo") == pytest.approx(rate(large, "placebo", 12))
    letters = placebo12.filter(regex="^bilag_").astype(str)
    by_hand = ((letters == "A").any(axis=1) | ((letters == "B").sum(axis=1) >= 2)).mean()
    assert value("active_week12_placebo") == by_hand
    people = large.patients[large.patients["arm"] == "IL-2"]
    assert value("dropout_il2") == people["dropout_day"].notna().mean()
    fever = large.adverse_events.query("event == 'fever' and arm == 'IL-2'")["patient"].nunique()
    assert value("event_fever_il2") == fever / len(people)
    renal = list(SLEDAI_ITEMS.loc[SLEDAI_ITEMS["domain"] == "renal", "id"])
    last = large.sledai[(large.sledai["arm"] == "IL-2") & (large.sledai["week"] == 24)]
    sick = last[last["patient"].isin(people.loc[people["nephritis"], "patient"])]
    assert value("remission_il2") == pytest.approx(1 - sick[renal].any(axis=1).mean())


def test_every_name_can_be_measured(large: Cohort) -> None:
    measured = Measured(what_if(n_per_arm=300, seed=1))
    names = quantity_names()
    assert len(set(names)) == len(names) > 150
    for name in names:
        q = quantity(name)
        assert q.name == name
        value, error = measured.estimate(q)
        assert math.isfinite(value), name
        assert error >= 0, name


def test_monte_carlo_errors_are_those_of_repetition() -> None:
    names = ("sri4_week12_il2", "rash_week0_placebo", "pga_median_week0_il2", "sri4_correlation_placebo")
    cohorts = [Measured(what_if(Assumptions(extra_weeks=()), 200, s)) for s in range(80)]
    found = np.array([[measured.estimate(quantity(n)) for n in names] for measured in cohorts])
    spread, said = found[:, :, 0].std(axis=0, ddof=1), found[:, :, 1].mean(axis=0)
    assert ((said / spread > 0.7) & (said / spread < 1.4)).all(), said / spread


# --- the defaults ----------------------------------------------------------------------------------------------


def test_expected_rates_and_medians_are_those_of_the_paper() -> None:
    table = calibration_table(n_per_arm=10_000, seed=42).set_index("quantity")
    # Abstract of He et al. 2020: 16/29, 9/30, 19/29 and 11/30.
    for name, printed in {
        "sri4_week12_il2": 16 / 29, "sri4_week12_placebo": 9 / 30,
        "sri4_week24_il2": 19 / 29, "sri4_week24_placebo": 11 / 30,
    }.items():  # fmt: skip
        assert abs(table.loc[name, "expected"] - printed) < 4 * table.loc[name, "mc_error"] + 0.005, name
        assert table.loc[name, "printed"] == pytest.approx(printed, abs=5e-5)
    # Table 2. Both arms come from one population, so one entry median stands for the printed 12 and 11.
    assert set(table.loc[["sledai_median_week0_il2", "sledai_median_week0_placebo"], "expected"]) <= {11.0, 12.0}
    for name, median in {
        "sledai_median_week12_il2": 6, "sledai_median_week12_placebo": 6,
        "sledai_median_week24_il2": 4, "sledai_median_week24_placebo": 8,
    }.items():  # fmt: skip
        assert table.loc[name, "expected"] == median == table.loc[name, "printed"], name


def test_what_does_not_agree_is_said() -> None:
    table = calibration_table(n_per_arm=5000, seed=43)
    assert len(table) == 4 + 2 * 3 * 11 + 2  # SRI-4; eleven rows of Table 2, two arms, three visits; remission
    missed = set(table.loc[~table["within_chance"], "quantity"])
    # Table 2 prints a larger fall of alopecia on placebo than on IL-2; a model with a drug effect cannot have it.
    assert missed == {"alopecia_week12_il2", "alopecia_week24_il2"}


def test_activity_scores_cohere_as_in_the_literature(large: Cohort) -> None:
    # 50 patients, 528 visits (Lupus Sci Med 2019;6:e000365): Fisher's z of 50 independent patients gives a standard
    # error of about 1 / sqrt(47) for each of them, the band of a second study of that size. Only the published visits
    # count: in routine care, where the anchors come from, visits are months apart too.
    frame = large.visits[["patient", "pga", "sledai"]].assign(bilag=large.bilag["bilag_total"].to_numpy())
    frame = frame[large.visits["published_visit"]]
    change = frame.groupby("patient")[["pga", "sledai", "bilag"]].diff().dropna()
    found = [data["pga"].corr(data[score]) for data in (frame, change) for score in ("sledai", "bilag")]
    gap = np.arctanh(found) - np.arctanh([0.742, 0.776, 0.678, 0.624])
    assert (np.abs(gap) < 1.96 * np.sqrt(2 / 47)).all(), found


# --- other trials ----------------------------------------------------------------------------------------------


def test_calibrated_assumptions_give_the_targets_back() -> None:
    targets = {
        "sri4_week12_il2": 0.48, "sri4_week12_placebo": 0.40, "sri4_week24_il2": 0.55, "sri4_week24_placebo": 0.42,
        "dropout_il2": 0.12, "dropout_placebo": 0.12, "remission_il2": 0.4, "event_fever_il2": 0.2,
    }  # fmt: skip
    fitted = calibrate(targets, seed=5, n_per_arm=3000)
    assert isinstance(fitted, Calibration)
    assert fitted.report["quantity"].tolist() == list(targets)
    assert fitted.assumptions.dropout_rate == 0.12
    # Patients that neither the fit nor its report has seen.
    measured = Measured(what_if(fitted.assumptions, n_per_arm=12_000, seed=99))
    for name, target in targets.items():
        got, error = measured.estimate(quantity(name))
        before_leaving = 0.2 * 0.12 if name.startswith("event") else 0.0  # an event after dropout is not seen
        # The fit itself has the Monte Carlo error of 3000 patients an arm: twice that of 12 000.
        assert abs(got - target) < 4 * math.sqrt(1 + 4) * error + 0.003 + before_leaving, name
    assert "drug_effect" in fitted._repr_html_()
    assert fitted.to_frame().equals(fitted.report)


def test_same_seed_same_fit() -> None:
    one, two = (calibrate({"sri4_week12_placebo": 0.45}, seed=3, n_per_arm=500) for _ in range(2))
    assert one.assumptions == two.assumptions
    assert one.report.equals(two.report)


def test_medians_and_named_fields_can_be_fitted() -> None:
    fitted = calibrate({"pga_median_week0_il2": 1.8}, seed=6, n_per_arm=1000)
    assert fitted.report["achieved"].item() == pytest.approx(1.8, abs=0.051)
    assert fitted.assumptions.pga_scale > Assumptions().pga_scale
    other = calibrate({"rash_week12_placebo": 0.25}, seed=6, n_per_arm=1000, move=["skin_share"])
    assert other.moved.keys() == {"skin_share"}
    assert other.report["achieved"].item() == pytest.approx(0.25, abs=4 * math.sqrt(5) * 0.008)


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ({"sri4_week12_il3": 0.5}, "did you mean 'sri4_week12_il2'"),
        ({"sri4_week0_il2": 0.5}, "unknown quantity 'sri4_week0_il2'"),
        ({"sri4_week12_il2": 1.2}, "must be a number from 0 to 1"),
        ({"sri4_week12_il2": float("nan")}, "must be a number from 0 to 1"),
        ({"sledai_median_week0_il2": 6}, "nobody enters below entry_sledai == 8"),
        ({"dropout_il2": 0.1, "dropout_placebo": 0.2}, "the model has one dropout_rate"),
        ({}, "give a mapping"),
        ({"rash_week12_il2": 0.1}, r"has no field of its own: name the fields that may be moved in move=\[...\]"),
        # Fréchet bounds for 0.2 and 0.8: at most (0.2 - 0.16) / 0.16 = 0.25.
        (
            {"sri4_week12_il2": 0.2, "sri4_week24_il2": 0.8, "sri4_correlation_il2": 0.26},
            r"with rates 0\.2 and 0\.8 the correlation lies from -1\.000 to 0\.250",
        ),
    ],
)
def test_impossible_targets_are_refused(targets: dict[str, float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        calibrate(targets)


def test_all_bad_targets_are_listed_and_misses_are_said() -> None:
    with pytest.raises(InputError) as caught:
        calibrate({"sri4_week12_il2": 2.0, "no_such": 0.1})
    assert len(str(caught.value).splitlines()) == 2
    with pytest.raises(
        InputError, match=r"no assumptions were found[^\n]*\nsledai_median_week12_placebo: target 60, best reached"
    ):
        calibrate({"sledai_median_week12_placebo": 60}, n_per_arm=200)
    with pytest.raises(InputError, match="did you mean 'skin_share'"):
        calibrate({"rash_week12_il2": 0.1}, move=["skin_shares"])
    with pytest.raises(InputError, match="move is empty"):
        calibrate({"rash_week12_il2": 0.1}, move=[])
    with pytest.raises(InputError, match="n_per_arm == 10"):
        calibrate({"sri4_week12_il2": 0.5}, n_per_arm=10)
    with pytest.raises(InputError, match="must be an Assumptions object, got dict"):
        calibrate({"sri4_week12_il2": 0.5}, {})  # type: ignore[arg-type]
