"""GRIM, GRIMMER and DEBIT against every sample of whole numbers, and against the examples of their authors."""

from __future__ import annotations

from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from itertools import combinations_with_replacement, product

import pytest

from lupus_kit import audit
from lupus_kit.core.errors import InputError


def prints(square: Fraction, places: int, root: bool) -> set[str]:
    """Both ways to print a fraction, or its square root, rounded in decimal with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        value = Decimal(square.numerator) / Decimal(square.denominator)
        value = value.sqrt() if root else value
        return {str(value.quantize(Decimal(1).scaleb(-places), mode)) for mode in (ROUND_HALF_UP, ROUND_HALF_DOWN)}


def every_print(n: int, low: int, high: int, places: int) -> tuple[set[str], set[tuple[str, str]]]:
    means, both = set(), set()
    for sample in combinations_with_replacement(range(low, high + 1), n):
        t, q = sum(sample), sum(x * x for x in sample)
        mean = prints(Fraction(t, n), places, root=False)
        means |= mean
        if n > 1:
            both |= set(product(mean, prints(Fraction(n * q - t * t, n * (n - 1)), places, root=True)))
    return means, both


@pytest.mark.parametrize(
    ("n", "high", "places"), [(2, 9, 1), (3, 8, 1), (4, 6, 1), (5, 5, 1), (6, 4, 1), (3, 6, 2), (7, 3, 2)]
)
def test_means_against_every_sample(n, high, places):
    means, _ = every_print(n, 0, high, places)
    unit = 10**places
    for step in range(high * unit + 1):
        mean = f"{step / unit:.{places}f}"
        assert bool(audit.grim(mean, n)) == (mean in means), mean


@pytest.mark.parametrize(("n", "places"), [(2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (5, 2)])
def test_scores_without_limits_against_every_sample_near_the_mean(n, places):
    # An SD of at most 2 with mean between 0 and 1 keeps every score within sqrt(n - 1) SDs of it.
    reach = 5
    _, both = every_print(n, -reach, reach + 1, places)
    unit = 10**places
    for step in range(0, unit + 1, 1 if places == 1 else 7):  # every remainder of whole sums is met
        mean = f"{step / unit:.{places}f}"
        for spread in range(2 * unit):
            sd = f"{spread / unit:.{places}f}"
            assert bool(audit.grimmer(mean, sd, n)) == ((mean, sd) in both), (mean, sd)


@pytest.mark.parametrize("n", [5, 6, 7, 9])
def test_five_whole_numbers_reach_every_sum_of_squares_of_the_right_parity(n):
    """The claim behind the short cut for n >= 5, by enumeration of reachable sums (dynamic programming)."""
    most, reach = 400, 20
    reached = {0: 1}
    mask = (1 << most + 1) - 1
    for _ in range(n):
        step: dict[int, int] = {}
        for s, bits in reached.items():
            for value in range(-reach, reach + 1):
                step[s + value] = step.get(s + value, 0) | (bits << value * value & mask)
        reached = step
    for rest in range(n):
        expected = {q for q in range(rest, most + 1) if (q - rest) % 2 == 0}
        assert {q for q in range(most + 1) if reached[rest] >> q & 1} == expected


@pytest.mark.parametrize("n", [2, 3, 4, 7, 12])
def test_debit_against_every_count(n):
    both = set()
    for x in range(n + 1):
        both |= set(product(prints(Fraction(x, n), 2, False), prints(Fraction(x * (n - x), n * (n - 1)), 2, True)))
    means = {mean for mean, _ in both} | {f"{step / 100:.2f}" for step in range(0, 101, 5)}
    for mean in sorted(means):
        for sd in range(80):
            pair = (mean, f"{sd / 100:.2f}")
            assert bool(audit.debit(*pair, n)) == (pair in both)


def test_the_published_examples():
    # Brown and Heathers 2017: 5.19 is no mean of 28 whole numbers; 5.18 is (145/28).
    assert not audit.grim("5.19", 28)
    assert audit.grim("5.18", 28)
    # Allard 2018: a mean of 3.44 of 18 whole numbers has an SD of 2.47 only with the wrong parity.
    assert audit.grim("3.44", 18)
    assert not audit.grimmer("3.44", "2.47", 18)


def test_several_items_widen_the_grid():
    assert not audit.grim("3.12", 10)
    assert audit.grim("3.12", 10, items=5)
    assert audit.grimmer("3.12", "0.50", 10, items=5)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: audit.grim(5.19, 28), "string"),
        (lambda: audit.grim("x", 28), "'x'"),
        (lambda: audit.grim("5.19", 0), "n == 0"),
        (lambda: audit.grim("5.19", 28, items=0), "items == 0"),
        (lambda: audit.grimmer("5", "1", 1), "two patients"),
        (lambda: audit.grimmer("5", "-1", 9), "sd == '-1'"),
        (lambda: audit.debit("0.5", "0.5", 1), "two patients"),
    ],
)
def test_bad_input(call, said):
    with pytest.raises(InputError) as caught:
        call()
    assert said in str(caught.value)


def test_a_finding_is_a_row_and_a_sentence():
    found = audit.grim("5.19", 28)
    assert found.to_frame()["possible"].tolist() == [False]
    assert "28 patients" in found._repr_html_()
    assert "typing" in found.sentence
