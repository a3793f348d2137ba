"""Simulated trials at the endpoint level, against the exact enumeration they must agree with."""

import tracemalloc
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupus_kit import design, inference, simulation
from lupus_kit.core.errors import InputError
from lupus_kit.inference.intervals.effects import many_ends
from lupus_kit.simulation.trials.alias import Alias
from lupus_kit.simulation.trials.chunks import CHUNK, simulate_chunk
from lupus_kit.simulation.trials.tally import merge

HE = design.he2020()
RATES = simulation.ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30), correlation=0.4)


def values(result):
    return result.summary().set_index("quantity")["estimate"]


def errors(result):
    return result.summary().set_index("quantity")["mc_error"]


@pytest.fixture(scope="module")
def result():
    return simulation.run(HE, RATES, n_trials=40_000, seed=2020)


def test_power_agrees_with_enumeration(result):
    for role, rates in (("primary", RATES.primary), ("secondary", RATES.follow_up)):
        exact = inference.power("pearson", *rates, 30, 30)
        error = np.sqrt(exact * (1 - exact) / 40_000)
        assert abs(values(result)[f"{role} significant"] - exact) < 4 * error
        assert errors(result)[f"{role} significant"] == pytest.approx(error, rel=0.05)


def test_inclusion_and_exclusion(result):
    value = values(result)
    either = value["primary significant"] + value["secondary significant"] - value["both significant"]
    assert value["either significant"] == pytest.approx(either)
    only_later = value["secondary significant"] - value["both significant"]
    assert value["secondary significant, primary not"] == pytest.approx(only_later)


def test_a_fixed_sequence_claims_the_secondary_only_with_the_primary(result):
    value = values(result)
    assert value["primary claimed"] == value["any endpoint claimed"]
    assert value["primary claimed"] + value["primary harm found"] == pytest.approx(value["primary significant"])
    # What is significant at both visits, but in two directions, is claimed at the first alone.
    both = result.trials.query("significant_primary and significant_secondary")
    same = (both["x1_primary"] > both["x2_primary"]) == (both["x1_secondary"] > both["x2_secondary"])
    found = value["secondary claimed"] + value["secondary harm found"]
    assert found == pytest.approx(value["both significant"] - (~same).sum() / 40_000)


def test_correlation_is_the_one_asked_for(result):
    # The count's correlation is the patient's phi, since patients are independent and alike.
    phi = np.corrcoef(result.trials["x1_primary"], result.trials["x1_secondary"])[0, 1]
    assert abs(phi - RATES.correlation) < 4 / np.sqrt(40_000)


def test_joint_has_the_margins_and_the_correlation():
    both, first_only, second_only, neither = RATES.joint(0)
    assert both + first_only == pytest.approx(16 / 29)
    assert both + second_only == pytest.approx(19 / 29)
    assert both + first_only + second_only + neither == pytest.approx(1)
    spread = np.sqrt(16 / 29 * 13 / 29 * 19 / 29 * 10 / 29)
    assert (both - 16 / 29 * 19 / 29) / spread == pytest.approx(0.4)


def test_the_summary_is_that_of_the_kept_trials(result):
    trials = result.trials
    difference = trials["x1_primary"] / 30 - trials["x2_primary"] / 30
    chosen = difference[trials["significant_primary"]]
    value, error = values(result), errors(result)
    assert value["primary: mean difference"] == pytest.approx(difference.mean())
    assert error["primary: mean difference"] == pytest.approx(difference.sem())
    assert value["primary: mean difference if significant"] == pytest.approx(chosen.mean())
    assert error["primary: bias if significant"] == pytest.approx(chosen.sem())
    true = 16 / 29 - 9 / 30
    assert value["primary: type M"] == pytest.approx(chosen.abs().mean() / true)
    assert value["primary: type S"] == pytest.approx((chosen < 0).mean())
    p = inference.pvalue("pearson", trials["x1_primary"], 30, trials["x2_primary"], 30)
    assert np.array_equal(trials["p_primary"], p, equal_nan=True)
    assert (trials["significant_primary"] == (p <= 0.05)).all()


def test_significant_trials_exaggerate(result):
    # The enumeration of inference.type_m_and_s is independent of the simulation.
    known = inference.type_m_and_s("pearson", *RATES.primary, 30, 30)
    assert abs(values(result)["primary: type M"] - known.type_m) < 4 * errors(result)["primary: type M"]
    assert values(result)["primary: type M"] > 1.3


# --- the same seed

# From the version before claims had a direction, 20,000 trials with seed 2020: significant and claimed (then in either
# direction) at both endpoints, patients, stopped early, mean difference at the primary endpoint.
_BEFORE = {
    "fixed": (0.5117, 0.63075, 0.5117, 0.38385, 60.0, 0.0, 0.2512366667),
    "holm": (0.40745, 0.524, 0.35225, 0.4504, 60.0, 0.0, 0.2512366667),
    "looks": (0.51755, 0.59145, 0.51755, 0.35125, 57.75, 0.075, 0.2642466667),
    "observed": (0.48245, 0.5554, 0.48245, 0.3305, 60.0, 0.0, 0.2521264057),
    "again": (0.7957, 0.88865, 0.7957, 0.73405, 116.9556, 0.0, 0.2509865264),
}
# These two are drawn in another, quicker way since 0.4 and 0.6: the same law, other trials for the same seed.
_DRAWN_ANEW = {
    "observed": (0.48285, 0.54875, 0.48285, 0.32775, 60.0, 0.0, 0.2511020736),
    "again": (0.7973, 0.8882, 0.7973, 0.73385, 116.8815, 0.0, 0.2506652842),
}


@pytest.mark.parametrize(
    ("name", "plan"),
    [
        ("fixed", simulation.AnalysisPlan()),
        ("holm", simulation.AnalysisPlan(multiplicity="holm", test="fisher")),
        ("looks", simulation.AnalysisPlan(looks=simulation.InterimLooks((0.5, 1.0)))),
        ("observed", simulation.AnalysisPlan(missing="observed")),
        ("again", simulation.AnalysisPlan(reestimation=simulation.Reestimation())),
    ],
)
def test_plans_of_before_give_the_numbers_of_before(name, plan):
    lost = simulation.Dropout((0.05, 0.1), (0.1, 0.2)) if name == "observed" else simulation.Dropout()
    value = values(simulation.run(HE, replace(RATES, dropout=lost), 20_000, seed=2020, plan=plan))
    claims = [value[f"{role} claimed"] + value[f"{role} harm found"] for role in ("primary", "secondary")]
    found = [value["primary significant"], value["secondary significant"], *claims]
    found += [value[name] for name in ("patients randomised", "stopped early", "primary: mean difference")]
    assert found == pytest.approx(_DRAWN_ANEW.get(name, _BEFORE[name]), abs=1e-9)
    if name in _DRAWN_ANEW:  # both are estimates, from as many trials
        shares = np.array([_BEFORE[name][:4], found[:4]])
        assert (abs(shares[1] - shares[0]) < 4 * np.sqrt(2 * shares[0] * (1 - shares[0]) / 20_000)).all()


@pytest.mark.parametrize(
    ("kind", "plan"),
    [
        ("fixed", simulation.AnalysisPlan()),
        ("adaptive", simulation.AnalysisPlan(reestimation=simulation.Reestimation())),
    ],
)
def test_same_seed_same_trials_whatever_the_jobs(kind, plan):
    n = CHUNK[kind] + 1000
    one, two = (simulation.run(HE, RATES, n, seed=3, plan=plan, n_jobs=jobs, keep_trials=False) for jobs in (1, 2))
    pd.testing.assert_frame_equal(one.tally, two.tally)
    assert one.tally.groupby("endpoint")["weight"].sum().tolist() == [n, n]
    assert not one.tally.equals(simulation.run(HE, RATES, n, seed=4, plan=plan, keep_trials=False).tally)


def test_memory_is_flat_in_the_number_of_trials():
    tracemalloc.start()
    simulation.run(HE, RATES, 10_000_000, seed=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Ten tallies of about 2,000 rows are held before they are added up; ten million rows would be 1 GB.
    assert peak < 20e6


def test_the_order_of_the_chunks_does_not_matter():
    streams = np.random.SeedSequence(8).spawn(3)
    task = partial(simulate_chunk, simulation.Scenario(RATES), False)
    parts = [task(stream, 5000) for stream in streams]
    pd.testing.assert_frame_equal(merge(parts), merge(parts[::-1]))


@pytest.mark.parametrize(
    "plan",
    [
        simulation.AnalysisPlan(),
        simulation.AnalysisPlan(missing="observed"),
        simulation.AnalysisPlan(looks=simulation.InterimLooks((0.5, 1.0))),
        simulation.AnalysisPlan(reestimation=simulation.Reestimation()),
    ],
)
def test_keeping_the_trials_changes_nothing(plan):
    rates = replace(RATES, dropout=simulation.Dropout((0.05, 0.1), (0.1, 0.2)))
    kept, counted = (simulation.run(HE, rates, 30_000, seed=5, plan=plan, keep_trials=keep) for keep in (True, False))
    pd.testing.assert_frame_equal(kept.summary(), counted.summary(), check_exact=False, rtol=1e-12, atol=1e-15)
    assert merge([kept.tally, counted.tally.iloc[:0]]).equals(merge([counted.tally, kept.tally.iloc[:0]]))
    with pytest.raises(ValueError, match=r"run\(keep_trials=True\)"):
        _ = counted.trials


def test_a_generator_as_seed_moves_on():
    rng = np.random.default_rng(6)
    first, second = (simulation.run(HE, RATES, 1000, seed=rng).tally for _ in range(2))
    assert not first.equals(second)
    assert first.equals(simulation.run(HE, RATES, 1000, seed=np.random.default_rng(6)).tally)


# --- bad input


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_trials": 0}, "n_trials == 0"),
        ({"n_trials": -5}, "n_trials == -5"),
        ({"n_trials": True}, "n_trials == True"),
        ({"n_trials": 10.5}, "n_trials == 10.5"),
        ({"seed": -1}, "seed == -1"),
        ({"seed": None}, "seed == None"),
        ({"plan": "pearson"}, "plan must be an AnalysisPlan"),
        ({"assumptions": (0.5, 0.3)}, "assumptions must be simulation.ResponseRates"),
        ({"plan": simulation.AnalysisPlan(primary=simulation.Endpoint(16))}, "visits at weeks 12, 24"),
        ({"plan": simulation.AnalysisPlan(secondary=simulation.Endpoint(12, "SLEDAI fall"))}, "has no response rate"),
        ({"plan": simulation.AnalysisPlan(looks=simulation.InterimLooks((0.01, 1.0)))}, "come after 0, 30 patients"),
    ],
)
def test_bad_input_stops_before_anything_runs(change, words, monkeypatch):
    monkeypatch.setattr("lupus_kit.simulation.engine.run_chunks", lambda *_, **__: pytest.fail("it ran"))
    arguments = {"assumptions": RATES, "n_trials": 1000, "seed": 0} | change
    with pytest.raises(ValueError, match=words):
        simulation.run(HE, **arguments)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: simulation.ResponseRates((1.2, 0.3), (0.5, 0.5)), r"primary == \(1.2, 0.3\)"),
        (lambda: simulation.ResponseRates((0.2,), (0.5, 0.5)), r"primary == \(0.2,\)"),
        (lambda: simulation.ResponseRates("ab", (0.5, 0.5)), "primary == 'ab'"),
        (lambda: replace(RATES, correlation=0.95), r"must lie from -0\.65"),
        (lambda: replace(RATES, correlation="high"), "must be a number"),
        (lambda: replace(RATES, dropout=0.1), "give a Dropout"),
        (lambda: simulation.Dropout((0.2, 0.1), (0.1, 0.1)), "shares are cumulative"),
        (lambda: simulation.Dropout(nonresponder_ratio=0), "nonresponder_ratio == 0"),
        (lambda: replace(RATES, dropout=simulation.Dropout((0.6, 0.6), (0.6, 0.6), 9)), "more than all"),
    ],
)
def test_bad_assumptions(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_three_arms_are_refused():
    three = replace(HE, arms=(*HE.arms, replace(HE.arms[0], name="third")))
    with pytest.raises(ValueError, match="3 arms"):
        simulation.run(three, RATES)


# --- the parts


@given(st.lists(st.floats(0, 1), min_size=1, max_size=70).filter(lambda p: sum(p) > 1e-6))
@settings(max_examples=100)
def test_alias_columns_hold_the_probabilities(p):
    p = np.array(p) / sum(p)
    alias = Alias(np.arange(len(p)), p)
    # The defining equation: what the columns give to each value adds up to its probability.
    own = (alias.threshold - (np.arange(2**alias.bits, dtype=np.uint64) << alias.rest)) / 2.0 ** int(alias.rest)
    law = np.zeros(len(p))
    np.add.at(law, alias.pairs[1::2], own / 2**alias.bits)
    np.add.at(law, alias.pairs[0::2], (1 - own) / 2**alias.bits)
    assert law == pytest.approx(p, abs=1e-14)


@given(
    rates=st.tuples(*[st.floats(0.05, 0.95)] * 2),
    lost=st.tuples(st.floats(0, 0.3), st.floats(0, 0.3)),
    ratio=st.floats(0.3, 3),
)
@settings(max_examples=100)
def test_dropout_keeps_its_shares_and_the_ratio(rates, lost, ratio):
    first, second = lost[0], lost[0] + lost[1]
    dropout = simulation.Dropout((first, 0), (second, 0), ratio)
    try:
        law = simulation.ResponseRates((rates[0], 0.5), (rates[1], 0.5), 0.0, dropout).patient_law(0)
    except ValueError:
        return  # more non-responders would have to leave than there are
    assert law.sum() == pytest.approx(1)
    assert law.min() >= 0
    assert law[6] == pytest.approx(first)
    assert law[4:].sum() == pytest.approx(second)
    # Of those who respond at the primary visit, the share seen there is 1 minus their chance of leaving.
    responders, others = law[[0, 1, 4]].sum() / rates[0], law[[2, 3, 5]].sum() / (1 - rates[0])
    assert (1 - others) == pytest.approx(ratio * (1 - responders), abs=1e-9)


def test_tally_of_trials_counts_every_trial_once(result):
    counted = result.tally
    assert counted.groupby("endpoint")["weight"].sum().tolist() == [40_000, 40_000]
    rows = counted[counted["endpoint"] == 0].groupby(["x1", "x2"])["weight"].sum()
    table = pd.crosstab(result.trials["x1_primary"], result.trials["x2_primary"])
    assert all(table.loc[x1, x2] == weight for (x1, x2), weight in rows.items())


def test_pvalue_distribution_puts_values_in_their_bins(result):
    found = result.pvalue_distribution(bins=20)
    assert found.groupby("endpoint")["share"].sum().tolist() == pytest.approx([1, 1])
    first = found[(found["endpoint"] == "primary") & (found["high"] == 0.05)]["share"].item()
    assert first == pytest.approx(values(result)["primary significant"])


def test_estimates_add_up_to_the_power(result):
    for role in ("primary", "secondary"):
        found = result.estimates(role)
        assert found["share"].sum() == pytest.approx(1)
        assert found.loc[found["significant"], "share"].sum() == pytest.approx(values(result)[f"{role} significant"])
        mean = (found["difference"] * found["share"]).sum()
        assert mean == pytest.approx(values(result)[f"{role}: mean difference"])
        assert not found.duplicated(["difference", "significant"]).any()


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda r: r.estimates("first"), "Allowed: 'primary', 'secondary'"),
        (lambda r: r.pvalue_distribution(0), "bins == 0"),
        (lambda r: r.pvalue_distribution(2.5), "bins == 2.5"),
        (lambda r: r.coverage(level=95), "level == 95"),
    ],
)
def test_bad_questions(result, ask, words):
    with pytest.raises(ValueError, match=words):
        ask(result)


def test_the_page_of_a_result(result):
    page = result._repr_html_()
    assert "40,000 simulated trials, 30 and 30 patients, pearson at 0.05" in page
    assert f"{values(result)['primary claimed']:.4f}" in page
    assert result.to_frame().equals(result.summary())


def test_an_arm_that_is_lost_whole_has_no_p_value():
    # With one patient an arm and the rule "observed", an arm can be empty at a visit.
    rates = simulation.ResponseRates((0.5, 0.5), (0.5, 0.5), 0.0, simulation.Dropout((0.6, 0.6), (0.8, 0.8)))
    plan = simulation.AnalysisPlan(missing="observed", test="fisher")
    result = simulation.run(simulation.with_patients(HE, 1), rates, 20_000, seed=4, plan=plan)
    found = result.pvalue_distribution()
    for role, lost in (("primary", 0.6), ("secondary", 0.8)):
        none = 1 - (1 - lost) ** 2
        share = found[(found["endpoint"] == role) & found["low"].isna()]["share"].item()
        assert abs(share - none) < 4 * np.sqrt(none * (1 - none) / 20_000)
    assert result.coverage(methods=("newcombe",))["coverage"].between(0, 1).all()


def test_coverage_agrees_with_a_count_over_trials(result):
    found = result.coverage(methods=("newcombe", "katz")).set_index(["endpoint", "method"])
    some = result.trials.head(3000)
    true = 16 / 29 - 9 / 30
    inside = []
    for row in some.itertuples():
        (interval,) = inference.intervals(row.x1_primary, 30, row.x2_primary, 30, methods=["newcombe"])
        inside.append(interval.low <= true <= interval.high)
    share = np.mean(inside)
    assert abs(share - found.loc[("primary", "newcombe"), "coverage"]) < 4 * np.sqrt(share * (1 - share) / 3000)
    assert found.loc[("primary", "katz"), "true_value"] == pytest.approx((16 / 29) / (9 / 30))
    with pytest.raises(ValueError, match="newcombe"):
        result.coverage(methods=("newcomb",))


def test_the_coverage_of_many_arm_sizes_asks_for_no_interval_of_one_table(monkeypatch):
    # Patients left out make thousands of different tables: one call a table took 24 s of processor time.
    rates = simulation.ResponseRates((0.6, 0.4), (0.7, 0.5), 0.4, simulation.Dropout((0.1, 0.1), (0.2, 0.2)))
    result = simulation.run(HE, rates, 20_000, seed=1, plan=simulation.AnalysisPlan(missing="observed"))
    assert len(result.tally) > 5000
    monkeypatch.setitem(many_ends.__globals__, "intervals", None)
    found = result.coverage().set_index(["endpoint", "method"])["coverage"]
    rows = result.trials
    # The composite estimand: of those who leave nobody responds, 0.9 and 0.8 of the difference are left.
    for role, true in (("primary", 0.18), ("secondary", 0.16)):
        (p1, n1), (p2, n2) = ((rows[f"x{k}_{role}"] / rows[f"n{k}_{role}"], rows[f"n{k}_{role}"]) for k in (1, 2))
        half = 1.959963984540054 * np.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
        assert found[role, "wald"] == pytest.approx((abs(p1 - p2 - true) <= half + 1e-12).mean(), abs=1e-12)


def test_coverage_where_nobody_is_seen_is_not_estimable():
    rates = simulation.ResponseRates((0.5, 0.5), (0.5, 0.5), 0.0, simulation.Dropout((0.9, 0.9), (0.99, 0.99)))
    plan = simulation.AnalysisPlan(missing="observed", test="fisher")
    assert (
        simulation.run(simulation.with_patients(HE, 1), rates, 2, seed=1, plan=plan).coverage()["coverage"].isna().all()
    )


@pytest.mark.parametrize("simulated", [simulation.run, simulation.exact, simulation.familywise])
def test_a_trial_that_no_memory_holds(simulated):
    rates = simulation.ResponseRates((0.55, 0.30), (0.65, 0.37))
    with pytest.raises(InputError, match="30000 an arm"):
        simulated(simulation.with_patients(design.he2020(), 10**6), rates)
