"""What a replica holds beside activity: people, doses of prednisone, laboratory values, events.

The printed numbers are met exactly; everything they leave open is drawn, and is invented.
"""

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from lupus_kit.cohort.replica.arm_model import ArmModel, block
from lupus_kit.cohort.replica.statements import VISITS, Statement, summary
from lupus_kit.core.errors import InputError

DSDNA_LIMIT = 100.0
C3_LIMIT = 0.9
_TRIES = 20_000
#: Work the solver may spend on one question, in its deterministic seconds.
_EFFORT = 0.2


def find(statements: list[Statement], measure: str, visit: str = VISITS[0]) -> dict[str, Statement]:
    """Return the statements on a measure at a visit, by kind."""
    return {s.kind: s for s in statements if s.measure == measure and s.visit == visit}


def prints_as(s: Statement, values: np.ndarray) -> bool:
    """Whether a number computed from values prints as the statement does."""
    return f"{summary(s.kind, values):.{s.decimals}f}" == s.printed


def _fail(found: Iterable[Statement]) -> InputError:
    listed = "; ".join(s.sentence for s in found)
    return InputError(f"no values were found that agree with: {listed}. Change or drop one of these statements.")


def people(statements: list[Statement], n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw age, weight, height, body surface and duration with the printed means and SDs."""
    return {
        "age_years": _skewed(find(statements, "age"), n, rng, (18, 65), 1),
        "disease_duration_months": _skewed(find(statements, "duration"), n, rng, (2, 600), 0),
        **_body(statements, n, rng),
    }


def _skewed(
    found: dict[str, Statement], n: int, rng: np.random.Generator, limits: tuple[float, float], digits: int
) -> np.ndarray:
    mean, sd = (float(found[kind].value) for kind in ("mean", "sd"))
    for _ in range(_TRIES):
        raw = rng.gamma(((mean - limits[0]) / sd) ** 2 + 0.3, size=n)
        values: np.ndarray = np.round(mean + sd * (raw - raw.mean()) / raw.std(ddof=1), digits)
        inside = values.min() >= limits[0] and values.max() <= limits[1]
        if inside and all(prints_as(s, values) for s in found.values()):
            return values
    raise _fail(found.values())


def _body(statements: list[Statement], n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Weight and height with the correlation that gives body surface (Mosteller) its printed SD."""
    found = {name: find(statements, name) for name in ("weight", "height", "bsa")}
    for _ in range(_TRIES):
        w, h = rng.standard_normal((2, n))
        w = (w - w.mean()) / w.std(ddof=1)
        h = h - h.mean() - w * (w @ (h - h.mean())) / (w @ w)
        h /= h.std(ddof=1)
        r = rng.uniform(-0.2, 0.9)
        weight, height = (
            np.round(float(found[name]["mean"].value) + float(found[name]["sd"].value) * z, digits)
            for name, z, digits in (("weight", w, 1), ("height", r * w + np.sqrt(1 - r * r) * h, 0))
        )
        if min(weight.min() - 30, height.min() - 130) < 0:
            continue
        made = {"weight": weight, "height": height, "bsa": np.round(np.sqrt(weight * height / 3600), 2)}
        if all(prints_as(s, made[name]) for name in made for s in found[name].values()):
            return {"weight_kg": weight, "height_cm": height, "bsa_m2": made["bsa"]}
    raise _fail(s for kinds in found.values() for s in kinds.values())


def chosen(statements: list[Statement], measure: str, visit: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Choose as many patients as the statement counts."""
    found = find(statements, measure, visit).get("count")
    count = int(found.value) if found else 0
    if found and count > n:
        raise _fail([found])
    return np.isin(np.arange(n), rng.choice(n, count, replace=False))


def prednisone(statements: list[Statement], n: int, followed: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Daily doses at the three visits in steps of 2.5 mg, never rising."""
    model = ArmModel(n, followed)
    gaps = []
    for visit in VISITS:
        doses = model.column("prednisone", visit)
        goal = np.rint(rng.lognormal(np.log(5.5 if visit == VISITS[0] else 4.5), 0.55, len(doses)))
        for dose, want in zip(doses, goal, strict=True):
            model.cp.add_modulo_equality(0, dose, 5)
            gap = model.cp.new_int_var(0, 500, "")
            model.cp.add_abs_equality(gap, dose - 5 * int(want))
            gaps.append(gap)
    for before, after in itertools.pairwise(VISITS):
        for x, y in zip(model.column("prednisone", before), model.column("prednisone", after), strict=False):
            model.cp.add(y <= x)
    model.cp.minimize(sum(gaps))
    mine = [s for s in statements if s.measure == "prednisone"]
    values = model.solution(mine, _EFFORT, rng)
    if values is None:
        raise _fail(mine)
    return [values["prednisone", visit] / 2 for visit in VISITS]


def events(statements: list[Statement], n: int, followed: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Tell who has which event; groups count patients."""
    model = ArmModel(n, followed)
    flags: list[Any] = []
    mine = [s for s in statements if block(s.measure) == "events"]
    for s in mine:
        flags += model.column(s.measure, "")
    model.cp.minimize(sum(int(w) * x for w, x in zip(rng.integers(0, 100, len(flags)), flags, strict=True)))
    values = model.solution(mine, _EFFORT, rng) if mine else {}
    if values is None:
        raise _fail(mine)
    single = {name: flag[:followed] for (name, _), flag in values.items() if not name.startswith("any ")}
    for measure in ("injection site reaction", "fever event", "flu-like symptoms"):
        single[measure.removesuffix(" event")] = chosen(statements, measure, "", followed, rng)
    return {name: np.asarray(flag, dtype=bool) for name, flag in single.items()}


def antibody(found: dict[str, Statement], positive: np.ndarray, limit: float, rng: np.random.Generator) -> np.ndarray:
    """Values with the printed median and ends, above the limit exactly where positive; fewer than half are."""
    n = len(positive)
    if not found:
        values = np.exp(rng.normal(np.log(0.4 * limit), 0.5, n))
        return np.round(np.where(positive, limit + values, np.minimum(values, limit)), 2)
    median, low, high = (float(found[kind].value) for kind in ("median", "minimum", "maximum"))
    negatives = n - int(positive.sum())
    middle = (n - 1) // 2
    if not low <= median <= min(limit, high) or negatives < n // 2 + 1 or (positive.any() and high <= limit):
        raise _fail(found.values())
    values = np.empty(n)
    values[:middle] = low + (median - low) * np.sort(rng.beta(1.2, 1.2, middle))
    values[middle:negatives] = median + (min(limit, high) - median) * np.sort(rng.beta(0.8, 2.5, negatives - middle))
    values[negatives:] = limit + (high - limit) * np.sort(rng.beta(0.5, 3, n - negatives))
    values = np.round(values, 2)
    values[negatives:] = np.maximum(values[negatives:], limit + 0.01)
    values[0], values[-1], values[middle] = low, high, median
    if n % 2 == 0:
        values[middle + 1] = median
    order = np.concatenate([rng.permutation(np.flatnonzero(~positive)), rng.permutation(np.flatnonzero(positive))])
    placed = np.empty(n)
    placed[order] = values
    return placed


def protein(present: np.ndarray, stable: np.ndarray, ill: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """24-hour protein in g, shape (patients, weeks): above 0.5 where present, and risen by more than 0.5 g where not stable."""
    values = np.zeros(present.shape)
    for i, t in np.ndindex(*present.shape):
        before = values[i, t - 1] if t else 0.0
        if not present[i, t]:
            values[i, t] = rng.uniform(0.05, 0.45 if ill[i] else 0.2)
        elif stable[i, t]:
            values[i, t] = max(0.51, before + rng.uniform(-0.4 * before, 0.45))
        elif t and present[i, :t].all():
            values[i, t] = before + rng.uniform(0.52, 1.0)
        else:
            values[i, t] = rng.uniform(0.6, 3.0)
    return np.round(values, 2)


def kidney_function(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Draw eGFR in mL/min/1.73 m², shape (patients, weeks): never more than 5 % from entry, from a stream of its own."""
    (own,) = rng.spawn(1)
    entry = own.uniform(70, 120, (shape[0], 1))
    change = own.uniform(-0.05, 0.05, shape)
    change[:, 0] = 0
    return np.round(entry * (1 + change), 1)


def one_side(
    present: np.ndarray, limit: float, below: bool, spread: float, digits: int, rng: np.random.Generator
) -> np.ndarray:
    """Values on the side of a limit where the descriptor says they are."""
    step = 10.0**-digits
    away = np.maximum(np.round(np.abs(rng.normal(0, spread, present.shape)), digits), step)
    low, high = np.maximum(limit - away, step), limit + away
    kept = (np.maximum(limit, high), low) if below else (low, high)
    return np.round(np.where(present, kept[1], kept[0]), digits)
