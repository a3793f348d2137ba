"""A shuffle: the permutation test of two response rates, by drawing lots again and again.

Suppose the treatment makes no difference: then every patient's outcome would have been the same in the other arm, and
the difference between the arms is an accident of the random allocation. So allocate again: write each patient's outcome
on a card, shuffle the cards, deal the first ``n1`` to the first arm and the rest to the second, and look at the difference
of the rates. The p-value is the share of shuffles with a difference at least as large as the observed one, on either
side. The observed allocation counts as one more shuffle, so the p-value is never 0.

Sources: Fisher RA. The Design of Experiments, 1935. Phipson B, Smyth GK. Stat Appl Genet Mol Biol 2010;9:39.
"""

import numpy as np

from lupus_kit.core.seeds import as_generator
from lupus_kit.inference.two_by_two.counts import as_count, one_table


def shuffle_test(
    x1: int,
    n1: int | None = None,
    x2: int | None = None,
    n2: int | None = None,
    n_shuffles: int = 10_000,
    seed: int | np.random.Generator = 0,
) -> float:
    """Compute a two-sided p-value by shuffling the outcomes over the arms.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Responders and patients of the first and second arm.
    n_shuffles : int
        How often the outcomes are shuffled. The standard error of the p-value is about ``√(p (1 - p) / n_shuffles)``.
    seed : int or numpy.random.Generator
        Same seed, same p-value.

    Returns
    -------
    float
        Share of the allocations, the observed one included, with a difference of the rates as large as the observed.

    Raises
    ------
    InputError
        Counts that are not whole numbers or do not fit together, fewer than one shuffle, or an unusable seed.

    See Also
    --------
    fisher_test, pearson_test, pvalue, rerandomisation_test

    References
    ----------
    Phipson B, Smyth GK. Stat Appl Genet Mol Biol 2010;9:39.

    Examples
    --------
    >>> p = shuffle_test(16, 29, 9, 30, seed=1)
    >>> 0.06 < p < 0.08  # Fisher's exact test: 0.0673
    True
    """
    in_first, first, in_second, second = one_table(x1, n1, x2, n2)
    rng, times = as_generator(seed), as_count("n_shuffles", n_shuffles, 1)
    responders, patients = in_first + in_second, first + second
    cards = np.repeat([1, 0], [responders, patients - responders])
    dealt_to_first = np.array([rng.permutation(cards)[:first].sum() for _ in range(times)])
    # Differences of the rates times both arms' patients: whole numbers, so that equal ones are equal.
    observed = abs(in_first * second - in_second * first)
    differences = abs(dealt_to_first * second - (responders - dealt_to_first) * first)
    return float((1 + np.sum(differences >= observed)) / (1 + times))
