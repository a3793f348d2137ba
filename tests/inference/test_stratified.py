"""Two arms within strata: against R, against exact arithmetic, against their defining equations, and bad input."""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import cache
from math import comb, prod
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from references.cases import case
from statsmodels.stats.contingency_tables import StratifiedTable

from lupus_kit import inference
from lupus_kit.core.errors import InputError

R_VALUES = Path(__file__).parents[1] / "references" / "stratified_values.csv"
COUNTS = ["x1", "n1", "x2", "n2"]
MIGRAINE = [(16, 27, 5, 25), (12, 28, 7, 26)]

# R's mantelhaen.test searches the odds ratio, or one over it, with the tolerance that uniroot has unless told otherwise.
UNIROOT = np.finfo(float).eps ** 0.25
# ratesci halves its interval until it is shorter than 1e-9; epiR and R's formulas are in double precision.
CLOSE = {"rel": 1e-8, "abs": 2e-9}


def tables(rows, names=None) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=COUNTS)
    return frame.assign(stratum=names or [f"s{k}" for k in range(len(frame))])


@cache
def r_values() -> pd.DataFrame:
    return pd.read_csv(R_VALUES, comment="#", dtype={"value": str}).assign(value=lambda f: f["value"].astype(float))


def r_case(case: str) -> tuple[pd.DataFrame, dict[str, float], dict[float, dict[str, float]]]:
    rows = r_values()[r_values()["case"] == case]
    plain = rows[rows["level"].isna()].set_index("quantity")["value"].to_dict()
    strata = range(1, sum(name.startswith("x1_") for name in plain) + 1)
    by_level = {level: part.set_index("quantity")["value"].to_dict() for level, part in rows.groupby("level")}
    return tables([[int(plain[f"{name}_{k}"]) for name in COUNTS] for k in strata]), plain, by_level


CASES = list(dict.fromkeys(r_values()["case"]))


def random_tables(number: int, seed: int, most: int = 12) -> list[pd.DataFrame]:
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(number):
        n = rng.integers(1, most, size=(rng.integers(1, 5), 2))
        x = rng.binomial(n, rng.random(n.shape))
        found.append(tables(np.stack([x[:, 0], n[:, 0], x[:, 1], n[:, 1]], axis=1)))
    return found


def test_sas_migraine_example():
    found = inference.stratified(tables(MIGRAINE, ["female", "male"]))
    # SAS/STAT User's Guide, PROC FREQ, example "Cochran-Mantel-Haenszel Statistics".
    assert round(found.cmh.statistic, 4) == 8.3052
    assert round(found.cmh.p, 4) == 0.0040
    assert found.cmh.pvalue == found.cmh.p
    assert round(found.odds_ratio.estimate, 4) == 3.3132
    assert (round(found.odds_ratio.low, 4), round(found.odds_ratio.high, 4)) == (1.4456, 7.5934)
    assert (round(found.risk_ratio.estimate, 4), round(found.risk_ratio.low, 4)) == (2.1636, 1.2336)
    assert found.notes == ()


def test_tests_of_r():
    for name in CASES:
        with case(name):
            frame, r, _ = r_case(name)
            for side in ("two-sided", "greater", "less"):
                found = inference.stratified(frame, alternative=side)
                corrected = found.tests["cmh_corrected"]
                dotted = side.replace("-", ".")
                for correct, test in (("FALSE", found.cmh), ("TRUE", corrected)):
                    if f"cmh_p_{correct}_{dotted}" not in r or (correct == "TRUE" and name == "opposite"):
                        continue  # R wants two strata; the other case is the next test
                    assert test.statistic == pytest.approx(r[f"cmh_statistic_{correct}_{dotted}"], **CLOSE)
                    assert test.p == pytest.approx(r[f"cmh_p_{correct}_{dotted}"], **CLOSE)
                if f"exact_p_{dotted}" in r:
                    assert found.tests["exact_point"].p == pytest.approx(r[f"exact_p_{dotted}"], rel=1e-7)
            if "tarone_p" in r and len(frame) > 1:
                assert found.homogeneity.statistic == pytest.approx(r["tarone_statistic"], abs=1e-7, rel=1e-7)
                assert found.homogeneity.p == pytest.approx(r["tarone_p"], rel=1e-6)


def test_correction_is_chosen():
    frame = tables(MIGRAINE)
    found, plain = inference.stratified(frame, correction=True), inference.stratified(frame)
    assert found.cmh == plain.tests["cmh_corrected"] != plain.cmh == found.tests["cmh"]


def test_correction_stops_at_no_difference_where_r_corrects_nothing():
    frame, r, _ = r_case("opposite")
    found = inference.stratified(frame, correction=True)
    assert (found.cmh.statistic, found.cmh.p) == (0.0, 1.0)
    assert r["cmh_statistic_TRUE_two.sided"] == pytest.approx(inference.stratified(frame).cmh.statistic)


def test_intervals_of_r():
    for name in CASES:
        with case(name):
            frame, _, by_level = r_case(name)
            for level, r in by_level.items():
                found = inference.stratified(frame, level=level)
                compared = 0
                for key, one in found.intervals.items():
                    for end in ("estimate", "low", "high"):
                        value, expected = getattr(one, end), r.get(f"{key}_{end}")
                        # R gives a risk ratio that is infinite an infinite upper end as well; the kit gives no interval.
                        if expected is None or (np.isinf(expected) and end == "high" and one.estimate == np.inf):
                            continue
                        if key == "conditional_exact":
                            assert min(value, 1 / (value or np.inf)) == pytest.approx(
                                min(expected, 1 / (expected or np.inf)), abs=UNIROOT
                            )
                        else:
                            assert value == pytest.approx(expected, **CLOSE), (key, end)
                        compared += 1
                for key, name in (("cmh", "cmh"), ("score_inverse_variance", "inverse_variance")):
                    assert found.tests[key].p == pytest.approx(r[f"miettinen_nurminen_{name}_p"], rel=1e-8)
                assert compared >= (8 if len(frame) == 1 else 15)


def law(rows: list[tuple[int, int, int, int]], odds: Fraction = Fraction(1)) -> dict[int, Fraction]:
    """P(sum of the first arm's responders) given every margin, table by table in exact arithmetic."""
    weights: dict[int, Fraction] = {}
    ranges = [range(max(0, a + b - n), min(m, a + b) + 1) for a, m, b, n in rows]
    for cells in itertools.product(*ranges):
        ways = prod(comb(m, k) * comb(n, a + b - k) for k, (a, m, b, n) in zip(cells, rows, strict=True))
        weights[sum(cells)] = weights.get(sum(cells), Fraction(0)) + ways * odds ** sum(cells)
    total = sum(weights.values())
    return {k: weight / total for k, weight in sorted(weights.items())}


def test_exact_tests_in_rational_arithmetic():
    for frame in random_tables(15, seed=3, most=7):
        with case(frame):
            rows = list(frame[COUNTS].itertuples(index=False, name=None))
            seen, chances = int(frame["x1"].sum()), law(rows)
            upper = sum(p for k, p in chances.items() if k >= seen)
            lower = sum(p for k, p in chances.items() if k <= seen)
            own = chances[seen]
            found = inference.stratified(frame)
            assert found.exact.p == float(min(1, 2 * min(upper, lower)))
            assert found.tests["midp"].p == float(min(1, 2 * (min(upper, lower) - own / 2)))
            assert found.tests["exact_point"].p == float(sum(p for p in chances.values() if p <= own))
            assert inference.stratified(frame, alternative="greater").exact.p == float(upper)
            assert inference.stratified(frame, alternative="less").tests["midp"].p == float(lower - own / 2)


def test_exact_odds_ratios_solve_their_equations():
    for frame in [tables(MIGRAINE), *random_tables(12, seed=8, most=7)]:
        with case(frame):
            rows = list(frame[COUNTS].itertuples(index=False, name=None))
            seen = int(frame["x1"].sum())
            found = inference.stratified(frame, level=0.9)
            exact, midp = found.exact_odds_ratio, found.intervals["conditional_midp"]
            assert exact.low <= midp.low <= midp.high <= exact.high
            if 0 < exact.estimate < np.inf:
                chances = law(rows, Fraction(exact.estimate))
                assert float(sum(k * p for k, p in chances.items())) == pytest.approx(seen, rel=1e-10)
            for one, own in ((exact, Fraction(1)), (midp, Fraction(1, 2))):
                if one.low > 0:
                    chances = law(rows, Fraction(one.low))
                    assert float(sum(p for k, p in chances.items() if k > seen) + own * chances[seen]) == pytest.approx(
                        0.05
                    )
                if one.high < np.inf:
                    chances = law(rows, Fraction(one.high))
                    assert float(sum(p for k, p in chances.items() if k < seen) + own * chances[seen]) == pytest.approx(
                        0.05
                    )


def test_no_interval_contradicts_its_test():
    for number, frame in enumerate(random_tables(30, seed=11)):
        level = (0.9, 0.95)[number % 2]
        found = inference.stratified(frame, level=level)
        for one in found.intervals.values():
            if one.inverts and not np.isnan(p := found.tests[one.inverts].p):
                excludes = not one.low <= one.null_value <= one.high
                assert excludes == (p <= 1 - level), (frame, one, p)
                assert np.isnan(one.estimate) or one.low <= one.estimate <= one.high


def test_one_stratum_is_one_table():
    for table in [(16, 29, 9, 30), (0, 12, 4, 9), (7, 7, 3, 8), (1, 2, 0, 1)]:
        with case(table):
            found = inference.stratified(tables([table]))
            for key, other in (("cmh", "n_minus_1"), ("exact", "fisher_doubled"), ("exact_point", "fisher"),
                               ("midp", "fisher_midp_doubled")):  # fmt: skip
                assert found.tests[key].p == pytest.approx(inference.pvalue(other, *table), rel=1e-13)
            alone = {one.key: one for one in inference.intervals(*table)}
            for key, other in (
                ("miettinen_nurminen_cmh", "miettinen_nurminen"), ("newcombe_cmh", "newcombe"),
                ("newcombe_inverse_variance", "newcombe"), ("conditional_exact", "conditional_exact"),
                ("conditional_midp", "conditional_midp"), ("greenland_robins", "wald"),
            ):  # fmt: skip
                one, two = found.intervals[key], alone[other]
                assert (one.low, one.high) == pytest.approx((two.low, two.high), rel=1e-9, abs=1e-10), key
            assert np.isnan(found.homogeneity.p)


def mirrored(frame: pd.DataFrame, arms: bool) -> pd.DataFrame:
    """Swap the arms, or those who respond and those who do not."""
    if arms:
        return frame.rename(columns={"x1": "x2", "x2": "x1", "n1": "n2", "n2": "n1"})
    return frame.assign(x1=frame["n1"] - frame["x1"], x2=frame["n2"] - frame["x2"])


def test_symmetry():
    for arms in [True, False]:
        with case(arms):
            for frame in random_tables(8, seed=5):
                one, two = inference.stratified(frame), inference.stratified(mirrored(frame, arms))
                for key, test in one.tests.items():
                    assert test.p == pytest.approx(two.tests[key].p, rel=1e-9, nan_ok=True), key
                for key, here in one.intervals.items():
                    there = two.intervals[key]
                    if here.measure == "risk difference":
                        expected = (-there.estimate, -there.high, -there.low)
                    elif here.measure == "odds ratio":
                        expected = tuple(1 / end if end else np.inf for end in (there.estimate, there.high, there.low))
                    else:
                        continue  # the risk ratio of those who do not respond is another one
                    assert (here.estimate, here.low, here.high) == pytest.approx(
                        expected, rel=1e-7, abs=1e-9, nan_ok=True
                    ), key


def test_order_of_strata_and_strata_without_information_change_nothing():
    frame = tables([*MIGRAINE, (3, 9, 2, 11)])
    one = inference.stratified(frame)
    for other in (
        frame.iloc[::-1],
        pd.concat([frame, tables([(4, 6, 0, 0), (0, 0, 0, 0), (0, 0, 2, 2)], list("abc"))]),
    ):
        two = inference.stratified(other)
        assert [test.p for test in two.tests.values()] == pytest.approx(
            [test.p for test in one.tests.values()], nan_ok=True
        )
        assert two.risk_difference.low == pytest.approx(one.risk_difference.low)
    assert two.notes == ("3 strata (a, b and c; 8 patients) without patients in both arms: left out of everything.",)
    assert two.tables["informative"].tolist() == [True] * 3 + [False] * 3


def test_strata_without_events_tell_nothing_about_odds():
    frame = tables([*MIGRAINE, (0, 8, 0, 9), (7, 7, 4, 4)])
    found, without = inference.stratified(frame), inference.stratified(tables(MIGRAINE))
    for key in ("cmh", "cmh_corrected", "exact", "exact_point", "midp", "breslow_day_tarone"):
        assert found.tests[key].p == pytest.approx(without.tests[key].p, rel=1e-12), key
    assert found.homogeneity.df == 1
    assert found.odds_ratio.low == pytest.approx(without.odds_ratio.low)
    assert abs(found.risk_difference.estimate) < without.risk_difference.estimate
    assert found.notes[0].startswith("2 strata (s2 and s3; 28 patients) where nobody responds, or everybody")


def test_homogeneity_is_that_of_statsmodels_where_it_gives_one():
    cube = np.array([[[a, m - a], [b, n - b]] for a, m, b, n in [*MIGRAINE, (3, 9, 2, 11)]], dtype=float)
    theirs = StratifiedTable(list(cube)).test_equal_odds(adjust=True)
    ours = inference.stratified(tables([*MIGRAINE, (3, 9, 2, 11)])).homogeneity
    assert (ours.statistic, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-9)
    # Its quadratic is 0/0 where the common odds ratio is exactly 1.
    alike = inference.stratified(tables([(8, 20, 8, 20), (5, 10, 10, 20)]))
    assert alike.odds_ratio.estimate == 1
    assert (alike.homogeneity.statistic, alike.homogeneity.p) == (0.0, 1.0)


def test_nobody_responds_anywhere():
    found = inference.stratified(tables([(0, 5, 0, 6), (0, 3, 0, 2)]))
    assert np.isnan([found.cmh.p, found.homogeneity.p, found.odds_ratio.estimate, found.risk_ratio.estimate]).all()
    assert found.exact.p == 1
    assert (found.exact_odds_ratio.low, found.exact_odds_ratio.high) == (0, np.inf)
    assert found.risk_difference.estimate == 0
    score = found.intervals["miettinen_nurminen_cmh"]
    assert score.low < 0 < score.high
    assert "nobody responds" in found.notes[0]


def test_stratified_wilson_keeps_its_level_where_all_rates_are_equal():
    # The limits of three strata with one rate: the stratified quantile makes their mean that of the pooled arm, nearly.
    found = inference.stratified(tables([(20, 50, 10, 50)] * 3)).intervals["newcombe_cmh"]
    (pooled,) = inference.intervals(60, 150, 30, 150, methods=["newcombe"])
    assert (found.low, found.high) == pytest.approx((pooled.low, pooled.high), abs=1e-3)


def test_large_strata_go_without_exact_tests():
    rows = [(3000, 8000, 2900, 8000), (400, 900, 380, 900)]
    found = inference.stratified(tables(rows))
    assert np.isnan([found.exact.p, found.exact_odds_ratio.low]).all()
    excess = sum(Fraction(a) - Fraction(m * (a + b), m + n) for a, m, b, n in rows)
    spread = sum(Fraction(m * n * (a + b) * (m + n - a - b), (m + n) ** 2 * (m + n - 1)) for a, m, b, n in rows)
    assert found.cmh.statistic == pytest.approx(float(excess**2 / spread), rel=1e-12)
    assert "exact tests and intervals are left out" in found.notes[-1]


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    cells = [(sex, arm, y) for sex in ("female", "male") for arm in ("active", "placebo") for y in (1, 0)]
    numbers = [16, 11, 5, 20, 12, 16, 7, 19]
    return pd.DataFrame(
        [c for c, k in zip(cells, numbers, strict=True) for _ in range(k)], columns=["sex", "arm", "better"]
    )


def test_patients_are_counted(patients):
    found = inference.stratified(patients, outcome="better", arm="arm", strata=["sex"])
    assert found.tables["stratum"].tolist() == ["female", "male"]
    assert found.tables[COUNTS].to_numpy().tolist() == [list(row) for row in MIGRAINE]
    assert found.arms == ("active", "placebo")
    assert found.notes == ("First arm: active (it stands first in the data; first_arm= chooses); second arm: placebo.",)
    other = inference.stratified(
        patients.assign(better=patients["better"].astype(bool)),
        outcome="better",
        arm="arm",
        strata="sex",
        first_arm="placebo",
    )
    assert other.arms == ("placebo", "active")
    assert other.odds_ratio.estimate == pytest.approx(1 / found.odds_ratio.estimate)
    assert other.cmh.p == pytest.approx(found.cmh.p)


def test_strata_of_several_columns(patients):
    sites = patients.assign(site=pd.Categorical(["A", "B"] * (len(patients) // 2), categories=["A", "B", "C"]))
    found = inference.stratified(sites, outcome="better", arm="arm", strata=["sex", "site"])
    assert found.tables["stratum"].tolist() == ["female / A", "female / B", "male / A", "male / B"]
    alike = pd.DataFrame({"y": [1, 0, 1, 0], "arm": ["A", "B"] * 2, "one": ["a / b"] * 2 + ["a"] * 2,
                          "two": ["c"] * 2 + ["b / c"] * 2})  # fmt: skip
    assert len(inference.stratified(alike, outcome="y", arm="arm", strata=["one", "two"]).tables) == 2
    by_hand = sites.groupby(["sex", "site"], observed=True)["better"].sum().to_numpy()
    assert (found.tables["x1"] + found.tables["x2"]).tolist() == by_hand.tolist()


def test_patients_without_a_value_are_refused_or_left_out(patients):
    holes = patients.astype(object)
    holes.loc[[3, 60], "better"] = None
    holes.loc[5, "sex"] = None
    with pytest.raises(InputError, match=r"3 of 106 rows lack a value \('better' 2 and 'sex' 1; first in row 4\)"):
        inference.stratified(holes, outcome="better", arm="arm", strata=["sex"])
    found = inference.stratified(holes, outcome="better", arm="arm", strata=["sex"], missing="drop")
    assert found.tables[["n1", "n2"]].to_numpy().sum() == 103
    assert found.notes[1] == "3 of 106 rows lack a value ('better' 2 and 'sex' 1; first in row 4): left out."


def test_frame_display_and_forest():
    found = inference.stratified(tables(MIGRAINE, ["<women>", "men"]))
    frame = found.to_frame()
    assert list(frame.columns) == [
        "key",
        "label",
        "measure",
        "statistic",
        "df",
        "p",
        "estimate",
        "low",
        "high",
        "level",
    ]
    assert set(frame["key"]) == {*found.tests, *found.intervals}
    assert frame.set_index("key").loc["conditional_exact", "p"] == found.exact.p
    one_sided = inference.stratified(tables(MIGRAINE), alternative="greater").to_frame().set_index("key")
    assert one_sided.loc["cmh", "p"] == pytest.approx(found.cmh.p / 2)
    assert np.isnan(one_sided.loc["miettinen_nurminen_cmh", "p"])
    shown = found._repr_html_()
    assert "&lt;women&gt;" in shown
    assert "8.3052" in shown
    for measure in ("risk difference", "risk ratio", "odds ratio"):
        forest = found.forest(measure)
        assert forest["pooled"].tolist() == [False, False, True]
        assert forest["weight"].sum() == pytest.approx(2)
        assert (forest["low"] <= forest["estimate"]).all()
    with pytest.raises(InputError, match="unknown measure 'hazard ratio'"):
        found.forest("hazard ratio")


GOOD = tables(MIGRAINE)
BAD = {
    "no frame": (MIGRAINE, {}, "give a pandas DataFrame with rows, not list"),
    "no rows": (GOOD.iloc[:0], {}, "with rows"),
    "no column": (GOOD.drop(columns="n2"), {}, "'n2'"),
    "too many responders": (GOOD.assign(x1=[16, 29]), {}, "stratum s1: responders cannot outnumber"),
    "negative": (GOOD.assign(x2=[5, -1]), {}, r"x2 == -1 \(at index 1\)"),
    "fraction": (GOOD.assign(n2=[25, 26.5]), {}, "n2 == 26.5"),
    "words": (GOOD.assign(n1=["27", "28"]), {}, "n1"),
    "missing count": (GOOD.assign(n1=[27, None]), {}, "1 of 2 rows lack a value"),
    "stratum twice": (GOOD.assign(stratum="a"), {}, "stratum a has more than one row"),
    "one arm": (GOOD.assign(n2=0, x2=0), {}, "no stratum has patients in both arms"),
    "level": (GOOD, {"level": 95}, "level == 95"),
    "alternative": (GOOD, {"alternative": "bigger"}, "unknown alternative 'bigger'"),
    "strata": (GOOD, {"strata": 3}, "strata == 3: give a list of column names"),
    "no strata": (GOOD, {"strata": []}, "name at least one column"),
    "outcome alone": (GOOD, {"outcome": "x1"}, "outcome= and arm= go together"),
    "a list as outcome": (GOOD, {"outcome": ["x1"], "arm": "x2"}, "outcome and arm == "),
    "column twice": (pd.concat([GOOD, GOOD[["x1"]]], axis=1), {}, "a column stands there twice"),
    "no such outcome": (GOOD, {"outcome": "y", "arm": "x1"}, "'y'"),
    "not 0 or 1": (GOOD, {"outcome": "n1", "arm": "x1"}, "column 'n1' holds 27 and 28"),
    "one arm in the data": (GOOD.assign(y=1, a="A"), {"outcome": "y", "arm": "a"}, "must name two arms, not 1 \\('A'\\)"),
    "unknown first arm": (GOOD.assign(y=1, a=["A", "B"]), {"outcome": "y", "arm": "a", "first_arm": "C"}, "unknown first arm 'C'"),
    "missing": (GOOD.assign(y=1, a=["A", "B"]), {"outcome": "y", "arm": "a", "missing": "skip"}, "unknown missing 'skip'"),
}  # fmt: skip


def test_bad_input_is_said():
    for name in BAD:
        with case(name):
            frame, options, message = BAD[name]
            with pytest.raises(InputError, match=message):
                inference.stratified(frame, **options)
