"""How fast the endpoints are scored on one core, and how memory grows; a compass, not a test of the clock.

Not collected with the suite (its name does not begin with ``test_``). Run, pinned to one core:

    taskset -c 0 python tests/benchmarks/bench_endpoints_speed.py

Each time is the shortest of several runs, as wall clock and as CPU time of the process. The rate of the row-by-row
reference (``tests/references/endpoints_by_row.py``) is measured on fewer rows in the same run. Memory is the peak of a
fresh process for each size, less what an empty run of the same process needs.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from references import endpoints_by_row as by_row
from references.visit_tables import rows_by_patient

from lupus_kit.endpoints import BILAG_ITEMS, BILAG_SYSTEMS, SLEDAI_ITEMS, bilag2004, sledai, sri

IDS = list(SLEDAI_ITEMS["id"])
WEEKS = np.array([0, 4, 12, 24])
NAMES = np.array(["baseline", "week 4", "week 12", "week 24"], dtype=object)


def visit_tables(rows: int, gaps: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make 24 descriptors, and keys with nine grades and PGA; with gaps, cells are missing and rows are shuffled."""
    rng = np.random.default_rng(2020)
    k = np.arange(rows)
    items = pd.DataFrame({name: rng.random(rows) < 0.15 for name in IDS})
    visits = pd.DataFrame({"patient": k // 4, "visit": NAMES[k % 4], "week": WEEKS[k % 4]})
    visits["pga"] = rng.integers(0, 301, rows) / 100
    for system in BILAG_SYSTEMS:
        letters = np.array(list("ABCDE"), dtype=object)
        visits[f"bilag_{system}"] = letters[rng.choice(5, rows, p=[0.02, 0.08, 0.25, 0.35, 0.3])]
    if gaps:
        items = items.astype("boolean").mask(rng.random(items.shape) < gaps)
        cells = visits.columns.difference(["patient", "visit", "week"])
        visits[cells] = visits[cells].mask(rng.random((rows, len(cells))) < gaps)
        order = rng.permutation(rows)
        items, visits = (table.iloc[order].reset_index(drop=True) for table in (items, visits))
    return items, visits


def score(items: pd.DataFrame, visits: pd.DataFrame, reasons: bool) -> pd.DataFrame:
    return sri(visits.assign(sledai=sledai(items)), reasons=reasons)


def bilag_items(rows: int, seed: int) -> pd.DataFrame:
    """Make the 97 items; a fifth of the cells is not done."""
    rng = np.random.default_rng(seed)
    columns = {}
    for item in BILAG_ITEMS.itertuples():
        if item.kind == "number":
            # Values in the unit that the column says: many cells of 200 × 10⁹/L would be asked for their unit.
            high = min(item.high, 5 if item.unit in ("g", "× 10⁹/L") else 200)
            values = rng.uniform(item.low, high, rows).round(0 if item.unit == "plus signs" else 2)
        else:
            values = np.where(rng.random(rows) < 0.1, rng.integers(1, 5 if item.kind == "0-4" else 2, rows), 0.0)
        columns[item.id] = np.where(rng.random(rows) < 0.8, values, np.nan)
    return pd.DataFrame(columns)


def clock(repeats: int, function: Callable[[], object]) -> tuple[float, float, float]:
    """Return the first wall time, and the shortest wall and CPU times, in seconds."""
    wall, cpu = [], []
    for _ in range(repeats):
        start, used = time.perf_counter(), time.process_time()
        function()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    return wall[0], min(wall), min(cpu)


def report(what: str, times: tuple[float, float, float], target: float) -> None:
    first, wall, cpu = times
    print(f"{what:62} first {first:5.2f} s, best {wall:5.2f} s wall, {cpu:5.2f} s CPU (target {target:g} s)")


def sri_speed(rows: int = 1_000_000) -> float:
    for gaps, kind in ((0.0, "complete, in order"), (0.02, "2% missing, shuffled")):
        items, visits = visit_tables(rows, gaps)
        for reasons in (True, False):
            what = f"sledai + sri, {rows:,} visits, {kind}, {'with' if reasons else 'without'} reasons"
            times = clock(5, lambda reasons=reasons, i=items, v=visits: score(i, v, reasons))
            report(what, times, 6 if reasons else 2)
            if not gaps and reasons:
                kept = times[1]
    return kept / rows


def bilag_history_speed() -> None:
    """Whole histories: ten times the visits may take ten times as long, not more."""
    for rows, target in ((100_000, 1), (1_000_000, 10)):
        visits = bilag_items(rows, 1).assign(patient=np.arange(rows) // 4, week=np.arange(rows) % 4)
        report(f"bilag2004, 97 items, {rows:,} visits, four a patient", clock(1, lambda v=visits: bilag2004(v)), target)


def bilag_speed(rows: int = 100_000) -> float:
    now, before = bilag_items(rows, 1), bilag_items(rows, 2)
    times = clock(3, lambda: bilag2004(now, before))
    report(f"bilag2004, 97 items, {rows:,} visits with previous ones", times, 2)
    return times[1] / rows


def reference_speed(kit_sri: float, kit_bilag: float, rows: int = 8_000) -> None:
    items, visits = visit_tables(rows)
    start = time.perf_counter()
    for weeks in rows_by_patient(pd.concat([visits, items], axis=1)).values():
        for row in weeks.values():
            row["sledai"] = by_row.sledai(row, "2K")
        by_row.sri(weeks)
    per_row = (time.perf_counter() - start) / rows
    print(f"row-by-row reference, sledai + sri: {1e6 * per_row:6.0f} µs a visit, {per_row / kit_sri:6.0f} x the kit")
    number = dict(zip(BILAG_ITEMS["id"], BILAG_ITEMS["number"], strict=True))
    now, before = (bilag_items(2_000, seed).rename(columns=number).to_dict("records") for seed in (1, 2))
    start = time.perf_counter()
    for pair in zip(now, before, strict=True):
        filled = [{int(n): value for n, value in row.items() if value == value} for row in pair]
        by_row.bilag2004(filled[0], filled[1], False, True)
    per_row = (time.perf_counter() - start) / 2_000
    print(f"row-by-row reference, bilag2004:    {1e6 * per_row:6.0f} µs a visit, {per_row / kit_bilag:6.0f} x the kit")


def peak(rule: str, rows: int) -> float:
    """Peak memory of a fresh process that scores this many rows, in MB."""
    command = [sys.executable, __file__, "--peak", rule, str(rows)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def memory() -> None:
    for rule, sizes in (("sri", (250_000, 500_000, 1_000_000)), ("bilag2004", (50_000, 100_000, 200_000))):
        empty = peak(rule, 8)
        used = [peak(rule, rows) - empty for rows in sizes]
        each = ", ".join(f"{rows:,} rows {mb:.0f} MB" for rows, mb in zip(sizes, used, strict=True))
        growth = used[-1] / used[0]
        print(f"{rule}: {each} above {empty:.0f} MB; four times the rows take {growth:.1f} times the memory")


def main() -> None:
    memory()  # first: on Linux a child starts with the peak of its parent
    kit_sri, kit_bilag = sri_speed(), bilag_speed()
    bilag_history_speed()
    reference_speed(kit_sri, kit_bilag)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        size = int(sys.argv[3])
        if sys.argv[2] == "sri":
            score(*visit_tables(size), True)
        else:
            bilag2004(bilag_items(size, 1), bilag_items(size, 2))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    else:
        main()
