"""How fast the engine is, as ratios measured in one run; a compass, not a test of the clock.

Not collected with the suite (its name does not begin with ``test_``). Run either of:

    python tests/benchmarks/bench_inference_speed.py
    python -m pytest -s -p no:xdist -o addopts= tests/benchmarks/bench_inference_speed.py

SciPy's loop over all tables of a design is scaled up from an even sample of them.
"""

from __future__ import annotations

import time
import tracemalloc
import warnings
from collections.abc import Callable

import numpy as np
from scipy import stats

from lupus_kit import inference
from lupus_kit.inference import TESTS
from lupus_kit.inference.intervals.effects import METHODS
from lupus_kit.inference.two_by_two import conditional, unconditional

N1, N2 = 29, 30
TABLES = (N1 + 1) * (N2 + 1)
SAMPLE = 93  # every tenth table


def forget() -> None:
    """Empty the caches, so that every measurement starts cold."""
    for module in (conditional, unconditional):
        for thing in vars(module).values():
            if hasattr(thing, "cache_clear"):
                thing.cache_clear()


def best_of(repeats: int, function: Callable[[], object], cold: bool = True) -> float:
    """Shortest of several runs, in seconds: the one the machine disturbed least."""
    times = []
    for _ in range(repeats):
        if cold:
            forget()
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def scipy_loop(function: Callable[..., object]) -> float:
    """Seconds that SciPy needs for every table of the design, estimated from an even sample."""
    picked = np.linspace(0, TABLES - 1, SAMPLE).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        for index in picked.tolist():
            x1, x2 = divmod(index, N2 + 1)
            function([[x1, x2], [N1 - x1, N2 - x2]])
        return (time.perf_counter() - start) * TABLES / SAMPLE


def against_scipy(key: str, function: Callable[..., object]) -> float:
    kit = best_of(7, lambda: inference.pvalue_lattice(key, N1, N2))
    scipy = scipy_loop(function)
    name = getattr(function, "__name__", "?")
    print(f"{key:10} lattice {N1}x{N2}: {1e3 * kit:8.2f} ms; scipy.{name} loop: {scipy:7.1f} s; {scipy / kit:9.0f} x")
    return scipy / kit


def test_barnard_lattice_against_scipy() -> None:
    assert against_scipy("barnard", stats.barnard_exact) > 1


def test_boschloo_lattice_against_scipy() -> None:
    assert against_scipy("boschloo", stats.boschloo_exact) > 1


def test_power_of_every_test_on_a_grid() -> None:
    rates = np.linspace(0.005, 0.995, 100)

    def every_power() -> None:
        for key in TESTS:
            inference.power(key, rates[:, None], rates[None, :], N1, N2)

    cold, warm = best_of(3, every_power), best_of(3, every_power, cold=False)
    print(f"power of {len(TESTS)} tests on a 100x100 grid: {cold:.3f} s cold, {warm:.3f} s with known lattices")
    assert warm <= cold


def test_a_large_lattice() -> None:
    forget()
    tracemalloc.start()
    inference.pvalue_lattice("barnard", 200, 200)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    seconds = best_of(2, lambda: inference.pvalue_lattice("barnard", 200, 200))
    print(f"barnard lattice 200x200: {seconds:.2f} s, {peak / 1e6:.0f} MB at the peak")
    assert peak > 0


def test_one_p_value() -> None:
    calls = range(200)
    for key, test in TESTS.items():
        if test.family in ("asymptotic", "t and rank tests"):
            seconds = best_of(3, lambda key=key: [inference.pvalue(key, 16, 29, 9, 30) for _ in calls]) / len(calls)
            print(f"pvalue({key!r}): {1e6 * seconds:.0f} microseconds")
            assert seconds > 0


def test_one_interval() -> None:
    for x1, n1, x2, n2 in ((16, N1, 9, N2), (110, 200, 60, 200)):
        for key, _, _, method, _ in METHODS:
            seconds = best_of(2, lambda table=(x1, n1, x2, n2), method=method: method(*table, 0.95))
            print(f"interval {key!r} of {x1}/{n1} v {x2}/{n2}: {1e3 * seconds:.2f} ms")
            assert seconds > 0


if __name__ == "__main__":
    for name, function in list(globals().items()):
        if name.startswith("test_"):
            function()
