"""Strata in a plan: rates by stratum, allocation in blocks within strata, and tests that compare within them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lupus_kit import cohort, design, inference, simulation
from lupus_kit.cli.simulate import simulate
from lupus_kit.core.errors import InputError
from lupus_kit.inference.strata.conditional import EXACT
from lupus_kit.simulation import AnalysisPlan, Dropout, Endpoint, InterimLooks, ResponseRates, Scenario, StratifiedRates
from lupus_kit.simulation.trials.endpoint_level import StrataSource

HE = design.he2020()
WITH, WITHOUT = ResponseRates((0.5, 0.2), (0.55, 0.25), 0.3), ResponseRates((0.7, 0.5), (0.8, 0.55), 0.4)
STRATA = StratifiedRates(("nephritis", "none"), (0.3, 0.7), (WITH, WITHOUT))
RARE = StratifiedRates(("a", "b", "c"), (0.06, 0.14, 0.8), (ResponseRates((0.0, 0.0), (0.9, 0.9), 0.0), WITH, WITHOUT))


def values(result):
    return result.summary().set_index("quantity")


def tables_of(source, endpoint, trial):
    """The tables of one trial, a row a stratum."""
    rows = [(arms[0, 1], arms[0, 0], arms[1, 1], arms[1, 0]) for arms in (s[trial, :, endpoint] for s in source.seen)]
    return pd.DataFrame(rows, columns=["x1", "n1", "x2", "n2"]).assign(stratum=[f"s{k}" for k in range(len(rows))])


@pytest.mark.parametrize("size", [3, 25])
@pytest.mark.parametrize("margin", [0.0, 0.15])
def test_p_values_of_many_trials_are_those_of_inference_one_by_one(size, margin):
    # Trials of three patients in an arm have strata without anybody, with one arm, and with one patient.
    one_sided = {"margin": margin, "sided": 1, "alpha": 0.025} if margin else {}
    plan, trial, n = AnalysisPlan(test="cmh", block_size=4, **one_sided), simulation.with_patients(HE, size), 6
    source = StrataSource(Scenario(RARE, trial, plan), np.random.default_rng(1), n)
    source.take((np.full(n, size),) * 2)
    keys = ("cmh", "score_inverse_variance") if margin else ("cmh", "cmh_corrected", "score_inverse_variance", *EXACT)
    found = {key: [source.compare(0, key, side) for side in ("two-sided", "greater")] for key in keys}
    for k in range(n):
        tables = tables_of(source, 0, k)
        if not ((tables["n1"] > 0) & (tables["n2"] > 0)).any():
            continue
        other, one = (inference.stratified(tables, alternative=side) for side in ("two-sided", "greater"))
        for key, (both, greater) in found.items():
            if key in EXACT:
                assert [both[k], greater[k]] == [other.tests[key].p, one.tests[key].p]
                continue
            assert both[k] == pytest.approx(2 * min(greater[k], 1 - greater[k]), nan_ok=True)
            if not margin:
                assert both[k] == pytest.approx(other.tests[key].p, rel=1e-12, nan_ok=True)
            else:  # the interval that inverts the score
                name = "miettinen_nurminen_cmh" if key == "cmh" else "miettinen_nurminen_inverse_variance"
                assert (greater[k] < 0.025) == (other.intervals[name].low > -margin), tables


def test_a_plan_may_name_an_exact_conditional_test():
    found = {}
    for test in ("cmh_corrected", "exact", "midp"):
        plan = AnalysisPlan(test=test, block_size=6)
        assert AnalysisPlan.from_toml(plan.to_toml()) == plan
        found[test] = simulation.run(HE, STRATA, 300, seed=3, plan=plan).trials
    # The same trials: twice the smaller tail is never below mid-p, and near the corrected large-sample test.
    assert (found["exact"]["p_primary"] >= found["midp"]["p_primary"]).all()
    assert found["midp"]["claimed_primary"].sum() > found["exact"]["claimed_primary"].sum()
    differ = found["exact"]["claimed_primary"] != found["cmh_corrected"]["claimed_primary"]
    assert differ.mean() < 0.03
    with pytest.raises(InputError, match="at most 3,000 patients"):
        simulation.run(simulation.with_patients(HE, 1600), STRATA, 2, plan=AnalysisPlan(test="exact"))


def one_trial(rng):
    """Patients who come one by one: the stratum by chance, the arm from a list of that stratum, the outcome by its rate."""
    stratum = rng.choice(2, size=60, p=STRATA.shares)
    sizes = np.bincount(stratum, minlength=2).tolist()
    lists = design.permuted_blocks(dict(zip("01", sizes, strict=True)), ["a", "b"], 6, rng, strata=["0", "1"])
    tables = np.zeros((2, 4), dtype=int)
    for s in (0, 1):
        for arm in (lists.loc[lists["stratum"] == str(s), "arm"] == "b").astype(int):
            tables[s, 2 * arm : 2 * arm + 2] += (rng.random() < STRATA.rates[s].primary[arm], 1)
    return pd.DataFrame(tables, columns=["x1", "n1", "x2", "n2"]).assign(stratum=["0", "1"])


def test_a_trial_is_that_of_patients_who_come_one_by_one():
    # Written out with the public functions of design and inference; bounds are 3.5 standard errors of these few trials.
    rng = np.random.default_rng(7)
    direct = [one_trial(rng) for _ in range(100)]
    found = simulation.run(HE, STRATA, 40_000, seed=2, plan=AnalysisPlan(test="cmh", block_size=6)).trials
    assert (found["randomised1"] + found["randomised2"] == 60).all()
    # Significant for the first arm, by the one-sided test at half the level (50 trials: each takes long).
    claims = [inference.stratified(tables, alternative="greater").cmh.p <= 0.025 for tables in direct[:50]]
    first = [int(tables["n1"].sum()) for tables in direct]
    responders = [int(tables["x1"].sum()) for tables in direct]
    for theirs, ours in (
        (claims, found["claimed_primary"]), (first, found["randomised1"]), (responders, found["x1_primary"]),
        (np.abs(np.array(first) - 30), (found["randomised1"] - 30).abs()),
    ):  # fmt: skip
        assert abs(np.mean(theirs) - ours.mean()) < 3.5 * np.std(theirs) / np.sqrt(len(theirs))


def test_without_blocks_and_a_test_over_strata_it_is_one_trial_of_mean_rates():
    # Patients of an arm are then drawn alike: the rates are means over the strata, and every outcome can be enumerated.
    means = [tuple(np.average([WITH.primary, WITHOUT.primary], axis=0, weights=STRATA.shares)),
             tuple(np.average([WITH.follow_up, WITHOUT.follow_up], axis=0, weights=STRATA.shares))]  # fmt: skip
    plan = AnalysisPlan(multiplicity="either")
    known = values(simulation.exact(HE, ResponseRates(*means), plan))["estimate"]
    found = simulation.run(HE, STRATA, 100_000, seed=3, plan=plan, keep_trials=False)
    assert found.truth.primary == pytest.approx(means[0])
    assert found.truth.secondary == pytest.approx(means[1])
    for name in ("primary claimed", "secondary claimed", "primary: mean difference", "secondary: type M"):
        row = values(found).loc[name]
        assert abs(row["estimate"] - known[name]) < 4 * row["mc_error"], name


@pytest.mark.parametrize("ratio", [(30, 30), (40, 20)])
def test_blocks_keep_the_ratio_in_each_stratum_from_look_to_look(ratio):
    plan = AnalysisPlan(test="cmh", block_size=6, looks=InterimLooks((0.5, 1.0)))
    scenario = Scenario(STRATA, simulation.with_patients(HE, *ratio), plan)
    source = StrataSource(scenario, np.random.default_rng(4), 2000)
    places = source.block.tolist()
    for look in (1, 2):
        source.take(tuple(np.full(2000, n // 2) for n in ratio))
        assert (source.used[0] + source.used[1] == sum(ratio) // 2 * look).all()
        for seen in source.seen:
            n1, n2 = seen[:, 0, 0, 0], seen[:, 1, 0, 0]
            whole = (n1 + n2) // 6
            assert (n1 >= whole * places[0]).all()
            assert (n1 <= (whole + 1) * places[0]).all()
            assert (n2 <= (whole + 1) * places[1]).all()
            # Of a block that ends after one patient, the first arm has its share of the places.
            one = n1[(n1 + n2) % 6 == 1] - whole[(n1 + n2) % 6 == 1] * places[0]
            assert one.mean() == pytest.approx(places[0] / 6, abs=4 * 0.5 / np.sqrt(len(one)))


def test_comparing_within_strata_gains_power_where_strata_differ_and_keeps_its_level():
    low, high = ResponseRates((0.4, 0.1), (0.4, 0.1)), ResponseRates((0.95, 0.7), (0.95, 0.7))
    apart = StratifiedRates(("low", "high"), (0.5, 0.5), (low, high))
    power = {}
    for test in ("pearson", "cmh"):
        plan = AnalysisPlan(test=test, block_size=4)
        power[test] = values(simulation.run(HE, apart, 40_000, plan=plan)).loc["primary claimed", "estimate"]
        null = values(simulation.run(HE, apart.under_null(), 40_000, plan=plan)).loc["any false claim", "estimate"]
        assert null < 0.056, test
    assert power["cmh"] > power["pearson"] + 0.05


def test_looks_futility_growth_and_patients_left_out_go_with_strata():
    lost = replace(STRATA, rates=tuple(replace(r, dropout=Dropout((0.05, 0.1), (0.1, 0.2), 2.0)) for r in STRATA.rates))
    plans = [
        AnalysisPlan(test="cmh", looks=InterimLooks((0.5, 1.0), futility="conditional_power", futility_level=0.2)),
        AnalysisPlan(
            test="score_inverse_variance", reestimation=simulation.Reestimation(), missing="observed", block_size=4
        ),
    ]
    for plan in plans:
        found = simulation.run(HE, lost, 2000, plan=plan)
        assert values(found).loc["primary claimed", "estimate"] > 0.2
        assert found.trials["p_primary"].between(0, 1).all()
        assert found.pvalue_distribution().empty
        assert found.coverage(methods=("newcombe",))["coverage"].between(0.8, 1).all()
        again = simulation.run(HE, lost, 2000, plan=plan, keep_trials=False, n_jobs=1)
        pd.testing.assert_frame_equal(found.summary(), again.summary())
    assert values(simulation.run(HE, lost, 2000, plan=plans[0])).loc["stopped for futility", "estimate"] > 0.05


# --- files, commands and what is refused


def test_a_file_with_strata_comes_back_and_runs_as_a_command(tmp_path, capsys):
    strata = replace(STRATA, rates=(WITH, replace(WITHOUT, dropout=Dropout((0.05, 0.05), (0.1, 0.1)))))
    scenario = Scenario(strata, HE, AnalysisPlan(test="cmh", block_size=4))
    path = tmp_path / "plan.toml"
    path.write_text(scenario.to_toml(), encoding="utf-8")
    assert Scenario.from_toml(path) == scenario
    simulate(path, trials=2000, out=tmp_path / "out", quiet=True)
    table = pd.read_csv(tmp_path / "out" / "operating_characteristics.csv")
    assert set(table["truth"]) == {"assumed", "no difference"}
    page = (tmp_path / "out" / "operating_characteristics.html").read_text(encoding="utf-8")
    assert "Cochran–Mantel–Haenszel, two-sided" in page
    text = simulation.protocol(scenario, 2000)
    assert "| nephritis | 0.3 |" in text
    assert "blocks within strata | 4" in text
    swept = simulation.grid(HE, STRATA, {"test": ["cmh", "pearson"], "names": [("a", "b")]}, n_trials=500)
    assert set(swept["method"]) == {"simulated"}
    capsys.readouterr()


def test_a_plan_whose_p_values_are_of_no_table_ends_in_a_page_too(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("lupus_kit.simulation.trials.truth.PATIENTS", 500)
    # A fall of SLEDAI, like a test over strata, has no distribution of p-values over the trials to draw.
    path = tmp_path / "plan.toml"
    path.write_text("[plan]\nsecondary = { name = 'SLEDAI fall', week = 24 }\n\n[patients]\n", encoding="utf-8")
    simulate(path, trials=4, out=tmp_path / "out", quiet=True, coverage=False)
    page = (tmp_path / "out" / "operating_characteristics.html").read_text(encoding="utf-8")
    assert "p-values of the primary endpoint" in page
    assert "p-values of the secondary endpoint" not in page
    capsys.readouterr()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: StratifiedRates(("a",), (1.0,), (WITH,)), "two or more strata"),
        (lambda: StratifiedRates(("a", "b"), (0.5, 0.6), (WITH, WITH)), "add up to 1"),
        (lambda: StratifiedRates(("a", "a"), (0.5, 0.5), (WITH, WITH)), "different names"),
        (lambda: StratifiedRates(("a", "b"), (0.5, "x"), (WITH, WITH)), "shares that add up to 1"),
        (lambda: StratifiedRates(("a", "b"), (float("nan"), 0.5), (WITH, WITH)), "shares that add up to 1"),
        (lambda: StratifiedRates(("a", "b"), 0.5, (WITH, WITH)), "each with a name, a share"),
        (lambda: StratifiedRates(("a", 1), (0.5, 0.5), (WITH, WITH)), "different names"),
        (lambda: StratifiedRates(("a", "b"), (0.5, 0.5), (WITH, STRATA)), "ResponseRates"),
        (lambda: AnalysisPlan(test="cmhh"), "did you mean 'cmh'"),
        (lambda: AnalysisPlan(test="cmh", block_size=True), "block_size == True"),
        (lambda: AnalysisPlan(test="cmh_corrected", margin=0.1, sided=1, alpha=0.025), "no difference only"),
        (lambda: Scenario(WITH, plan=AnalysisPlan(test="cmh")), "need simulation.StratifiedRates"),
        (lambda: Scenario(WITH, plan=AnalysisPlan(block_size=4)), "need simulation.StratifiedRates"),
        (lambda: Scenario(cohort.Assumptions(), plan=AnalysisPlan(test="cmh")), "need simulation.StratifiedRates"),
        (lambda: Scenario(STRATA, plan=AnalysisPlan(block_size=3)), "cannot keep the ratio of arms of \\(30, 30\\)"),
        (lambda: Scenario(STRATA, plan=AnalysisPlan(Endpoint(12, patients=(9, 9)))), "make these patients a stratum"),
        (lambda: Scenario(STRATA, plan=AnalysisPlan(Endpoint(12, "SLEDAI fall"))), "has no response rate"),
        (lambda: simulation.exact(HE, STRATA), "use simulation.run"),
        (lambda: simulation.grid(HE, STRATA, {"alpha": [0.05]}, method="exact"), "cannot be enumerated"),
        (lambda: simulation.familywise(HE, STRATA), "under_null"),
        (lambda: simulation.planned_looks(HE, STRATA), "strata are simulated"),
        (lambda: simulation.assurance(HE, AnalysisPlan(test="cmh")), "are simulated"),
        (lambda: Scenario.from_toml("[rates]\nprimary = [0.5, 0.3]\n[[strata]]\nname='a'\n"), "not both"),
        (lambda: Scenario.from_toml("strata = [1]\n"), "list of tables"),
        (lambda: Scenario.from_toml("[[strata]]\nshare = 1.0\n\n"), "lacks 'primary', 'follow_up'"),
        (lambda: Scenario.from_toml("[[strata]]\nprimary = [0.1, 0.2]\nfollow_up = [0.1, 0.2]\n"), "two or more strata"),
        (lambda: Scenario.from_toml("[strata]\nname = 'a'\n"), "list of tables"),
    ],
)  # fmt: skip
def test_strata_that_make_no_sense_are_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_the_template_has_strata_to_take_the_signs_away_from():
    text = simulation.plan_template()
    start, stop = text.index("# [[strata]]"), text.index("# ... or a model of patients")
    strata = "\n".join(line.removeprefix("# ") for line in text[start:stop].splitlines())
    plan = text[: text.index("[rates]")].replace('test = "pearson" ', 'block_size = 4\ntest = "cmh" ')
    assert Scenario.from_toml(plan + strata).plan == AnalysisPlan(test="cmh", block_size=4)
