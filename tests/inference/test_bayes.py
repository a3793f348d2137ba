"""Posterior, Bayes factors and reverse-Bayes against exact arithmetic and defining equations."""

from fractions import Fraction
from math import comb, factorial

import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.special import ndtri
from scipy.stats import betabinom

from lupus_kit import inference
from lupus_kit.inference.evidence.bayes import Prior, difference_cdf


def rational_probability(a, b, c, d):
    """P(X > Y) for X ~ Beta(a, b), Y ~ Beta(c, d) with whole parameters, as a sum of exact fractions."""

    def function(p, q):
        return Fraction(factorial(p - 1) * factorial(q - 1), factorial(p + q - 1))

    return sum(comb(c + d - 1, i) * function(a + i, b + c + d - 1 - i) for i in range(c, c + d)) / function(a, b)


@pytest.mark.parametrize("table", [(16, 29, 9, 30), (19, 29, 11, 30), (7, 13, 2, 12), (0, 29, 2, 30), (5, 5, 0, 6)])
def test_probability_greater_is_exact_under_uniform_priors(table):
    x1, n1, x2, n2 = table
    exact = float(rational_probability(x1 + 1, n1 - x1 + 1, x2 + 1, n2 - x2 + 1))
    assert inference.posterior(*table).probability_greater == pytest.approx(exact, abs=1e-12)


def test_credible_interval_cuts_off_equal_tails():
    found = inference.posterior(16, 29, 9, 30, "jeffreys", "historical", level=0.9)
    first = inference.PRIORS["jeffreys"].updated(16, 29)
    second = inference.PRIORS["historical"].updated(9, 30)
    assert difference_cdf(first, second, found.low) == pytest.approx(0.05, abs=1e-8)
    assert difference_cdf(first, second, found.high) == pytest.approx(0.95, abs=1e-8)


@pytest.mark.parametrize("difference", [-0.6, -0.1, 0.0, 0.3, 0.9])
def test_difference_cdf_against_a_double_integral(difference):
    first, second = Prior(((1.0, 3.0, 2.0),)), Prior(((1.0, 2.0, 4.0),))
    expected, _ = dblquad(
        lambda p, q: 12 * p**2 * (1 - p) * 20 * q * (1 - q) ** 3,  # Beta(3, 2) and Beta(2, 4)
        0,
        1,
        lambda q: 0,
        lambda q: min(max(q + difference, 0), 1),
        epsabs=1e-10,
    )
    assert difference_cdf(first, second, difference) == pytest.approx(expected, abs=1e-8)


def test_difference_cdf_copes_with_priors_that_are_infinite_at_the_ends():
    law = Prior(((1.0, 0.5, 0.5),))
    # Two equal laws: half the mass on each side of no difference, and the law of the difference is symmetric.
    assert difference_cdf(law, law, 0.0) == pytest.approx(0.5, abs=1e-9)
    assert difference_cdf(law, law, -0.4) == pytest.approx(1 - difference_cdf(law, law, 0.4), abs=1e-9)
    assert (difference_cdf(law, law, -1.0), difference_cdf(law, law, 1.0)) == (0.0, 1.0)


def test_mixture_weights_follow_the_marginal_likelihood():
    prior = inference.PRIORS["historical"]
    new = prior.updated(9, 30)
    marginal = [w * betabinom.pmf(9, 30, a, b) for w, a, b in prior.components]
    expected = np.array(marginal) / sum(marginal)
    assert [w for w, _, _ in new.components] == pytest.approx(expected, abs=1e-12)
    # Data in line with history raise the weight of history.
    assert new.components[0][0] > prior.components[0][0]
    assert prior.updated(29, 30).components[0][0] < 0.01


def test_priors_pull_where_they_say():
    values = {
        name: inference.posterior(16, 29, 9, 30, name, "uniform").probability_greater for name in inference.PRIORS
    }
    assert values["sceptical"] < values["uniform"] < values["enthusiastic"]


def test_evidence_measures_satisfy_their_definitions():
    x1, n1, x2, n2 = table = 16, 29, 9, 30
    value = inference.evidence(*table).set_index("measure")["value"]

    def likelihood(p1, p2):
        return p1**x1 * (1 - p1) ** (n1 - x1) * p2**x2 * (1 - p2) ** (n2 - x2)

    pooled = (x1 + x2) / (n1 + n2)
    assert value["likelihood ratio"] == pytest.approx(likelihood(x1 / n1, x2 / n2) / likelihood(pooled, pooled))
    separate = Fraction(1, (n1 + 1) * comb(n1, x1)) * Fraction(1, (n2 + 1) * comb(n2, x2))
    common = Fraction(1, (n1 + n2 + 1) * comb(n1 + n2, x1 + x2))
    assert value["Bayes factor, uniform priors"] == pytest.approx(float(common / separate), rel=1e-10)
    p = inference.pvalue("pearson", *table)
    assert value["minimum Bayes factor, −e p ln p"] == pytest.approx(-np.e * p * np.log(p))
    # The wider the class of alternatives, the smaller the bound; no bound exceeds 1.
    bounds = value[value.index.str.startswith("minimum")]
    assert bounds.max() <= 1
    assert bounds.iloc[0] < bounds.iloc[1]
    # Berger and Sellke's bound over normal priors: maximise the marginal likelihood over the prior's variance.
    z = -ndtri(p / 2)
    variances = np.linspace(1e-6, 40, 400_001)
    marginal = np.exp(-(z**2) / 2 / (1 + variances)) / np.sqrt(1 + variances)
    best = np.exp(-(z**2) / 2) / marginal.max()
    assert bounds["minimum Bayes factor, symmetric alternatives"] == pytest.approx(best, rel=1e-6)


def test_evidence_of_a_table_without_information():
    value = inference.evidence(0, 5, 0, 6).set_index("measure")["value"]
    assert value["likelihood ratio"] == 1
    assert value["minimum Bayes factor, point alternative"] == 1


@pytest.mark.parametrize("table", [(16, 29, 16, 29), (15, 29, 15, 30), (12, 29, 10, 30)])
def test_weak_evidence_is_bounded_by_one(table):
    # Where z is at most 1 the best normal prior has no spread, and its Bayes factor is 1: z exp(-(z² - 1)/2) falls below
    # it again there, and is 0 for z = 0.
    assert -ndtri(inference.pvalue("pearson", *table) / 2) < 1
    value = inference.evidence(*table).set_index("measure")["value"]
    assert value["minimum Bayes factor, symmetric alternatives"] == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: inference.posterior(16, 29, 9, 30, "unifrom"), "did you mean 'uniform'"),
        (lambda: Prior(()), "components is empty"),
        (lambda: Prior(((1.0, 0.0, 1.0),)), "three positive numbers"),
        (lambda: Prior(((0.4, 1.0, 1.0),)), "add up to 0.4"),
        (lambda: inference.posterior(30, 29, 9, 30), "x1 == 30 is larger than n1"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
