"""How long a replica, the conflicts and a bound take; not collected with the suite.

python tests/benchmarks/bench_cohort_replica.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

from lupus_kit import cohort, published
from lupus_kit.cohort.replica.conflicts import find_conflicts
from lupus_kit.cohort.replica.implied import find_implied


def measure(label: str, function: Callable[[], object]) -> None:
    """Print processor and wall seconds; the first is what one free core takes."""
    work, clock = time.process_time(), time.perf_counter()
    function()
    print(f"{label:<52}{time.process_time() - work:8.1f} s processor{time.perf_counter() - clock:8.1f} s wall")


if __name__ == "__main__":
    measure("replica(seed=0), shipped", lambda: cohort.replica(seed=0))
    for seed in range(1, 6):
        measure(f"replica(seed={seed})", lambda seed=seed: cohort.replica(seed=seed))
    record = published.load("he2020")
    measure("conflicts of he2020, by the solver", lambda: find_conflicts(record))
    for name in ("responders_both_il2", "drop4_not_responder_week12_placebo", "rash_gained_week12_il2"):
        measure(f"implied({name!r})", lambda name=name: find_implied(name, record, 5.0))
