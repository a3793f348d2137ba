"""What a replica holds beside activity: people, doses of prednisone, laboratory values, events.

The printed numbers are met exactly; everything they leave open is drawn, and is invented.
"""

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.cohort.replica.arm_model import ArmModel, block
from lupus_kit.cohort.replica.statements import VISITS, Statement, find, summary
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints.bilag.systems import COUNT_LIMITS

DSDNA_LIMIT = 100.0
C3_LIMIT = 0.9
_TRIES = 20_000
#: Nobody fell ill at a younger age than the first, few at one than the second; and the body-mass index of patients in trials.
_YOUNGEST, _BMI = (5, 12), (15, 40)
#: Men are taller by so many cm; and how weight and height are correlated.
_TALLER, _ALIKE = 10, (0.1, 0.7)
#: Work the solver may spend on one question, in its deterministic seconds.
_EFFORT = 0.2


def prints_as(s: Statement, values: np.ndarray) -> bool:
    """Whether a number computed from values prints as the statement does."""
    return f"{summary(s.kind, values):.{s.decimals}f}" == s.printed


def _fail(found: Iterable[Statement]) -> InputError:
    listed = "; ".join(s.sentence for s in found)
    return InputError(f"no values were found that agree with: {listed}. Change or drop one of these statements.")


def people(statements: list[Statement], n: int, rng: np.random.Generator) -> dict[str, Any]:
    """Draw sex, age, size and duration that fit each other, with the printed counts, means and SDs.

    Nobody fell ill before the age of five, and one in twenty at most before twelve; men are taller than women, the taller
    are heavier, and the body-mass index is that of patients in trials.
    """
    female = chosen(statements, "female", VISITS[0], n, rng)
    both = {measure: find(statements, measure) for measure in ("age", "duration")}
    age = _skewed(both["age"], n, rng, (18, 65), 1)
    months = _skewed(both["duration"], n, rng, (2, 600), 0)
    for _ in range(_TRIES):
        months = rng.permutation(months)
        onset = age - months / 12
        if onset.min() >= _YOUNGEST[0] and np.mean(onset < _YOUNGEST[1]) <= 0.05:
            sex = pd.Categorical(np.where(female, "female", "male"), ["female", "male"])
            return {"age_years": age, "sex": sex, "disease_duration_months": months} | _body(statements, female, rng)
    raise _fail(s for kinds in both.values() for s in kinds.values())


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


def _body(statements: list[Statement], female: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Weight and height with the correlation that gives body surface (Mosteller) its printed SD."""
    found = {name: find(statements, name) for name in ("weight", "height", "bsa")}
    (mean_w, sd_w), (mean_h, sd_h), (mean_b, sd_b) = (
        [float(kinds[kind].value) for kind in ("mean", "sd")] for kinds in found.values()
    )
    half = 0.5 * 10.0 ** -found["bsa"]["sd"].decimals
    cv_w, cv_h = sd_w / mean_w, sd_h / mean_h
    men_and_women = female.any() and not female.all()
    for _ in range(_TRIES):
        w, h = rng.standard_normal((2, len(female)))
        h += np.where(female, 0, _TALLER / sd_h)
        h = (h - h.mean()) / h.std(ddof=1)
        w = w - w.mean() - h * (h @ (w - w.mean())) / (h @ h)
        w /= w.std(ddof=1)
        # The square of the relative SD of a root of a product, to first order.
        r = ((2 * rng.uniform(sd_b - half, sd_b + half) / mean_b) ** 2 - cv_w**2 - cv_h**2) / (2 * cv_w * cv_h)
        r = min(max(r + rng.normal(0, 0.03), _ALIKE[0]), _ALIKE[1])
        height = np.round(mean_h + sd_h * h, 0)
        weight = np.round(mean_w + sd_w * (r * h + np.sqrt(1 - r * r) * w), 1)
        bmi = weight / (height / 100) ** 2
        if height.min() < 130 or bmi.min() < _BMI[0] or bmi.max() > _BMI[1]:
            continue
        if men_and_women and height[~female].mean() - height[female].mean() < _TALLER / 2:
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


def protein(
    present: np.ndarray, stable: np.ndarray, sediment: np.ndarray, grade: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """24-hour protein in g that gives the renal grade at weeks 0, 12 and 24; all arrays have shape (patients, weeks).

    Protein is above 0.5 g where `present`, and has risen by more than 0.5 g since the visit before where proteinuria lasts and
    is not `stable`. By BILAG-2004, protein of 0.5 g or more that has not fallen by 25 % since the visit before is B, above 1 g
    with an active sediment A; a sediment alone is B; what has fallen, or is above 0.25 g, is C.
    """
    values = rng.uniform(0.05, 0.22, present.shape)
    for i, t in np.ndindex(len(present), 3):
        t *= 3
        letter, last = grade[i, t], values[i, t - 3] if t else 0.0
        if not present[i, t]:
            values[i, t] = rng.uniform(0.26, 0.45) if letter == "C" else values[i, t]
            around = min(rng.uniform(0.8, 1) * last, last)
        elif t and present[i, :t].all():
            values[i, t - 1], values[i, t] = _lasting(last, str(letter), bool(stable[i, t]), bool(sediment[i, t]), rng)
            values[i, t - 2] = (last + values[i, t - 1]) / 2
            continue
        else:
            high = 0.98 if letter == "B" and sediment[i, t] else 3.0
            values[i, t] = rng.uniform(1.05 if letter == "A" else 0.6, high)
            around = rng.uniform(0.9, 1.15) * values[i, t]
        for week in range(max(t - 2, 0), t):
            if present[i, week]:
                values[i, week] = max(0.51, around)
    return np.round(values, 2)


def _lasting(last: float, letter: str, stable: bool, sediment: bool, rng: np.random.Generator) -> tuple[float, float]:
    """Protein four weeks before, and now, of proteinuria that lasts for 12 weeks; it rises by 0.45 g a visit where stable."""
    near = max(0.51, last * rng.uniform(0.9, 1.1))
    if not stable:
        return near, near + rng.uniform(0.52, 1.0)
    if letter == "C":
        now = max(0.51, last * rng.uniform(0.4, 0.75))
        return min(now / 0.75 * rng.uniform(1.02, 1.3), max(last + 0.9, now / 0.73)), now
    now = max(1.05 if letter == "A" else 0.51, min(last * rng.uniform(0.7, 1.1), last + 0.9))
    if letter == "B" and sediment:
        now = rng.uniform(0.55, 0.98)
    return max(0.51, min(now * rng.uniform(0.9, 1.25), last + 0.9)), now


def blood_counts(
    thrombocytopenia: np.ndarray, leukopenia: np.ndarray, grade: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Platelets and white cells that show the descriptors and give the haematological grade, shape (patients, weeks)."""
    made = {}
    for count, shown, carries, descriptor, ends, digits in (
        ("platelets", thrombocytopenia, thrombocytopenia, 100, (8, 350), 0),
        ("white_cells", leukopenia, ~thrombocytopenia, 3, (0.5, 9), 1),
    ):
        a, b, c = COUNT_LIMITS[count].values()
        where = [carries & (grade == "A"), carries & (grade == "B"), shown, carries & (grade == "C")]
        low = np.select(where, [ends[0], a, b, descriptor], c)
        high = np.select(where, [a, b, descriptor, c], ends[1])
        step = 10.0**-digits
        made[count] = np.round(low + step * np.floor((high - low) / step * rng.random(grade.shape) + 1e-9), digits)
    return made


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
