"""How fast cohorts are drawn and how much memory they take; a compass, not a test of the clock.

Not collected with the suite (its name does not begin with ``test_``). Run either of:

    python tests/benchmarks/bench_cohort_speed.py
    python -m pytest -s -p no:xdist -o addopts= tests/benchmarks/bench_cohort_speed.py

The large runs are processes of their own, so that each peak of memory is its own. Times are processor times.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time

from lupus_kit import cohort

_RUN = """
import json, resource, sys, time
from lupus_kit import cohort
cohort.what_if(n_per_arm=30, seed=0)  # imports and first use are not what is measured
start = time.process_time()
if {folder!r}:
    cohort.write_what_if({folder!r}, n_per_arm={n}, seed=1)
else:
    made = cohort.what_if(n_per_arm={n}, seed=1)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps([time.process_time() - start, peak]))
"""


def measured(n_per_arm: int, folder: str = "") -> tuple[float, float]:
    """Processor seconds and peak memory in GiB of one large cohort, in memory or written to a folder."""
    code = _RUN.format(n=n_per_arm, folder=folder)
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    seconds, peak = json.loads(out)
    return seconds, peak


def test_sixty_patients() -> None:
    cohort.what_if(seed=0)
    times = []
    for seed in range(30):
        start = time.process_time()
        cohort.what_if(seed=seed)
        times.append(time.process_time() - start)
    print(f"60 patients: {1e3 * min(times):.1f} ms at best, {1e3 * sorted(times)[15]:.1f} ms in the middle")
    assert sorted(times)[15] < 0.05


def test_a_million_patients_in_memory() -> None:
    small, _ = measured(50_000)
    large, peak = measured(500_000)
    print(
        f"100 000 patients: {small:.1f} s; 1 000 000: {large:.1f} s ({large / small:.1f} x), {peak:.1f} GiB at the peak"
    )
    assert large < 60
    assert peak < 8


def test_a_million_patients_to_parquet() -> None:
    with tempfile.TemporaryDirectory() as place:
        small, low = measured(50_000, f"{place}/small")
        large, high = measured(500_000, f"{place}/large")
    print(
        f"to Parquet, 100 000 patients: {small:.1f} s, {low:.2f} GiB; 1 000 000: {large:.1f} s ({large / small:.1f} x), "
        f"{high:.2f} GiB ({high / low:.1f} x)"
    )
    assert high < 2 * low


if __name__ == "__main__":
    for name, function in list(globals().items()):
        if name.startswith("test_"):
            function()
