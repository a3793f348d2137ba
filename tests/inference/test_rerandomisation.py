"""The re-randomisation test: Fisher's under complete randomisation, exact enumeration and draws in blocks and strata."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from math import comb

import numpy as np
import pandas as pd
import pytest
from references.cases import case
from scipy.stats import binomtest

from lupus_kit import design, inference
from lupus_kit.core.errors import InputError


def every_allocation(n: int, n1: int) -> list[list[str]]:
    """All ways to put n1 of n patients into arm A."""
    return [["A" if i in chosen else "B" for i in range(n)] for chosen in combinations(range(n), n1)]


def patients(x1: int, n1: int, x2: int, n2: int) -> tuple[list[int], list[str]]:
    return [1] * x1 + [0] * (n1 - x1) + [1] * x2 + [0] * (n2 - x2), ["A"] * n1 + ["B"] * n2


@pytest.mark.parametrize("table", [(4, 5, 1, 5), (3, 4, 1, 6), (0, 3, 4, 6), (2, 2, 0, 7)])
def test_complete_randomisation_of_fixed_arms_is_fishers_test(table):
    x1, n1, x2, n2 = table
    outcome, arm = patients(*table)
    for side in ("greater", "less"):
        found = inference.rerandomisation_test(outcome, arm, every_allocation(n1 + n2, n1), alternative=side)
        assert found.p == pytest.approx(inference.pvalue("fisher", *table, side), abs=1e-15)
        assert found.exact
        assert (found.p_low, found.p_high) == (found.p, found.p)
    # Two-sided, tables are ordered by the size of the difference.
    observed, s = abs(Fraction(x1, n1) - Fraction(x2, n2)), x1 + x2
    ways = [
        comb(n1, k) * comb(n2, s - k)
        for k in range(max(0, s - n2), min(n1, s) + 1)
        if abs(Fraction(k, n1) - Fraction(s - k, n2)) >= observed
    ]
    found = inference.rerandomisation_test(outcome, arm, every_allocation(n1 + n2, n1))
    assert found.p == pytest.approx(sum(ways) / comb(n1 + n2, s), abs=1e-15)
    if n1 == n2:
        assert found.p == pytest.approx(inference.pvalue("fisher", *table), abs=1e-15)


def blocks_in_strata() -> list[list[str]]:
    """Two strata of four patients, each in two blocks of two: 16 allocations."""
    return [[a for block in blocks for a in block] for blocks in product(("AB", "BA"), repeat=4)]


def test_blocks_and_strata_are_in_the_test_because_they_are_in_the_draw():
    outcome = pd.Series([1, 0, 1, 0, 1, 0, 1, 0])
    arm = list("ABABABAB")
    # Within each block of two one patient responds: A wins all four in 1 of 16 allocations.
    listed = inference.rerandomisation_test(outcome, arm, blocks_in_strata())
    assert listed.p == 2 / 16
    assert inference.rerandomisation_test(outcome, arm, blocks_in_strata(), alternative="greater").p == 1 / 16
    # Fisher's test forgets the blocks.
    assert inference.pvalue("fisher", 4, 4, 0, 4) == pytest.approx(2 / 70)

    def draw(generator: np.random.Generator) -> pd.DataFrame:
        return design.permuted_blocks(4, ["A", "B"], 2, generator, strata=["mild", "severe"])

    drawn = inference.rerandomisation_test(outcome, arm, draw, n_draws=60, seed=3, level=0.999)
    assert not drawn.exact
    assert drawn.p_low <= 2 / 16 <= drawn.p_high
    again = inference.rerandomisation_test(outcome, arm, draw, n_draws=60, seed=3, level=0.999)
    assert again == drawn


def test_draws_estimate_the_exact_p_and_count_the_trial_as_one_more():
    outcome, arm = patients(4, 5, 1, 5)
    exact = inference.pvalue("fisher", 4, 5, 1, 5)
    truth = inference.rerandomisation_test(pd.Series([True, False] * 3), list("ABAABB"), every_allocation(6, 3))
    assert truth.observed == pytest.approx(1 / 3)
    found = inference.rerandomisation_test(outcome, arm, lambda g: g.permutation(arm), n_draws=999, seed=1, level=0.999)
    assert found.p_low < exact < found.p_high
    k = round(found.p * 1000) - 1
    assert found.p == (k + 1) / 1000
    expected = binomtest(k, 999).proportion_ci(0.999, method="exact")
    assert (found.p_low, found.p_high) == pytest.approx((expected.low, expected.high), rel=1e-9)
    outcome, arm = patients(10, 10, 0, 10)
    never = inference.rerandomisation_test(outcome, arm, lambda g: g.permutation(arm), n_draws=99, seed=5)
    assert never.p == 1 / 100
    assert never.p_low == 0


def test_allocations_of_unequal_probability():
    # A biased coin: each patient goes to A with probability 1/3.
    outcome, arm = [1, 1, 0], ["A", "A", "B"]
    pairs = [
        (list(one), float(Fraction(1, 3) ** one.count("A") * Fraction(2, 3) ** one.count("B")))
        for one in product("AB", repeat=3)
    ]
    found = inference.rerandomisation_test(outcome, arm, pairs, alternative="greater")
    # Difference 1: only A, A, B (both responders in A, the other in B).
    assert found.p == pytest.approx(2 / 27)
    assert found.n_undefined == 2
    with pytest.raises(InputError, match="together they are 1"):
        inference.rerandomisation_test(outcome, arm, pairs[:-1])
    with pytest.raises(InputError, match="7 given"):
        inference.rerandomisation_test(outcome, arm, [*pairs[:-1], list("BBB")])


def test_a_missing_outcome_keeps_its_place():
    outcome, arm = [1, 1, None, 0, 0, 1], list("AAABBB")
    found = inference.rerandomisation_test(outcome, arm, every_allocation(6, 3))
    assert found.n_missing == 1
    assert found.observed == pytest.approx(2 / 3)
    # By hand: the missing patient goes to either arm; of five outcomes with three responders, arms of 2 and 3.
    # |difference| >= 2/3 when the two hold both non-responders (1 of 10) or two responders (3 of 10).
    assert found.p == pytest.approx(4 / 10)
    assert "1 without an outcome" in found._repr_html_()


def test_either_arm_may_be_the_first():
    other = inference.rerandomisation_test([1, 1, 0, 0], list("AABB"), every_allocation(4, 2), first="B")
    assert (other.observed, other.arms) == (-1, ("B", "A"))
    assert other.to_frame().loc[0, "arms"] == "B v A"


OUTCOME, ARM = [1, 1, 0, 0], list("AABB")


def test_what_is_refused():
    for change, message in [
        ({"outcome": [1, 0, 2, 0]}, r"2 \(patient 3\)"),
        ({"outcome": [1, 0, "yes", 0]}, r"'yes' \(patient 3\)"),
        ({"outcome": [1, 0, 1]}, "outcome has 3 values and arm 4"),
        ({"outcome": [None, None, 1, 0]}, "at least one outcome"),
        ({"arm": list("AAAA")}, "1 given"),
        ({"arm": list("ABCC")}, "3 given"),
        ({"arm": ["A", None, "B", "B"]}, "none missing"),
        ({"arm": "AABB"}, "one arm for each patient"),
        ({"first": "C"}, "unknown arm 'C'"),
        ({"draw": lambda g: list("AAB")}, "3 arms for 4 patients"),
        ({"draw": lambda g: list("AABX")}, "the arm 'X'"),
        ({"draw": lambda g: list("AABB")}, "the same allocation every time"),
        ({"draw": lambda g: pd.DataFrame({"group": ARM})}, "without a column 'arm'"),
        ({"draw": [list("ABAB"), list("BABA")]}, "not in the list"),
        ({"draw": []}, "not in the list"),
        ({"draw": ARM}, "1 arms for 4 patients"),
        ({"draw": "AABB"}, "give a function of a random generator"),
        ({"draw": None}, "give a function of a random generator"),
        ({"n_draws": 0, "draw": lambda g: g.permutation(ARM)}, "n_draws"),
        ({"seed": None, "draw": lambda g: g.permutation(ARM)}, "seed"),
        ({"draw": [(one, float("nan")) for one in every_allocation(4, 2)]}, "together they are 1"),
        ({"alternative": "both"}, "unknown alternative"),
        ({"level": 95}, "level"),
    ]:
        with case(change, message):
            usual = {"outcome": OUTCOME, "arm": ARM, "draw": every_allocation(4, 2)}
            with pytest.raises(InputError, match=message):
                inference.rerandomisation_test(**(usual | change))
