"""From the release of a control to the new picture: processor time of every widget over its whole range.

Not collected with the suite (its name does not begin with ``test_``). Run: ``python tests/benchmarks/bench_widgets.py``,
with names of widgets behind it for some of them only. The goal is 100 ms at the 95th percentile on one core; the exit code
says whether it is met. Every fifth move takes a slider to one of its ends.
"""

from __future__ import annotations

import random
import sys
import time
from typing import Any

import ipywidgets as ipw
import numpy as np

from lupus_kit import widgets
from lupus_kit.widgets.findings import Findings

MOVES, GOAL = 150, 100.0
PRINTED = ("0.052", "0.027", "0.036", "<0.05", "<0.001", "0.5", "NS")


def somewhere(control: ipw.Widget, rng: random.Random) -> Any:
    """Draw a value from everything the control can be set to."""
    if isinstance(control, Findings):
        share = rng.random()
        return tuple(key for key in control.boxes if rng.random() < share)
    if isinstance(control, ipw.Checkbox):
        return rng.random() < 0.5
    if isinstance(control, ipw.Dropdown):
        return rng.choice([value for _, value in control.options])
    if isinstance(control, ipw.Text):
        return rng.choice(PRINTED)
    if isinstance(control, ipw.IntText):
        return rng.randrange(10_000)
    if rng.random() < 0.2:
        return rng.choice([control.min, control.max])
    steps = round((control.max - control.min) / control.step)
    return min(control.max, control.min + control.step * rng.randrange(steps + 1))


def milliseconds(name: str, seed: int = 1) -> tuple[float, np.ndarray]:
    """Build a widget, move one control after the other; return both times."""
    rng = random.Random(seed)
    start = time.process_time()
    app = widgets.APPS[name]()
    built, moved = 1000 * (time.process_time() - start), []
    while len(moved) < MOVES:
        key = rng.choice(list(app.controls))
        value = somewhere(app.controls[key], rng)
        if value == app.values[key]:
            continue
        start = time.process_time()
        app.set(**{key: value})
        spent = 1000 * (time.process_time() - start)
        if "role='alert'" not in app.text.value:  # a sentence without a picture would flatter
            moved.append(spent)
        else:
            app.reset()
    return built, np.array(moved)


if __name__ == "__main__":
    widgets.table_explorer()  # libraries and fonts are loaded before the clock starts
    slow = []
    print(f"{'widget':22}{'built':>9}{'median':>9}{'95 %':>9}{'longest':>9}   ms of processor time, {MOVES} moves")
    for name in sys.argv[1:] or widgets.APPS:
        built, moved = milliseconds(name)
        high = float(np.quantile(moved, 0.95))
        print(f"{name:22}{built:9.0f}{np.median(moved):9.0f}{high:9.0f}{moved.max():9.0f}")
        slow += [name] if high >= GOAL else []
    if slow:
        sys.exit(f"slower than {GOAL:g} ms: {', '.join(slow)}")
