"""Two arms with covariates: against R, against statsmodels by hand, against what no covariates give, and bad input."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from lupus_kit import inference
from lupus_kit.core.errors import InputError

R_VALUES = Path(__file__).parents[1] / "references" / "adjusted_values.csv"


def by_rule(n: int) -> pd.DataFrame:
    """Make the patients that the R script makes."""
    i = np.arange(1, n + 1)
    arm, age = i % 2, 20 + (i * 37) % 45
    site = np.array(["north", "south", "west"])[(i * 7) % 5 % 3]
    y = ((i * i * 13 + i * 5) % 17 < 5 + 3 * arm + (age > 45) * 2).astype(int)
    return pd.DataFrame({"y": y, "arm": arm, "age": age, "site": site})


def migraine() -> pd.DataFrame:
    groups = pd.DataFrame({"y": [1, 0] * 4, "arm": [1, 1, 0, 0] * 2, "site": ["female"] * 4 + ["male"] * 4})
    return groups.loc[np.repeat(groups.index, [16, 11, 5, 20, 12, 16, 7, 19])]


def separated() -> pd.DataFrame:
    patients = by_rule(40)
    return patients.assign(y=patients["y"].where(patients["site"] != "north", 1))


def all_of_one_arm() -> pd.DataFrame:
    patients = by_rule(30)
    return patients.assign(y=patients["y"].where(patients["arm"] == 0, 1))


CASES = {
    "migraine": (migraine, ["site"]),
    "no_covariates": (migraine, []),
    "sixty": (lambda: by_rule(60), ["age", "site"]),
    "three_hundred": (lambda: by_rule(300), ["age", "site"]),
    "separated": (separated, ["age", "site"]),
    "all_of_one_arm": (all_of_one_arm, ["age"]),
}


@cache
def r_values() -> pd.DataFrame:
    return pd.read_csv(R_VALUES, comment="#")


@pytest.mark.parametrize("case", CASES)
def test_effects_of_r(case):
    patients, covariates = CASES[case]
    found = inference.adjusted(patients(), "y", "arm", covariates, first_arm=1, bootstrap=0)
    r = r_values()[r_values()["case"] == case].set_index("quantity")["value"].to_dict()
    assert found.rates == pytest.approx((r.pop("rate_first"), r.pop("rate_second")), rel=1e-8)
    assert found.firth == (case in ("separated", "all_of_one_arm"))
    kit = {
        f"{key}_{name}": getattr(one, name)
        for key, one in found.effects.items()
        for name in ("estimate", "low", "high", "p")
    }
    assert set(kit) == set(r)
    for name, value in r.items():
        assert kit[name] == pytest.approx(value, rel=1e-6), name


def test_logistic_and_linear_are_those_of_statsmodels():
    patients = by_rule(80)
    found = inference.adjusted(patients, "y", "arm", ["age", "site"], first_arm=1, level=0.9, bootstrap=0)
    x = pd.get_dummies(patients[["arm", "age", "site"]], drop_first=True, dtype=float)
    logit = sm.Logit(patients["y"], sm.add_constant(x)).fit(disp=False)
    assert np.log(found.odds_ratio.estimate) == pytest.approx(logit.params["arm"], rel=1e-7)
    assert np.log([found.odds_ratio.low, found.odds_ratio.high]) == pytest.approx(
        logit.conf_int(0.1).loc["arm"], rel=1e-6
    )
    assert found.odds_ratio.p == pytest.approx(logit.pvalues["arm"], rel=1e-6)
    for kind in ("HC0", "HC1", "HC2", "HC3"):
        linear = sm.OLS(patients["y"], sm.add_constant(x)).fit(cov_type=kind, use_t=True)
        effect = found.effects[f"linear_{kind.lower()}"]
        assert (effect.estimate, effect.p) == pytest.approx((linear.params["arm"], linear.pvalues["arm"]), rel=1e-8)
        assert (effect.low, effect.high) == pytest.approx(tuple(linear.conf_int(0.1).loc["arm"]), rel=1e-8)


def two_arms(x1: int, n1: int, x2: int, n2: int) -> pd.DataFrame:
    y = [1] * x1 + [0] * (n1 - x1) + [1] * x2 + [0] * (n2 - x2)
    return pd.DataFrame({"y": y, "arm": ["IL-2"] * n1 + ["placebo"] * n2})


def test_without_covariates_it_is_the_two_by_two_table():
    table = (16, 29, 9, 30)
    found = inference.adjusted(two_arms(*table), "y", "arm", [], bootstrap=0)
    wald, katz, woolf = inference.intervals(*table, methods=["wald", "katz", "woolf"])
    for effect, one in ((found.odds_ratio, woolf), (found.risk_difference, wald), (found.risk_ratio, katz)):
        assert (effect.estimate, effect.low, effect.high) == pytest.approx((one.estimate, one.low, one.high), rel=1e-9)
    assert found.risk_difference.p == pytest.approx(inference.pvalue("wald_unpooled", *table))
    # What is true of the trial: least squares with HC1 errors is one of the analyses that print the published pair.
    assert round(found.effects["linear_hc1"].p, 5) == 0.05191
    week24 = inference.adjusted(two_arms(19, 29, 11, 30), "y", "arm", [], bootstrap=0)
    assert round(week24.effects["linear_hc1"].p, 5) == 0.02666


def test_bootstrap_is_seeded_and_near_the_delta_method():
    patients = by_rule(120)
    one, same, other = (
        inference.adjusted(patients, "y", "arm", ["age", "site"], first_arm=1, bootstrap=400, seed=seed).effects[
            "standardised_bootstrap"
        ]
        for seed in (5, 5, 6)
    )
    delta = inference.adjusted(patients, "y", "arm", ["age", "site"], first_arm=1, bootstrap=0).risk_difference
    assert one == same
    assert one != other
    assert one.estimate == delta.estimate
    assert one.standard_error == pytest.approx(delta.standard_error, rel=0.15)
    assert (one.low, one.high) == pytest.approx((delta.low, delta.high), abs=0.06)


def test_bootstrap_without_covariates_draws_each_arm():
    # The difference of two binomial rates: its standard deviation is the unpooled one.
    found = inference.adjusted(two_arms(16, 29, 9, 30), "y", "arm", [], bootstrap=4000, seed=1)
    exact = np.sqrt(16 / 29 * 13 / 29 / 29 + 0.3 * 0.7 / 30)
    assert found.effects["standardised_bootstrap"].standard_error == pytest.approx(exact, rel=0.04)


def test_resamples_that_separate_take_the_penalty_and_are_counted():
    # One patient of three in the first arm does not respond: in a third of the resamples all do.
    few = two_arms(2, 3, 3, 8)
    found = inference.adjusted(few, "y", "arm", [], bootstrap=500, seed=2)
    (note,) = [note for note in found.notes if note.startswith("Bootstrap")]
    number = int(note.split("; ")[1].split()[0])
    expected = 1 - (1 - (2 / 3) ** 3 - (1 / 3) ** 3) * (1 - (5 / 8) ** 8 - (3 / 8) ** 8)
    assert number / 500 == pytest.approx(expected, abs=0.06)


def test_separation_is_said_with_its_terms():
    found = inference.adjusted(separated(), "y", "arm", ["age", "site"], first_arm=1, bootstrap=0)
    (note,) = [note for note in found.notes if "separates" in note]
    assert "site (north) v south" in note
    assert "Firth" in note
    assert found.odds_ratio is found.effects["profile_likelihood"]
    assert np.isfinite([found.odds_ratio.low, found.odds_ratio.high, found.odds_ratio.p]).all()


def test_units_of_a_covariate_change_nothing():
    patients = by_rule(60)
    one = inference.adjusted(patients, "y", "arm", ["age"], bootstrap=50)
    for changed in (patients["age"] * 1e6 + 4e9, patients["age"] * -1e-6):
        two = inference.adjusted(patients.assign(age=changed), "y", "arm", ["age"], bootstrap=50)
        for key, effect in one.effects.items():
            assert two.effects[key].estimate == pytest.approx(effect.estimate, rel=1e-6), key
            assert two.effects[key].low == pytest.approx(effect.low, rel=1e-5), key


def test_arms_covariates_and_missing_values_are_said():
    patients = by_rule(60).assign(
        arm=lambda f: f["arm"].map({1: "IL-2", 0: "placebo"}), woman=lambda f: f["age"] % 3 == 0,
        grade=lambda f: pd.Categorical(f["site"], categories=["west", "north", "south", "east"]),
    )  # fmt: skip
    found = inference.adjusted(patients, "y", "arm", ["woman", "grade"], first_arm="placebo", bootstrap=0)
    assert found.arms == ("placebo", "IL-2")
    assert "First arm: placebo (as chosen); second arm: IL-2." in found.notes
    assert "grade (west) v north and grade (west) v south" in found.notes[1]
    other = inference.adjusted(patients, "y", "arm", ["woman", "grade"], bootstrap=0)
    assert other.arms == ("IL-2", "placebo")
    assert other.risk_difference.estimate == pytest.approx(-found.risk_difference.estimate)
    holes = patients.assign(age=patients["age"].where(patients["age"] != 57))
    with pytest.raises(InputError, match=r"2 of 60 rows lack a value \('age' 2; first in row 1\)"):
        inference.adjusted(holes, "y", "arm", ["age"])
    left = inference.adjusted(holes, "y", "arm", ["age"], missing="drop", bootstrap=0)
    assert left.patients == 58
    assert any("left out" in note for note in left.notes)


@pytest.mark.parametrize(
    "kind", [{"y": "boolean", "site": "string"}, {"y": object, "age": "Int64"}, {"age": "float16"}]
)
def test_types_of_columns_change_nothing(kind):
    one = inference.adjusted(by_rule(60), "y", "arm", ["age", "site"], bootstrap=0).to_frame()
    two = inference.adjusted(by_rule(60).astype(kind), "y", "arm", ["age", "site"], bootstrap=0).to_frame()
    pd.testing.assert_frame_equal(one, two)
    counted = inference.stratified(by_rule(60).astype(kind), outcome="y", arm="arm", strata=["site"])
    assert counted.cmh == inference.stratified(by_rule(60), outcome="y", arm="arm", strata=["site"]).cmh


def test_a_patient_alone_with_a_value_leaves_hc2_and_hc3_undefined():
    patients = by_rule(40).assign(site=["lone"] + ["other"] * 39)
    found = inference.adjusted(patients, "y", "arm", ["site"], bootstrap=0)
    assert found.firth
    assert np.isnan([found.effects["linear_hc2"].p, found.effects["linear_hc3"].p]).all()
    assert np.isfinite(found.effects["linear_hc1"].p)


def test_a_table_without_any_residual():
    found = inference.adjusted(two_arms(5, 5, 0, 5), "y", "arm", [], bootstrap=100)
    assert found.firth
    assert found.effects["linear_hc3"].estimate == pytest.approx(1)
    assert found.effects["linear_hc3"].p < 1e-100
    assert 0 < found.risk_difference.estimate < 1


def test_frame_and_display():
    found = inference.adjusted(by_rule(60).assign(arm=["<b>", "placebo"] * 30), "y", "arm", "age", bootstrap=20)
    frame = found.to_frame()
    assert list(frame.columns) == ["key", "label", "measure", "estimate", "low", "high", "standard_error", "p", "level"]
    assert list(frame["key"]) == list(found.effects)
    assert "&lt;b&gt;" in found._repr_html_()


GOOD = by_rule(30)
BAD = {
    "no frame": ({"patients": [1]}, "give a pandas DataFrame"),
    "no column": ({"covariates": ["weight"]}, "'weight'"),
    "covariate is the arm": ({"covariates": ["arm"]}, "must be different columns"),
    "twice": ({"covariates": ["age", "age"]}, "must be different columns"),
    "not a list": ({"covariates": 4}, "covariates == 4: give a list of column names"),
    "outcome": ({"outcome": "age", "covariates": []}, "column 'age' holds 57, 49, 41, 33, 25"),
    "three arms": ({"arm": "site", "covariates": []}, "must name two arms, not 3"),
    "one value": ({"patients": GOOD.assign(age=4)}, "covariate 'age' has one value, 4"),
    "words": (
        {"patients": GOOD.assign(age=GOOD["age"].map(lambda a: f"{a},5"))},
        "numbers written as words, as '",
    ),
    "infinite": ({"patients": GOOD.assign(age=[np.inf, *range(29)])}, "covariate 'age' holds an infinite value"),
    "explained": (
        {"patients": GOOD.assign(month=GOOD["age"] * 12), "covariates": ["age", "month"]},
        "^month: the columns",
    ),
    "is the arm": ({"patients": GOOD.assign(age=GOOD["arm"])}, "^age: the columns before explain it"),
    "too many": ({"patients": GOOD.assign(id=[f"p{k}" for k in range(30)]), "covariates": ["id"]}, "31 coefficients"),
    "dates": (
        {"patients": GOOD.assign(age=pd.date_range("2020-01-01", periods=30))},
        "give numbers, truth values or words",
    ),
    "complex": ({"patients": GOOD.assign(age=GOOD["age"] * 1j)}, "of type complex128: give numbers"),
    "a number as outcome": ({"outcome": 3}, "outcome and arm == "),
    "everybody": ({"patients": GOOD.assign(y=1)}, "everybody responds: there is nothing to adjust"),
    "nobody": ({"patients": GOOD.assign(y=0)}, "nobody responds"),
    "level": ({"level": 95}, "level == 95"),
    "bootstrap": ({"bootstrap": -1}, "bootstrap == -1"),
    "seed": ({"seed": "x"}, "seed == 'x'"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_said(name):
    changed, message = BAD[name]
    with pytest.raises(InputError, match=message):
        inference.adjusted(**{"patients": GOOD, "outcome": "y", "arm": "arm", "covariates": ["age"], **changed})
