"""p-values, intervals and alpha spending against four R packages: epitools, epiR, coin and rpact (a file of values)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lupus_kit import inference
from lupus_kit.inference.two_by_two.conditional import weights

R_VALUES = Path(__file__).parents[1] / "references" / "r_more_values.csv"
COUNTS = ["x1", "n1", "x2", "n2"]
SIDES = ("two-sided", "greater", "less")
LEVELS = (90, 95)

# Where both sides use a formula in double precision.
DOUBLE = 1e-12
# coin and rpact print 1 - P(Z <= z): good to the last bit of a number near 1, so absolutely, not relatively.
FROM_ONE = 1e-14
# The tolerance of R's uniroot unless told otherwise, on the scale of its argument.
UNIROOT = np.finfo(float).eps ** 0.25


@cache
def r_tables() -> pd.DataFrame:
    table = pd.read_csv(R_VALUES, comment="#").dropna(subset=COUNTS).reset_index(drop=True)
    return table.astype(dict.fromkeys(COUNTS, int))


@cache
def r_designs() -> pd.DataFrame:
    return pd.read_csv(R_VALUES, comment="#").dropna(subset=["alpha"]).reset_index(drop=True)


def counts() -> list[np.ndarray]:
    return [r_tables()[name].to_numpy() for name in COUNTS]


def r(column: str) -> np.ndarray:
    return r_tables()[column].to_numpy()


def r_ends(column: str, level: int) -> np.ndarray:
    return r_tables()[[f"{column}_{end}_{level}" for end in ("low", "high")]].to_numpy()


@cache
def kit_ends(key: str, level: int) -> np.ndarray:
    found = [inference.intervals(*table, level / 100, [key])[0] for table in zip(*counts(), strict=True)]
    return np.array([(one.low, one.high) for one in found])


@cache
def kit_ends_of_one_rate(key: str, level: int) -> np.ndarray:
    x, n, *_ = counts()
    frames = [inference.proportion(*pair, level / 100).set_index("key") for pair in zip(x, n, strict=True)]
    return np.array([frame.loc[key, ["low", "high"]].to_numpy(dtype=float) for frame in frames])


def test_the_file_says_which_r_and_which_packages_made_it():
    head = R_VALUES.read_text(encoding="utf-8").splitlines()[:2]
    assert head[0].startswith("# R version 4.")
    assert all(f"{name} " in head[1] for name in ("epitools", "epiR", "coin", "rpact"))
    assert len(r_tables()) >= 30
    assert len(r_designs()) >= 12


# --- epitools ----------------------------------------------------------------------------------------------------


def test_midp_agrees_with_epitools():
    # epitools takes the larger side away from 1, so its values are good to about 1e-15 absolutely.
    expected = r("epitools_midp")
    assert inference.pvalue("fisher_midp_doubled", *counts()) == pytest.approx(expected, rel=0, abs=FROM_ONE)
    sides = [inference.pvalue("fisher_midp", *counts(), side) for side in ("greater", "less")]
    assert np.minimum(*sides) == pytest.approx(r("epitools_midp_smaller_side"), rel=0, abs=FROM_ONE)


@pytest.mark.parametrize("level", LEVELS)
def test_midp_limits_agree_with_epitools(level):
    found = kit_ends("conditional_midp", level)
    # Its p-value, with the root searched to the last bits: an error of the p-value moves a limit by as much,
    # relatively, over the slope dp/dln(OR), which is above 0.04 at every limit here; p is good to 1e-14.
    expected = r_ends("epitools_midp_limit", level)
    given = np.isfinite(expected)
    assert given.sum() >= 60
    assert found[given] == pytest.approx(expected[given], rel=1e-12)
    # No root where an end is 0 or infinite.
    assert (found[~given[:, 0], 0] == 0).all()
    assert (found[~given[:, 1], 1] == np.inf).all()
    # Its own search stops at uniroot's tolerance: on the odds ratio below, on its inverse above. It gives up
    # where a cell is empty.
    x1, n1, x2, n2 = counts()
    full = (x1 > 0) & (x1 < n1) & (x2 > 0) & (x2 < n2)
    own = r_ends("epitools_or_midp", level)
    assert np.isfinite(own).all(axis=1).tolist() == full.tolist()
    assert found[full, 0] == pytest.approx(own[full, 0], rel=0, abs=UNIROOT)
    assert 1 / found[full, 1] == pytest.approx(1 / own[full, 1], rel=0, abs=UNIROOT)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("woolf", "epitools_oddsratio_wald"),
        ("katz", "epitools_riskratio_wald"),
        ("katz", "epir_riskratio_wald"),
    ],
)
def test_wald_intervals_of_ratios_agree_with_epitools_and_epir(key, column, level):
    found, expected = kit_ends(key, level), r_ends(column, level)
    defined = np.isfinite(found).all(axis=1)
    assert defined.sum() >= 25
    assert found[defined] == pytest.approx(expected[defined], rel=DOUBLE)
    # With an empty cell the standard error is infinite. The kit says nan for both ends; R's arithmetic leaves
    # one end at 0 or infinity and the other undefined.
    assert np.isnan(found[~defined]).all()
    assert np.isnan(expected[~defined]).any(axis=1).all()
    assert (np.isnan(expected) | np.isin(expected, (0, np.inf)))[~defined].all()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("key", "column"), [("clopper_pearson", "epitools_binom_exact"), ("wilson", "epitools_binom_wilson")]
)
def test_intervals_of_one_rate_agree_with_epitools(key, column, level):
    # Where nobody responds R's Wilson interval starts at ±1e-17, the kit's at 0.
    assert kit_ends_of_one_rate(key, level) == pytest.approx(r_ends(column, level), rel=DOUBLE, abs=1e-16)


# --- epiR --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("key", "column"), [("wald", "epir_difference_wald"), ("newcombe", "epir_newcombe")])
def test_closed_intervals_of_the_difference_agree_with_epir(key, column, level):
    # A difference of two numbers below 1: its rounding is absolute.
    assert kit_ends(key, level) == pytest.approx(r_ends(column, level), rel=0, abs=FROM_ONE)


@pytest.mark.parametrize("level", LEVELS)
def test_score_interval_of_the_difference_agrees_with_epir(level):
    # No factor N/(N - 1) in it: Mee's. Its halving stops when the step is below 1e-7 or the squared statistic is
    # within 1e-6 of its target. At every limit here the squared statistic moves by more than 7 for each unit of the
    # difference, so both stops are within 1.5e-7; its pi has ten digits, which is less.
    assert kit_ends("mee", level) == pytest.approx(r_ends("epir_difference_score", level), rel=0, abs=1.5e-7)


@pytest.mark.parametrize("level", LEVELS)
def test_score_interval_of_the_ratio_agrees_with_epir(level):
    x1, n1, x2, n2 = counts()
    found, expected = kit_ends("koopman", level), r_ends("epir_riskratio_score", level)
    # epiR prints no interval where the estimated ratio is 0 or infinite.
    estimated = (x1 > 0) & (x2 > 0)
    assert np.isfinite(expected).all(axis=1).tolist() == estimated.tolist()
    # A full arm: it walks outwards in steps of 0.01% until it has passed the limit. Otherwise a cubic is solved.
    walked = estimated & ((x1 == n1) | (x2 == n2))
    assert walked.sum() >= 5
    solved = estimated & ~walked
    assert found[solved] == pytest.approx(expected[solved], rel=1e-11)  # cosines of a third of an angle, subtracted
    assert found[walked] == pytest.approx(expected[walked], rel=1e-4)
    assert (found[walked, 0] >= expected[walked, 0] * (1 - DOUBLE)).all()
    assert (found[walked, 1] <= expected[walked, 1] * (1 + DOUBLE)).all()


def test_epir_reads_the_table_by_columns_for_its_score_ratio():
    # Given arms in rows, as it asks, this version's ratio is that of the columns: x1/(x1 + x2) over f1/(f1 + f2).
    # The reference values above therefore come from the transposed table.
    x1, n1, x2, n2 = counts()
    estimate = r("epir_score_ratio_as_it_stands")
    given = np.isfinite(estimate)
    assert given.sum() >= 25
    by_columns = (x1 / (x1 + x2))[given] / ((n1 - x1) / (n1 - x1 + n2 - x2))[given]
    assert estimate[given] == pytest.approx(by_columns, rel=DOUBLE)
    assert estimate[0] == pytest.approx(1.6738, abs=5e-5)  # 16/29 v 9/30, whose ratio of rates is 1.84


@pytest.mark.parametrize("level", LEVELS)
def test_jeffreys_agrees_with_epir_except_at_the_ends(level):
    x, n, *_ = counts()
    found, expected = kit_ends_of_one_rate("jeffreys", level), r_ends("epir_jeffreys", level)
    low, high = x > 0, x < n
    assert found[low, 0] == pytest.approx(expected[low, 0], rel=DOUBLE)
    assert found[high, 1] == pytest.approx(expected[high, 1], rel=DOUBLE)
    # Nobody, or everybody: the kit moves that end to 0 or 1 (Brown, Cai and DasGupta 2001), epiR does not.
    assert (found[~low, 0] == 0).all()
    assert (expected[~low, 0] > 0).all()
    assert (found[~high, 1] == 1).all()
    assert (expected[~high, 1] < 1).all()


# --- coin --------------------------------------------------------------------------------------------------------


def test_chi_squared_of_coin_is_pearsons_and_its_other_tests_are_n_minus_1():
    # chisq_test takes the factor (N - 1)/N of the permutation variance out again; cmh_test leaves it in.
    assert inference.pvalue("pearson", *counts()) == pytest.approx(r("coin_chisq"), rel=0, abs=FROM_ONE)
    assert inference.pvalue("n_minus_1", *counts()) == pytest.approx(r("coin_cmh"), rel=0, abs=FROM_ONE)
    for side in SIDES:
        expected = r(f"coin_asymptotic.{side.replace('-', '_')}")
        assert inference.pvalue("n_minus_1", *counts(), side) == pytest.approx(expected, rel=0, abs=FROM_ONE)


@pytest.mark.parametrize("side", ["greater", "less"])
def test_one_sided_exact_tests_agree_with_coin(side):
    assert inference.pvalue("fisher", *counts(), side) == pytest.approx(r(f"coin_exact.{side}"), rel=DOUBLE)
    assert inference.pvalue("fisher_midp", *counts(), side) == pytest.approx(r(f"coin_midp.{side}"), rel=DOUBLE)


def _by_distance(x1: int, n1: int, x2: int, n2: int) -> tuple[float, float]:
    """P(|T| >= |t|) and P(|T| = |t|), T the distance of the first arm's responders from their mean."""
    s, total = x1 + x2, n1 + n2
    ways = weights(n1, n2, s)
    law = np.array([way / sum(ways) for way in ways])
    distance = np.abs((np.arange(len(law)) + max(0, s - n2)) * total - n1 * s)
    own = abs(x1 * total - n1 * s)
    return float(law[distance >= own].sum()), float(law[distance == own].sum())


def test_two_sided_exact_test_of_coin_orders_tables_by_distance():
    x1, n1, x2, n2 = counts()
    p, tied = np.array([_by_distance(*map(int, table)) for table in zip(*counts(), strict=True)]).T
    exact, midp = r("coin_exact.two_sided"), r("coin_midp.two_sided")
    assert p == pytest.approx(exact, rel=DOUBLE)
    # Fisher's test orders by point probability. With arms of one size both orders are the same.
    fisher = inference.pvalue("fisher", *counts())
    same = np.isclose(fisher, p, rtol=1e-9, atol=0)
    assert same[n1 == n2].all()
    assert 0 < (~same).sum() < 10
    assert fisher[same] == pytest.approx(exact[same], rel=DOUBLE)
    # At the mean itself coin takes off half of P(T = t) and half of P(T = -t), which there are one and the same
    # table: its mid-p is too small by half of that table.
    central = x1 * n2 == x2 * n1
    assert central.sum() >= 2
    kit = inference.pvalue("fisher_midp", *counts())
    assert kit[same & ~central] == pytest.approx(midp[same & ~central], rel=DOUBLE)
    assert kit[central] == pytest.approx(1 - tied[central] / 2, rel=DOUBLE)
    assert midp[central] == pytest.approx(1 - tied[central], rel=DOUBLE)


# --- rpact -------------------------------------------------------------------------------------------------------


def test_one_sided_tests_of_rates_agree_with_rpact():
    assert inference.pvalue("pearson", *counts(), "greater") == pytest.approx(r("rpact_score"), rel=0, abs=FROM_ONE)
    assert inference.pvalue("fisher", *counts(), "greater") == pytest.approx(r("rpact_fisher"), rel=DOUBLE)


@pytest.mark.parametrize("difference", [-0.2, 0.1, 0.35])
def test_score_test_of_any_difference_agrees_with_rpact(difference):
    upper = r(f"rpact_score_at_{difference:g}")
    curves = [inference.confidence_curve("pearson", *t, values=[difference]) for t in zip(*counts(), strict=True)]
    found = np.array([curve["p"].item() for curve in curves])
    # The restricted rates are cosines of an arccosine, which loses digits where two roots of the cubic are close.
    assert found == pytest.approx(2 * np.minimum(upper, 1 - upper), rel=0, abs=DOUBLE)


@pytest.mark.parametrize("level", LEVELS)
def test_score_interval_of_the_difference_agrees_with_rpact(level):
    x1, n1, x2, _ = counts()
    found, expected = kit_ends("mee", level), r_ends("rpact_difference", level)
    given = np.isfinite(expected)
    # Halved until the interval is 1e-12 wide. With a full arm the arccosine costs another digit: for 30/30 v 25/31
    # the lower end, in 45 digits, is 0.103385735200404; rpact is 1.3e-12 away from it, the kit 3e-13.
    assert found[given] == pytest.approx(expected[given], rel=0, abs=5e-12)
    # No root for the upper end where one arm responds wholly and the other not at all: it is 1.
    assert (~given).any(axis=1).tolist() == ((x1 == n1) & (x2 == 0)).tolist()
    assert (found[~given] == 1).all()


def test_spending_is_that_of_a_two_sided_design_in_rpact():
    # 2 - 2 Phi(z / sqrt(t)) on each side, with z the upper alpha/4 point and t one half: 0.00305 for 0.05. Both
    # tails' values are formed from 1, so they are good to the last bits of 1.
    rule = inference.STRATEGIES["obrien_fleming"]
    for design in r_designs().itertuples():
        (first,), (second,) = rule.levels(design.alpha, design.rho)
        assert first == pytest.approx(design.rpact_spent_two_sided, rel=0, abs=FROM_ONE)
        # Given that spending, rpact finds both levels of a two-sided design. It searches critical values to 1e-10,
        # and a level moves by 2 phi(c) < 0.8 for each unit of c.
        assert first == pytest.approx(design.rpact_first_level, rel=0, abs=1e-10)
        assert second == pytest.approx(design.rpact_second_level, rel=0, abs=1e-10)


def test_a_one_sided_design_of_rpact_spends_what_one_side_spends_here():
    rule = inference.STRATEGIES["obrien_fleming"]
    for design in r_designs().itertuples():
        if design.alpha <= 0.05:
            (first,), _ = rule.levels(design.alpha, design.rho, sided=1)
            assert first == pytest.approx(design.rpact_spent_one_sided, rel=0, abs=FROM_ONE)
