"""p-values and intervals against other software: R (a file of values), SciPy, statsmodels and pingouin."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from references import brute_force
from references.cases import case
from scipy import stats

from lupus_kit import inference
from lupus_kit.inference.intervals.effects import METHODS

R_VALUES = Path(__file__).parents[1] / "references" / "r_values.csv"
TABLES = [(16, 29, 9, 30), (19, 29, 11, 30), (7, 13, 2, 12), (3, 7, 15, 20), (8, 13, 3, 12), (5, 200, 14, 198)]
TABLES += [(1, 5, 4, 5), (12, 13, 4, 12), (33, 57, 20, 61), (2, 29, 6, 30)]
EMPTY_CELL = [(0, 10, 7, 12), (9, 9, 4, 11), (5, 5, 0, 6)]
SIDES = {"two-sided": "two-sided", "greater": "larger", "less": "smaller"}


@cache
def r_values() -> pd.DataFrame:
    return pd.read_csv(R_VALUES, comment="#")


def wilson(x: int, n: int, level: float) -> tuple[float, float]:
    row = inference.proportion(x, n, level).set_index("key").loc["wilson"]
    return row["low"], row["high"]


def ends(key: str, *arguments: float) -> tuple[float, float]:
    """One interval of two arms, without working out the slow ones."""
    return next(method(*arguments) for name, _, _, method, _ in METHODS if name == key)


def r_counts() -> list[np.ndarray]:
    return [r_values()[name].to_numpy() for name in ("x1", "n1", "x2", "n2")]


def test_the_file_says_which_r_made_it():
    assert R_VALUES.read_text(encoding="utf-8").startswith("# R version 4.")
    assert len(r_values()) >= 55


def test_p_values_agree_with_r():
    for key, column in [
        ("fisher", "fisher"),
        ("pearson", "prop_test"),
        ("yates", "prop_test_yates"),
        ("student_t", "t_pooled"),
        ("welch_t", "t_welch"),
        ("mann_whitney", "wilcox"),
    ]:
        for alternative in SIDES:
            with case(key, column, alternative):
                expected = r_values()[f"{column}.{alternative.replace('-', '_')}"].to_numpy()
                given = np.isfinite(expected)
                assert given.sum() >= len(expected) - 1  # R's t.test stops on 5/5 v 0/5: no variance at all
                found = inference.pvalue(key, *r_counts(), alternative)
                assert found[given] == pytest.approx(expected[given], rel=1e-12)


def test_logistic_regression_agrees_with_r():
    table = r_values()
    full = table["logit_wald"].notna().to_numpy()
    counts = [c[full] for c in r_counts()]
    # Iterated to a relative change of 1e-14 in the deviance: the standard error follows to about 1e-8.
    assert inference.pvalue("log_odds_wald", *counts) == pytest.approx(table["logit_wald"][full].to_numpy(), rel=1e-7)
    found = inference.pvalue("likelihood_ratio", *counts)
    assert found == pytest.approx(table["logit_lr"][full].to_numpy(), rel=1e-10)


@pytest.mark.parametrize("level", [90, 95])
def test_intervals_agree_with_r(level):
    for row in r_values().itertuples():
        table = (row.x1, row.n1, row.x2, row.n2)
        both = zip(("low", "high"), *(ends(k, *table, level / 100) for k in ("wald", "conditional_exact")), strict=True)
        for end, wald, mine in both:
            # R cuts the Wald interval at -1 and 1.
            assert np.clip(wald, -1, 1) == pytest.approx(getattr(row, f"wald_{end}_{level}"), abs=1e-12)
            # R searches the odds ratio or its inverse in (0, 1) to about 1e-4.
            theirs = getattr(row, f"odds_ratio_{end}_{level}")
            assert min(mine, 1 / mine if mine else np.inf) == pytest.approx(
                min(theirs, 1 / theirs if theirs else np.inf), abs=2e-4
            )
            assert (mine > 1) == (theirs > 1)
        low, high = wilson(row.x1, row.n1, level / 100)
        assert low == pytest.approx(getattr(row, f"wilson_low_{level}"), abs=1e-12)
        assert high == pytest.approx(getattr(row, f"wilson_high_{level}"), abs=1e-12)


def test_fisher_and_rank_tests_agree_with_scipy():
    for alternative in SIDES:
        with case(alternative):
            for table in TABLES + EMPTY_CELL:
                with case(table):
                    x1, n1, x2, n2 = table
                    fisher = stats.fisher_exact([[x1, n1 - x1], [x2, n2 - x2]], alternative=alternative).pvalue
                    assert inference.pvalue("fisher", *table, alternative) == pytest.approx(fisher, rel=1e-10)
                    a, b = np.repeat([1, 0], [x1, n1 - x1]), np.repeat([1, 0], [x2, n2 - x2])
                    ranks = stats.mannwhitneyu(
                        a, b, use_continuity=True, method="asymptotic", alternative=alternative
                    ).pvalue
                    assert inference.pvalue("mann_whitney", *table, alternative) == pytest.approx(ranks, rel=1e-10)


def test_t_tests_agree_with_scipy():
    for key, equal in [("student_t", True), ("welch_t", False)]:
        with case(key, equal):
            for table in TABLES:
                for alternative in SIDES:
                    with case(table, alternative):
                        x1, n1, x2, n2 = table
                        a, b = np.repeat([1.0, 0.0], [x1, n1 - x1]), np.repeat([1.0, 0.0], [x2, n2 - x2])
                        expected = stats.ttest_ind(a, b, equal_var=equal, alternative=alternative).pvalue
                        assert inference.pvalue(key, *table, alternative) == pytest.approx(expected, rel=1e-10)


def test_chi_squared_tests_agree_with_scipy():
    for key, correction, power in [
        ("pearson", False, "pearson"),
        ("yates", True, "pearson"),
        ("likelihood_ratio", False, "log-likelihood"),
        ("cressie_read", False, "cressie-read"),
    ]:
        with case(key, correction, power):
            for table in TABLES + EMPTY_CELL:
                with case(table):
                    x1, n1, x2, n2 = table
                    observed = [[x1, n1 - x1], [x2, n2 - x2]]
                    expected = stats.chi2_contingency(observed, correction=correction, lambda_=power).pvalue
                    assert inference.pvalue(key, *table) == pytest.approx(expected, rel=1e-10)


def test_pingouin_agrees_once_its_correction_is_off():
    pingouin = pytest.importorskip("pingouin")
    data = pd.DataFrame({"arm": ["a"] * 29 + ["b"] * 30, "yes": [1] * 16 + [0] * 13 + [1] * 9 + [0] * 21})
    for correction, rows in ((False, ("pearson", "cressie-read", "log-likelihood")), (True, ("pearson",))):
        table = pingouin.chi2_independence(data, x="arm", y="yes", correction=correction)[2].set_index("test")
        column = next(name for name in table.columns if name.lower().startswith("p"))
        for row in rows:
            key = "yates" if correction else {"log-likelihood": "likelihood_ratio"}.get(row, row.replace("-", "_"))
            assert inference.pvalue(key, 16, 29, 9, 30) == pytest.approx(table.loc[row, column], rel=1e-10)


def test_score_and_wald_tests_agree_with_statsmodels():
    for key, compare, method, correction in [
        ("wald_unpooled", "diff", "wald", False),
        ("agresti_caffo", "diff", "agresti-caffo", False),
        ("pearson", "diff", "score", False),
        ("n_minus_1", "diff", "score", True),
        ("miettinen_nurminen", "diff", "score", True),
        ("log_risk_ratio_wald", "ratio", "log", False),
        ("log_odds_wald", "odds-ratio", "logit", False),
        ("haldane_anscombe", "odds-ratio", "logit-adjusted", False),
    ]:
        with case(key, compare, method, correction):
            for table in TABLES:
                for alternative in SIDES:
                    with case(table, alternative):
                        from statsmodels.stats.proportion import test_proportions_2indep as two_proportions

                        extra = {"correction": correction} if method == "score" else {}
                        expected = two_proportions(
                            *table, compare=compare, method=method, alternative=SIDES[alternative], **extra
                        ).pvalue
                        assert inference.pvalue(key, *table, alternative) == pytest.approx(expected, rel=1e-9)


def test_n_minus_1_is_the_mantel_haenszel_test_of_one_stratum():
    for table in TABLES:
        with case(table):
            from statsmodels.stats.contingency_tables import StratifiedTable

            x1, n1, x2, n2 = table
            stratum = StratifiedTable([np.array([[x1, n1 - x1], [x2, n2 - x2]])])
            expected = stratum.test_null_odds(correction=False).pvalue
            assert inference.pvalue("n_minus_1", *table) == pytest.approx(expected, rel=1e-10)


def test_arcsine_agrees_with_the_effect_size_of_statsmodels():
    for table in TABLES:
        with case(table):
            from statsmodels.stats.proportion import proportion_effectsize

            x1, n1, x2, n2 = table
            z = proportion_effectsize(x1 / n1, x2 / n2) / np.sqrt(1 / n1 + 1 / n2)
            assert inference.pvalue("arcsine", *table) == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-10)


def test_intervals_agree_with_statsmodels():
    for key, compare, method in [
        ("wald", "diff", "wald"),
        ("agresti_caffo", "diff", "agresti-caffo"),
        ("newcombe", "diff", "newcomb"),
        ("katz", "ratio", "log"),
        ("woolf", "odds-ratio", "logit"),
    ]:
        with case(key, compare, method):
            for table in TABLES:
                for level in [0.9, 0.95, 0.99]:
                    with case(table, level):
                        from statsmodels.stats.proportion import confint_proportions_2indep

                        expected = confint_proportions_2indep(*table, compare=compare, method=method, alpha=1 - level)
                        expected = np.clip(expected, -1, 1) if key == "agresti_caffo" else expected
                        assert ends(key, *table, level) == pytest.approx(tuple(expected), rel=1e-9)


def test_intervals_of_one_rate_agree_with_statsmodels():
    from statsmodels.stats.proportion import proportion_confint

    for x, n in [(16, 29), (0, 12), (12, 12), (1, 3), (240, 1000)]:
        assert wilson(x, n, 0.95) == pytest.approx(proportion_confint(x, n, 0.05, "wilson"), abs=1e-12)
        exact = inference.proportion(x, n).set_index("key").loc["clopper_pearson", ["low", "high"]]
        assert tuple(exact) == pytest.approx(proportion_confint(x, n, 0.05, "beta"), abs=1e-10)


def test_boschloo_agrees_with_scipy():
    for table in [(16, 29, 9, 30), (19, 29, 11, 30), (7, 13, 2, 12), (3, 7, 8, 10), (1, 5, 4, 5)]:
        for alternative in SIDES:
            with case(table, alternative):
                x1, n1, x2, n2 = table
                # Groups in columns: SciPy maximises over a rate that the columns share.
                result = stats.boschloo_exact([[x1, x2], [n1 - x1, n2 - x2]], alternative=alternative)
                # SciPy searches the supremum numerically, so it can only fall short.
                assert inference.pvalue("boschloo", *table, alternative) == pytest.approx(result.pvalue, abs=2e-6)


def _scipy_region(observed: tuple[int, int], n1: int, n2: int) -> set[tuple[int, int]]:
    """Tables that ``scipy.stats.barnard_exact`` counts as extreme: its statistic, in its floats."""
    x1, x2 = np.arange(n1 + 1).reshape(-1, 1), np.arange(n2 + 1).reshape(1, -1)
    p1, p2 = x1 / n1, x2 / n2
    p = (x1 + x2) / (n1 + n2)
    variance = p * (1 - p) * (1 / n1 + 1 / n2)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.abs(np.divide(p1 - p2, np.sqrt(variance)))
    z[p1 == p2] = 0
    return {tuple(t) for t in np.argwhere(z >= z[observed]).tolist()}


def _supremum(region: set[tuple[int, int]], n1: int, n2: int) -> float:
    coefficients = np.zeros((1, n1 + n2 + 1))
    for x1, x2 in region:
        coefficients[0, x1 + x2] += float(brute_force.given_margins(n1, n2, x1 + x2)[x1])
    return float(brute_force.enclose_suprema(coefficients)[0][0])


def test_scipys_barnard_differs_exactly_where_floats_drop_a_tie():
    n1, n2 = 8, 10
    groups, _ = brute_force.tails("barnard", "two-sided", n1, n2)
    kit = inference.pvalue_lattice("barnard", n1, n2)
    agreed, differed = [], []
    extreme: set[tuple[int, int]] = set()
    for group in groups[:-1]:  # the last group is "no difference at all", p = 1
        extreme |= set(group)
        for x1, x2 in group:
            scipy_p = stats.barnard_exact([[x1, x2], [n1 - x1, n2 - x2]]).pvalue
            dropped = extreme - _scipy_region((x1, x2), n1, n2)
            # SciPy's value is the right supremum, to its own precision, of the tables that its floats kept.
            assert scipy_p == pytest.approx(_supremum(extreme - dropped, n1, n2), abs=1e-7)
            if not dropped:
                assert kit[x1, x2] == pytest.approx(scipy_p, abs=1e-7)
            assert dropped <= set(group)  # only exact ties are ever dropped
            (differed if dropped else agreed).append(kit[x1, x2] - scipy_p)
    assert len(agreed) > 40
    assert len(differed) > 0
    assert max(differed) > 0.001


@pytest.mark.parametrize(("table", "scipy_digits"), [((16, 29, 9, 30), "0.0577"), ((19, 29, 11, 30), "0.0296")])
def test_scipys_barnard_is_below_the_certified_value_on_this_trial(table, scipy_digits):
    x1, n1, x2, n2 = table
    groups, coefficients = brute_force.tails("barnard", "two-sided", n1, n2)
    rank = next(number for number, group in enumerate(groups) if (x1, x2) in group)
    (low,), (high,) = brute_force.enclose_suprema(coefficients[[rank]])
    assert low - 1e-9 <= inference.pvalue("barnard", *table) <= high + 1e-9
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scipy_p = stats.barnard_exact([[x1, x2], [n1 - x1, n2 - x2]]).pvalue
    assert scipy_p < low - 1e-5, "SciPy no longer drops the tie: tell the reader so in design and notebook"
    assert f"{scipy_p:.4f}" == scipy_digits
