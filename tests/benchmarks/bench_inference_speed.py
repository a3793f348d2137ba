"""How fast the engine is, as ratios measured in one run; a compass, not a test of the clock.

Not collected with the suite (its name does not begin with ``test_``). Run either of:

    python tests/benchmarks/bench_inference_speed.py
    python -m pytest -s -p no:xdist -o addopts= tests/benchmarks/bench_inference_speed.py

SciPy's loop over all tables of a design is scaled up from an even sample of them. Times are processor time, which other
work on the machine disturbs least; set ``OMP_NUM_THREADS=1`` for one core. Where R's package ``Exact`` is installed
(``R_LIBS`` names the library), the kit's rejection regions are compared with its ``exact.reject.region`` in the same run.
"""

from __future__ import annotations

import shutil
import subprocess
import time
import tracemalloc
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from lupus_kit import inference
from lupus_kit.inference import TESTS
from lupus_kit.inference.intervals.effects import METHODS
from lupus_kit.inference.two_by_two import bernstein, conditional, ranking, unconditional

N1, N2 = 29, 30
TABLES = (N1 + 1) * (N2 + 1)
SAMPLE = 93  # every tenth table


def forget() -> None:
    """Empty the caches, so that every measurement starts cold."""
    for module in (bernstein, conditional, ranking, unconditional):
        for thing in vars(module).values():
            if hasattr(thing, "cache_clear"):
                thing.cache_clear()


def best_of(repeats: int, function: Callable[[], object], cold: bool = True) -> float:
    """Shortest of several runs, in seconds: the one the machine disturbed least."""
    times = []
    for _ in range(repeats):
        if cold:
            forget()
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def scipy_loop(function: Callable[..., object]) -> float:
    """Seconds that SciPy needs for every table of the design, estimated from an even sample."""
    picked = np.linspace(0, TABLES - 1, SAMPLE).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.process_time()
        for index in picked.tolist():
            x1, x2 = divmod(index, N2 + 1)
            function([[x1, x2], [N1 - x1, N2 - x2]])
        return (time.process_time() - start) * TABLES / SAMPLE


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


def peak_of(function: Callable[[], object]) -> float:
    """Megabytes at the peak of a cold call."""
    forget()
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def test_large_lattices() -> None:
    for key in ("barnard", "boschloo", "boschloo_minlike", "boschloo_berger_boos"):
        seconds = best_of(2, lambda key=key: inference.pvalue_lattice(key, 200, 200))
        peak = peak_of(lambda key=key: inference.pvalue_lattice(key, 200, 200))
        print(f"{key} lattice 200x200: {seconds:.2f} s, {peak:.0f} MB at the peak")
        assert peak < 200


def seconds_in_r(method: str, n: int) -> float:
    """Processor time of one cold region in R's package Exact, from enough of them to be measured."""
    times = 20 if n < 60 else 5
    script = (
        f"suppressMessages(library(Exact)); exact.reject.region({n}, {n}, method='{method}'); "
        f"t <- system.time(for (k in 1:{times}) exact.reject.region({n}, {n}, method='{method}')); "
        f"cat('seconds', sum(t[1:2]) / {times})"
    )
    found = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=False).stdout
    return float(found.rpartition("seconds ")[2]) if "seconds " in found else float("nan")


def test_rejection_regions_against_r() -> None:
    if shutil.which("Rscript") is None or np.isnan(seconds_in_r("z-pooled", 5)):
        pytest.skip("R's package Exact is not installed")
    for key, method in (("barnard", "z-pooled"), ("boschloo", "boschloo"), ("boschloo_minlike", "boschloo")):
        for n in (29, 50, 100):
            kit = best_of(9, lambda key=key, n=n: inference.rejection_region(key, n, n))
            r = seconds_in_r(method, n)
            print(f"{key} region {n}x{n}: {1e3 * kit:6.2f} ms; R's Exact {1e3 * r:7.1f} ms; {r / kit:5.1f} x")
            assert r / kit > 10


def test_sample_sizes() -> None:
    for key, p1, p2 in (("barnard", 0.5, 0.4), ("boschloo", 0.5, 0.4), ("fisher", 0.5, 0.4), ("pearson", 0.5, 0.45)):
        forget()
        start = time.process_time()
        found = inference.sample_size(key, p1, p2)
        seconds = time.process_time() - start
        print(f"sample_size({key!r}, {p1}, {p2}): {found.n1} an arm, {found.designs} designs, {seconds:.2f} s")
        assert found.power >= 0.8


def test_fragility_of_a_large_trial() -> None:
    seconds = best_of(3, lambda: inference.fragility_index(110, 200, 85, 200, "boschloo"))
    region = best_of(3, lambda: inference.rejection_region("boschloo", 200, 200))
    print(f"fragility_index('boschloo') at 200 an arm: {1e3 * seconds:.1f} ms; the region alone {1e3 * region:.1f} ms")
    assert seconds < 10 * region


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
