"""How fast trials are simulated, as ratios measured in one run; a compass, not a test of the clock.

Not collected with the suite (its name does not begin with ``test_``). Run either of:

    python tests/benchmarks/bench_simulation_speed.py
    python -m pytest -s -p no:xdist -o addopts= tests/benchmarks/bench_simulation_speed.py

Times are processor time, so other work on the machine disturbs them little.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from scipy import stats

from lupus_kit import cohort, design, inference, simulation

HE = design.he2020()
RATES = simulation.ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30), correlation=0.4)


def seconds(function: Callable[[], object], repeats: int = 3) -> float:
    """Shortest of several runs, in seconds of the processor."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def loop_rate(n_trials: int = 1500) -> float:
    """Trials a second of a plain Python loop: patients drawn, counted, and tested at both visits by SciPy."""
    rng = np.random.default_rng(1)
    cells = [RATES.joint(arm) for arm in (0, 1)]

    def loop() -> int:
        significant = 0
        for _ in range(n_trials):
            first, second = (rng.multinomial(30, law) for law in cells)
            for k in (1, 2):
                x1, x2 = first[0] + first[k], second[0] + second[k]
                table = [[x1, 30 - x1], [x2, 30 - x2]]
                if 0 < x1 + x2 < 60:
                    significant += stats.chi2_contingency(table, correction=False).pvalue <= 0.05
        return significant

    return n_trials / seconds(loop)


def sketch_rate(n_trials: int = 1_000_000) -> float:
    """Trials a second of a plain NumPy sketch: multinomial draws of a batch, looked up on the lattice of p-values."""
    rng, lattice = np.random.default_rng(1), inference.pvalue_lattice("pearson", 30, 30) <= 0.05

    def sketch() -> float:
        first, second = (rng.multinomial(30, RATES.joint(arm), size=n_trials) for arm in (0, 1))
        found = [lattice[first[:, 0] + first[:, k], second[:, 0] + second[:, k]] for k in (1, 2)]
        return float((~found[0] & found[1]).mean())

    return n_trials / seconds(sketch)


def endpoint_rate(n_trials: int = 10_000_000) -> float:
    """Trials a second at the endpoint level, all operating characteristics included."""
    simulation.run(HE, RATES, 1000)  # tables are made once
    return n_trials / seconds(lambda: simulation.run(HE, RATES, n_trials, seed=1).summary())


def test_endpoint_level() -> None:
    kit, loop, sketch = endpoint_rate(), loop_rate(), sketch_rate()
    print(
        f"two-visit trials a second: {kit / 1e6:.1f} million; NumPy sketch {sketch / 1e6:.1f} million, "
        f"{kit / sketch:.1f} x; Python loop over SciPy {loop:,.0f}, {kit / loop:,.0f} x"
    )
    assert kit > 100 * loop
    assert kit > sketch


def test_looks_and_growth() -> None:
    plain = endpoint_rate(2_000_000)
    lossy = replace(RATES, dropout=simulation.Dropout((0.03, 0.03), (0.1, 0.1)))
    again, futile = simulation.Reestimation(), "lan_demets_obrien_fleming"
    for name, rates, plan in (
        (
            "two looks, futility",
            RATES,
            simulation.AnalysisPlan(looks=simulation.InterimLooks((0.5, 1.0), futility=futile)),
        ),
        ("observed, with dropout", lossy, simulation.AnalysisPlan(missing="observed")),
        ("re-estimation", RATES, simulation.AnalysisPlan(reestimation=again)),
        ("re-estimation, observed", lossy, simulation.AnalysisPlan(reestimation=again, missing="observed")),
    ):
        run = partial(simulation.run, HE, rates, 500_000, plan=plan, keep_trials=False)
        run()  # tables are made once
        rate = 500_000 / seconds(run)
        print(f"{name}: {rate / 1e6:.2f} million trials a second; without it {plain / rate:.0f} x")
        assert rate > 1000


def test_exact_conditional_tests_over_strata() -> None:
    strata = simulation.StratifiedRates(("a", "b"), (0.4, 0.6), (RATES, RATES))
    plan = simulation.AnalysisPlan(test="exact", block_size=6)
    taken = seconds(lambda: simulation.run(HE, strata, 1000, plan=plan), repeats=2)
    print(f"exact conditional test over two strata: 1,000 trials of 60 in {taken:.2f} s")
    assert taken < 10


def test_enumeration() -> None:
    simulation.exact(HE, RATES)
    exact = seconds(lambda: simulation.exact(HE, RATES).summary())
    same = seconds(lambda: simulation.run(HE, RATES, 10_000, keep_trials=False).summary())
    print(f"enumeration of 31² x 31² outcomes: {1e3 * exact:.1f} ms; 10,000 simulated trials: {1e3 * same:.1f} ms")
    assert exact < 0.1


def test_patient_level() -> None:
    model = cohort.Assumptions()
    batch = seconds(lambda: simulation.run(HE, model, 1000, seed=1), repeats=2)
    from lupus_kit.endpoints import sri

    def one_by_one() -> None:
        for k in range(10):
            sri(cohort.what_if(model, 30, seed=k).visits)

    alone = seconds(one_by_one, repeats=1) / 10
    print(
        f"patient level: {batch:.2f} ms a trial of 60 patients, so 10,000 in {10 * batch:.0f} s; "
        f"cohort by cohort {1e3 * alone:.0f} ms a trial, {1e3 * alone / batch:.0f} x"
    )
    assert batch < 1e3 * alone


def test_memory_is_flat() -> None:
    peaks = []
    for n in (40_000_000, 120_000_000):
        tracemalloc.start()
        simulation.run(HE, RATES, n, seed=1)
        peaks.append(tracemalloc.get_traced_memory()[1] / 1e6)
        tracemalloc.stop()
    print(f"peak memory: {peaks[0]:.1f} MB for 40 million trials, {peaks[1]:.1f} MB for 120 million")
    assert peaks[1] < 1.2 * peaks[0]


if __name__ == "__main__":
    for test in (
        test_endpoint_level, test_looks_and_growth, test_exact_conditional_tests_over_strata, test_enumeration,
        test_patient_level, test_memory_is_flat,
    ):  # fmt: skip
        test()
