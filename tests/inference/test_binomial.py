import numpy as np
import pytest
from scipy import stats

from lupus_kit.inference.binomial import binomial_pmf

RATES = (0.0, 1e-300, 1e-12, 0.05, 0.3, 1 / 3, 0.5, 0.9999, 1.0)


@pytest.mark.parametrize("n", [0, 1, 2, 30, 201, 1500])
def test_the_numbers_of_scipy_to_the_last_bit(n: int) -> None:
    counts = np.arange(n + 1)
    for rate in RATES:
        assert binomial_pmf(counts, n, rate).tolist() == stats.binom.pmf(counts, n, rate).tolist()
        grid = binomial_pmf(counts[:40], counts[:40, None], rate)
        assert grid.tolist() == stats.binom.pmf(counts[:40], counts[:40, None], rate).tolist()


def test_a_scipy_without_the_function_beneath(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = binomial_pmf(np.arange(5), 3, 0.3)
    monkeypatch.setattr("lupus_kit.inference.binomial._ufuncs", object())
    assert binomial_pmf(np.arange(5), 3, 0.3).tolist() == usual.tolist()
