"""Group-sequential boundaries: published constants, another program, simulation, and the equation they solve."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from lupus_kit.core.errors import InputError
from lupus_kit.simulation import BOUNDARIES, InterimLooks, conditional_power, group_sequential, with_futility
from lupus_kit.simulation.plan.boundaries import OTHER_NAMES, crossing_probabilities

RPACT = Path(__file__).parents[1] / "references" / "boundaries.csv"


# Jennison C, Turnbull BW. Group Sequential Methods with Applications to Clinical Trials. 2000: Table 2.1 (Pocock) and
# Table 2.3 (O'Brien and Fleming), two-sided alpha 0.05, K = 2 to 5.
@pytest.mark.parametrize(("looks", "pocock", "last_obf"), [(2, 2.178, 1.977), (3, 2.289, 2.004), (4, 2.361, 2.024),
                                                           (5, 2.413, 2.040)])  # fmt: skip
def test_published_constants(looks, pocock, last_obf):
    times = [(k + 1) / looks for k in range(looks)]
    assert [round(z, 3) for z in group_sequential(times, shape="pocock").critical] == [pocock] * looks
    found = group_sequential(times, shape="obrien_fleming").critical
    assert round(found[-1], 3) == last_obf
    assert np.allclose(found, found[-1] / np.sqrt(times), rtol=1e-12)


def _cases():
    frame = pd.read_csv(RPACT, comment="#")
    frame["case"] = (frame["look"] == 1).cumsum()
    return [rows for _, rows in frame.groupby("case")]


@pytest.mark.parametrize("rows", _cases(), ids=lambda rows: f"{rows['shape'].iloc[0]}-{rows.index[0]}")
def test_rpact_agrees(rows):
    times = [*rows["information"].iloc[:-1], 1.0]
    found = group_sequential(times, rows["alpha"].iloc[0], rows["shape"].iloc[0])
    theirs = rows["critical"].to_numpy()
    # rpact solves to 1e-10 in probability; on the scale of z that is divided by the density.
    known = theirs < 7
    tolerance = 1e-7 + 1e-9 / norm.pdf(theirs[known])
    assert (np.abs(np.array(found.critical)[known] - theirs[known]) < tolerance).all()
    assert found.spent == pytest.approx(rows["spent"].to_numpy(), abs=2e-8)
    assert found.crossing(2.8) == pytest.approx(rows["stop"].to_numpy(), abs=1e-6)
    assert found.crossing(2.8).sum() == pytest.approx(rows["power"].iloc[0], abs=1e-6)


def test_crossing_probabilities_are_those_of_the_normal_law():
    # The defining law: Z has correlation sqrt(t_i / t_j) and mean drift * sqrt(t). SciPy integrates its box.
    times, critical, drift = np.array([0.2, 0.5, 1.0]), np.array([2.4, 2.2, 2.0]), 1.7
    correlation = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    law = multivariate_normal(drift * np.sqrt(times), correlation, abseps=1e-9, releps=1e-9, maxpts=2_000_000)
    inside = law.cdf(critical, lower_limit=-critical)
    assert crossing_probabilities(times, critical, drift).sum() == pytest.approx(1 - inside, abs=1e-7)


def test_crossing_probabilities_agree_with_simulation():
    rng, times, critical = np.random.default_rng(12), np.array([0.3, 0.6, 1.0]), np.array([2.5, 2.3, 2.0])
    steps = rng.standard_normal((400_000, 3)) * np.sqrt(np.diff(times, prepend=0)) + 1.2 * np.diff(times, prepend=0)
    outside = np.abs(np.cumsum(steps, axis=1) / np.sqrt(times)) >= critical
    first = np.where(outside.any(axis=1), outside.argmax(axis=1), 3)
    seen = np.bincount(first, minlength=4)[:3] / len(first)
    expected = crossing_probabilities(times, critical, 1.2)
    assert (np.abs(seen - expected) < 4 * np.sqrt(expected * (1 - expected) / len(first))).all()


@given(
    steps=st.lists(st.floats(0.02, 1), min_size=1, max_size=6),
    alpha=st.sampled_from([0.001, 0.01, 0.05, 0.2]),
    shape=st.sampled_from([shape for shape in BOUNDARIES if shape != "spending"]),
)
@settings(max_examples=40)
def test_every_boundary_spends_alpha_and_no_more(steps, alpha, shape):
    times = np.cumsum(steps) / np.sum(steps)
    times[-1] = 1.0
    found = group_sequential(times, alpha, shape)
    assert found.spent[-1] == pytest.approx(alpha, rel=1e-7)
    assert (np.diff(found.spent, prepend=0) >= 0).all()
    assert max(found.levels) <= alpha * (1 + 1e-9)


def test_spending_as_listed():
    found = group_sequential([0.25, 0.5, 1.0], 0.05, "spending", [0.0, 0.01, 0.04])
    assert found.critical[0] == np.inf
    assert found.spent == pytest.approx([0, 0.01, 0.04], abs=1e-12)
    # The first look that spends anything is an ordinary test at what it spends.
    assert found.levels[1] == pytest.approx(0.01)
    assert list(found.to_frame().columns) == ["look", "information", "critical_z", "nominal_level", "alpha_spent"]
    assert "0.0100" in found._repr_html_()


def test_one_look_is_the_ordinary_test():
    for shape in BOUNDARIES:
        spent = [0.05] if shape == "spending" else None
        assert group_sequential([1.0], 0.05, shape, spent).critical == pytest.approx([norm.isf(0.025)])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"fractions": [0.5, 0.9]}, "rise from above 0 to 1"),
        ({"fractions": [0.0, 1.0]}, "rise from above 0 to 1"),
        ({"fractions": [0.6, 0.4, 1.0]}, "rise from above 0 to 1"),
        ({"fractions": []}, "rise from above 0 to 1"),
        ({"fractions": "half"}, "rise from above 0 to 1"),
        ({"alpha": 0}, "alpha == 0"),
        ({"shape": "pokock"}, "did you mean 'pocock'"),
        ({"spent": [0.01, 0.05]}, "for 'spending' alone"),
        ({"shape": "spending"}, "for 'spending' alone"),
        ({"shape": "spending", "spent": [0.03, 0.06]}, "more than alpha == 0.05"),
        ({"shape": "spending", "spent": [0.03, 0.02]}, "never falls"),
        ({"shape": "spending", "spent": [-0.01, 0.05]}, "never falls"),
        ({"shape": "spending", "spent": [0.0, 0.0]}, "ends above 0"),
        ({"shape": "spending", "spent": [0.05]}, "2 looks need 2 numbers"),
        ({"shape": ["x"]}, "unknown boundary"),
        ({"shape": {}}, "unknown boundary"),
        ({"sided": np.array([1, 2])}, "must be 2 or 1"),
        ({"shape": "kim_demets", "parameter": (1,)}, r"parameter == \(1,\)"),
        # One-sided, such a level would be reached by a Z below 0.
        ({"shape": "kim_demets", "sided": 1, "alpha": 0.9}, "alpha == 0.9: must be strictly between 0 and 0.5"),
    ],
)
def test_bad_input(arguments, words):
    with pytest.raises(ValueError, match=words):
        group_sequential(**({"fractions": [0.5, 1.0]} | arguments))


# --- futility, one-sided tests, other names

FUTILE = pd.read_csv(Path(__file__).parents[1] / "references" / "futility.csv", comment="#")


@pytest.mark.parametrize("rows", [rows for _, rows in FUTILE.groupby((FUTILE["look"] == 1).cumsum())])
def test_futility_and_spending_with_a_parameter_agree_with_rpact(rows):
    what, parameter, alpha, beta = rows.iloc[0][["what", "parameter", "alpha", "beta"]]
    times = [round(12 * t) / 12 for t in sorted({*rows["information"], 1.0})]  # thirds and quarters
    shape = what.removeprefix("futility_")
    found = group_sequential(times, alpha, shape, sided=1, parameter=None if np.isnan(parameter) else parameter)
    if shape == what:
        assert found.critical == pytest.approx(rows["z"].tolist(), abs=1e-7)
    else:
        found = with_futility(found, OTHER_NAMES[shape], beta)
        assert found.futility == pytest.approx(rows["z"].tolist(), abs=1e-7)
        assert found.to_frame()["futility_z"].tolist()[:-1] == list(found.futility)


def test_conditional_power_averages_to_power():
    # Over the law of Z at the look, the chance of success given Z is the chance of success.
    drift, time, critical = 2.5, 0.4, 2.0
    z = np.linspace(-9, 12, 40_001)
    law = norm.pdf(z, drift * np.sqrt(time)) * (z[1] - z[0])
    given_z = np.array([conditional_power(value, time, critical, drift) for value in z.tolist()])
    assert law @ given_z == pytest.approx(norm.sf(critical - drift), abs=1e-9)
    # Predictive power is that of the trend, averaged over the normal law of the drift given the data.
    drifts = np.linspace(-10, 15, 20_001)
    seen = norm.pdf(drifts, 1.2 / np.sqrt(time), 1 / np.sqrt(time)) * (drifts[1] - drifts[0])
    average = seen @ [conditional_power(1.2, time, critical, d) for d in drifts.tolist()]
    assert conditional_power(1.2, time, critical, predictive=True) == pytest.approx(average, abs=1e-9)
    bounds = with_futility(group_sequential([time, 1.0], 0.025, sided=1), "conditional_power", 0.1)
    assert conditional_power(bounds.futility[0], time, bounds.critical[-1]) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: with_futility(group_sequential([0.5, 1]), "pocock", 0.2), "unknown rule for futility 'pocock'"),
        (lambda: with_futility(group_sequential([0.5, 1]), ["pocock"], 0.2), "unknown rule for futility"),
        (lambda: with_futility(group_sequential([0.5, 1]), "conditional_power", [0.2]), "futility_level"),
        (lambda: with_futility(None, "conditional_power", 0.2), "give the Boundaries"),
        (lambda: group_sequential([0.5, 1], shape=["x"]), "unknown boundary"),
        (lambda: group_sequential([0.5, 1], shape="hsd", parameter=[1]), "parameter"),
        (lambda: with_futility(group_sequential([0.5, 1]), "conditional_power", 1.2), "futility_level == 1.2"),
        (lambda: with_futility(group_sequential([0.5, 1]), "lan_demets_pocock", 0.97), "futility_level == 0.97"),
        (lambda: with_futility(group_sequential([0.5, 1]), "lan_demets_pocock", None), "futility_level == None"),
        (lambda: group_sequential([0.5, 1], shape="asHSD", parameter="strict"), "parameter == 'strict'"),
        (lambda: group_sequential([0.5, 1], shape="pocock", parameter=2), "others have none"),
        (lambda: group_sequential([0.5, 1], sided=3), "sided == 3"),
        (
            lambda: with_futility(group_sequential([0.5, 1], 0.05, "spending", [0.05, 0.05]), "bsOF", 0.2),
            "no alpha to spend",
        ),
        (lambda: conditional_power(1.0, 1.0, 1.96), "information == 1.0"),
        (lambda: conditional_power(1.0, 0.5, 1.96, 2.8, predictive=True), "give no drift"),
    ],
)
def test_what_makes_no_sense_is_refused(ask, words):
    with pytest.raises(ValueError, match=words):
        ask()


def test_an_early_look_may_have_too_little_to_spend():
    bounds = with_futility(group_sequential([0.01, 0.5, 1.0], 0.025, sided=1), "lan_demets_obrien_fleming", 0.1)
    assert bounds.futility[0] == -np.inf
    assert np.isfinite(bounds.futility[1])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"z": "x"}, "z == 'x'"),
        ({"z": [1.0]}, "one number"),
        ({"information": "half"}, "information == 'half'"),
        ({"critical": None}, "critical == None"),
        ({"drift": np.nan}, "drift == nan"),
    ],
)
def test_conditional_power_is_of_numbers(given, words):
    with pytest.raises(InputError, match=re.escape(words)):
        conditional_power(**{"z": 1.0, "information": 0.5, "critical": 2.0, **given})


@pytest.mark.parametrize("spent", [["", 0.05], 0.05, [0.01, np.nan], [[0.01, 0.05]]])
def test_alpha_spent_is_a_number_a_look(spent):
    with pytest.raises(InputError, match="2 looks need 2 numbers"):
        group_sequential([0.5, 1], shape="spending", spent=spent)
    with pytest.raises(InputError, match="2 looks need 2 numbers"):
        InterimLooks((0.5, 1), "spending", spent=spent)


def test_levels_and_fractions_that_are_none():
    with pytest.raises(InputError, match="alpha == 'x'"):
        group_sequential([0.5, 1], alpha="x")
    with pytest.raises(InputError, match="must rise"):
        group_sequential([[0.5, 1]])


@pytest.mark.parametrize("name", [*OTHER_NAMES, "kimdemets", "Hwang-Shih-DeCani", "asof", "O'Brien-Fleming", "SFLDOF"])
def test_names_of_other_programs_are_understood(name):
    spent = [0.01, 0.05] if name == "asUser" else None
    found = group_sequential([0.5, 1.0], shape=name, spent=spent)
    assert found.shape in BOUNDARIES
    looks = InterimLooks((0.5, 1.0), name, spent=spent)
    assert looks.boundary == found.shape
    assert looks.boundaries(0.05) == found


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'asHSD'"):
        group_sequential([0.5, 1.0], shape="asHDS")
    with pytest.raises(InputError, match="unknown rule for futility 'bindingOF'"):
        InterimLooks((0.5, 1.0), futility="bindingOF").boundaries(0.05)
    with pytest.raises(InputError, match="unknown boundary 5"):
        group_sequential([0.5, 1.0], shape=5)
    named = [InterimLooks((0.5, 1.0), futility=name).boundaries(0.05) for name in ("bsOF", "lan_demets_obrien_fleming")]
    assert named[0].futility == named[1].futility


def test_futility_by_predictive_power_lies_where_predictive_power_is_the_level():
    bounds = with_futility(group_sequential([0.3, 0.6, 1.0], 0.025, sided=1), "predictive_power", 0.1)
    for z, time in zip(bounds.futility, bounds.fractions, strict=False):
        assert conditional_power(z, time, bounds.critical[-1], predictive=True) == pytest.approx(0.1)
