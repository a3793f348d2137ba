"""How long the audit's engines take, cold and warm, and against one plain loop; a compass, not a test of the clock.

Not collected with the suite (its name does not begin with ``test_``). Run: ``python tests/benchmarks/bench_explain_speed.py``
"""

from __future__ import annotations

import time
from collections.abc import Callable

from lupus_kit import audit, published
from lupus_kit.audit.values.percentages import percent_matches


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def measure(name: str, function: Callable[[], object]) -> None:
    cold = seconds(function)
    warm = min(seconds(function) for _ in range(3))
    print(f"{name:58} {1e3 * cold:9.1f} ms first, {1e3 * warm:8.1f} ms again")


def every_count(text: str, n_max: int) -> list[tuple[int, int]]:
    return [(x, n) for n in range(1, n_max + 1) for x in range(n + 1) if percent_matches(text, x, n)]


if __name__ == "__main__":
    audit.explain("0.05", 1, 5, 2, 6)  # libraries are loaded before the clock starts
    measure("explain, 29 and 30 patients", lambda: audit.explain("0.052", 16, 29, 9, 30))
    measure("explain, three populations", lambda: audit.explain("0.052", 16, 29, 9, 30, randomised=(30, 30)))
    measure("explain, 180 and 184 patients", lambda: audit.explain("0.41", 65, 180, 74, 184))
    measure("multiverse, primary endpoint", lambda: audit.multiverse(16, 29, 9, 30, randomised=(30, 30)))
    measure("inconsistencies, he2020", lambda: audit.inconsistencies(published.load("he2020")))
    measure("counts_from_percent, up to 5000 patients", lambda: audit.counts_from_percent("43.27", n_max=5000))
    measure("grimmer, 30 patients", lambda: audit.grimmer("9.33", "4.21", 30))
    quick, slow = (
        seconds(lambda: audit.counts_from_percent("43.27", n_max=150)),
        seconds(lambda: every_count("43.27", 150)),
    )
    print(f"counts_from_percent against trying every count, up to 150 patients: {slow / quick:.0f} x")
