"""One arm of the trial as a constraint problem: its patients are the unknowns, the printed numbers the constraints.

The model holds what every cohort must satisfy by definition (the SLEDAI is the sum of its items, the SRI follows from
SLEDAI, BILAG and PGA) and nothing that the kit invents. It is written in counts where that loses nothing: descriptors
without a printed number are counted by weight, and grades move between A, B and lower in a table of transitions, since
the organ systems are interchangeable in every statement.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from time import monotonic
from typing import Any

import numpy as np

from lupus_kit.cohort.replica.statements import ORGANS, VISITS, Statement, order_statistic
from lupus_kit.core.bars import Bar
from lupus_kit.core.errors import InputError, is_number, require_switch
from lupus_kit.core.extras import need
from lupus_kit.endpoints import BILAG_CODING, BILAG_SYSTEMS, SLEDAI_ITEMS
from lupus_kit.endpoints.rules.sri import NEW_B_LIMIT, PGA_LIMIT_HUNDREDTHS

#: Steps in which a value is recorded, per unit; 1 where not named.
SCALES = {"pga": 100, "prednisone": 2, "dsdna": 100, "anti_nucleosome": 100, "weight": 10, "bsa": 100}
_LARGEST = {"pga": 3, "prednisone": 200, "dsdna": 5000, "anti_nucleosome": 5000}
_LARGEST |= dict.fromkeys(("age", "weight", "height", "bsa", "duration"), 1000)
CLINICAL = frozenset({"sledai", "bilag_total", "active_bilag", "pga", "responder", *ORGANS})
_GRADES = ("bilag_total", "active_bilag", "_bilag_ok")
_INFECTIONS = ("upper respiratory infection", "herpes zoster", "pneumonia")
_GROUPS = {
    "any infection": _INFECTIONS,
    "any severe infection": _INFECTIONS[1:],
    "any serious event": (*_INFECTIONS[1:], "NPSLE"),
}
WEIGHTS = dict(zip(SLEDAI_ITEMS["id"], SLEDAI_ITEMS["weight"], strict=True))
CODING = BILAG_CODING[:3]  # D and E count nothing
DROP = 4
#: Parameters of a search without the preparations that a small question does not repay.
PLAIN_SEARCH = {"cp_model_probing_level": 0, "symmetry_level": 0, "linearization_level": 0}

#: The value of every patient by the name of a measure and the visit.
Columns = dict[tuple[str, str], np.ndarray]


def cp_model() -> Any:
    """Return the solver's module, CP-SAT of OR-Tools; it belongs to the extra ``replica``."""
    return need("ortools.sat.python.cp_model", "replica", "Solving for a cohort that agrees with the paper")


#: Takes note of so many runs of the solver and tells how many seconds are left; nobody watches unless asked to.
_watcher: ContextVar[Callable[[int], float]] = ContextVar("watcher", default=lambda runs: float("inf"))


@contextmanager
def watched(what: str, progress: bool, time_limit: float) -> Iterator[None]:
    """Show the runs of the solver on a bar, in a terminal or a notebook, and end the search when its time is over.

    Raises
    ------
    InputError
        When the time is over, or where it is no number of seconds above 0.
    """
    require_switch("progress", progress)
    if not is_number(time_limit) or not time_limit > 0:
        raise InputError(f"time_limit is {time_limit!r}: give a number of seconds above 0.")
    end = monotonic() + time_limit
    with Bar(desc=what, unit=" solver runs", disable=None if progress else True, delay=1, leave=False) as bar:

        def left(runs: int) -> float:
            bar.update(runs)
            if monotonic() >= end:
                raise InputError(
                    f"{what}: the search did not end within the time limit of {time_limit:g} s ({bar.n} runs of the solver). "
                    "Nothing is wrong with what was given; allow more time with time_limit=."
                )
            return end - monotonic()

        token = _watcher.set(left)
        try:
            yield
        finally:
            _watcher.reset(token)


def solve(model: Any, effort: float, seed: int = 0, **parameters: int) -> tuple[bool | None, Any]:
    """Say whether a model can hold (None: not found out with this effort), and return the solver with the values.

    The answer is the same every time: one worker, and a limit on work instead of on time.
    """
    cp = cp_model()
    made = cp.CpSolver()
    fixed = {"num_workers": 1, "random_seed": seed % (2**31), "max_deterministic_time": effort}
    for name, value in (fixed | parameters | {"max_time_in_seconds": _watcher.get()(0)}).items():
        setattr(made.parameters, name, value)
    status = made.solve(model)
    _watcher.get()(1)  # a run that was cut short says nothing
    return {cp.OPTIMAL: True, cp.FEASIBLE: True, cp.INFEASIBLE: False}.get(status), made


def answer(model: Any, effort: float) -> tuple[bool | None, Any]:
    """Solve with a little plain search, and where that proves nothing with the preparations that few questions repay."""
    possible, made = solve(model, effort / 10, **PLAIN_SEARCH)
    proved = possible is False or (possible and made.best_objective_bound == made.objective_value)
    return (possible, made) if proved else solve(model, effort)


def block(measure: str) -> str:
    """Name the part of the arm a measure belongs to; the parts share no unknown."""
    if measure in CLINICAL:
        return "activity"
    if measure in ("nephritis", "remission"):
        return "nephritis"
    return "events" if measure in (*_GROUPS, *_INFECTIONS, "NPSLE") else measure


class ArmModel:
    """The unknown patients of one arm; unknowns are made when a statement first speaks of them.

    Parameters
    ----------
    randomised, followed : int
        Patients randomised, and patients seen after entry: the first ones.
    coding : sequence of int
        Points for BILAG A, B and C.
    age_steps : int
        Steps per year in which age is recorded.
    """

    def __init__(self, randomised: int, followed: int, coding: Sequence[int] = CODING, age_steps: int = 1) -> None:
        self.cp = cp_model().CpModel()
        self.randomised, self.followed, self.coding = randomised, followed, tuple(coding)
        self.scales = SCALES | {"age": age_steps}
        self.columns: dict[tuple[str, str], list[Any]] = {}

    def column(self, measure: str, visit: str) -> list[Any]:
        """Return the unknown of every patient; after entry only of those followed."""
        if (measure, visit) not in self.columns:
            if measure in _GRADES:
                self._add_grades()  # nothing else follows from them: a question about grades alone is a small model
            elif measure in CLINICAL or measure.startswith("_") or measure in WEIGHTS:
                self._add_activity()
            elif block(measure) == "nephritis":
                self._add_nephritis()
            elif block(measure) == "events":
                self._add_events()
            elif measure in _LARGEST:
                high = _LARGEST[measure] * self.scales.get(measure, 1)
                self.columns[measure, visit] = self._whole(measure, visit, high)
            else:
                self.columns[measure, visit] = self._flags(measure, visit)
        return self.columns[measure, visit]

    def _size(self, visit: str) -> int:
        return self.randomised if visit == VISITS[0] else self.followed

    def _whole(self, name: str, visit: str, high: int) -> list[Any]:
        return [self.cp.new_int_var(0, high, f"{name} {visit} {i}") for i in range(self._size(visit))]

    def _flags(self, name: str, visit: str) -> list[Any]:
        return [self.cp.new_bool_var(f"{name} {visit} {i}") for i in range(self._size(visit))]

    def reified(self, name: str, expression: Any, limit: int) -> Any:
        """Make a flag that is true exactly where the expression is at most the limit."""
        flag = self.cp.new_bool_var(name)
        self.cp.add(expression <= limit).only_enforce_if(flag)
        self.cp.add(expression >= limit + 1).only_enforce_if(~flag)
        return flag

    def _add_activity(self) -> None:
        put = self.columns
        for visit in VISITS:
            for organ in ORGANS:
                put[organ, visit] = self._flags(organ, visit)
            put["sledai", visit] = [self._sledai(visit, i) for i in range(self._size(visit))]
            put["pga", visit] = self._whole("pga", visit, 300)
        if ("_bilag_ok", VISITS[0]) not in put:
            self._add_grades()
        for visit in VISITS[1:]:
            for name in ("responder", "_drop", "_pga_ok"):
                put[name, visit] = []
            for i in range(self.followed):
                fall = put["sledai", visit][i] - put["sledai", VISITS[0]][i]
                rise = put["pga", visit][i] - put["pga", VISITS[0]][i]
                drop = self.reified(f"drop {visit} {i}", fall, -DROP)
                pga_ok = self.reified(f"pga {visit} {i}", rise, PGA_LIMIT_HUNDREDTHS - 1)
                parts = (drop, pga_ok, put["_bilag_ok", visit][i])
                put["responder", visit].append(self.all_of(f"responder {visit} {i}", parts))
                put["_drop", visit].append(drop)
                put["_pga_ok", visit].append(pga_ok)

    def all_of(self, name: str, parts: Iterable[Any]) -> Any:
        """Make a flag that is true exactly where all parts are."""
        parts = list(parts)
        flag = self.cp.new_bool_var(name)
        self.cp.add_bool_and(parts).only_enforce_if(flag)
        self.cp.add_bool_or([*(~p for p in parts), flag])
        return flag

    def any_of(self, name: str, parts: Iterable[Any]) -> Any:
        """Make a flag that is true exactly where one of the parts is."""
        return ~self.all_of(name, [~p for p in parts])

    def _sledai(self, visit: str, i: int) -> Any:
        points = sum(WEIGHTS[organ] * self.columns[organ, visit][i] for organ in ORGANS)
        for weight in sorted(set(WEIGHTS.values())):
            others = sum(w == weight for item, w in WEIGHTS.items() if item not in ORGANS)
            points += weight * self.cp.new_int_var(0, others, f"others of {weight} {visit} {i}")
        total = self.cp.new_int_var(0, sum(WEIGHTS.values()), f"sledai {visit} {i}")
        self.cp.add(total == points)
        return total

    def _add_grades(self) -> None:
        systems = len(BILAG_SYSTEMS)
        new = self.cp.new_int_var
        put = self.columns
        for name in _GRADES:
            put |= {(name, visit): [] for visit in VISITS}
        for i in range(self.randomised):
            entry = [new(0, systems, f"entry {g} {i}") for g in "ABO"]
            self.cp.add(sum(entry) == systems)
            self._total(VISITS[0], i, *entry)
            for visit in VISITS[1:] if i < self.followed else ():
                move = [[new(0, systems, f"{g}{h} {visit} {i}") for h in "ABO"] for g in "ABO"]
                for g in range(3):
                    self.cp.add(sum(move[g]) == entry[g])
                now = [sum(row[h] for row in move) for h in range(3)]
                self._total(visit, i, *now)
                new_a, new_b = move[1][0] + move[2][0], move[2][1]
                worse = NEW_B_LIMIT * new_a + new_b
                put["_bilag_ok", visit].append(self.reified(f"bilag {visit} {i}", worse, NEW_B_LIMIT - 1))

    def _total(self, visit: str, i: int, a: Any, b: Any, lower: Any) -> None:
        c = self.cp.new_int_var(0, len(BILAG_SYSTEMS), f"C {visit} {i}")
        self.cp.add(c <= lower)
        total = self.cp.new_int_var(0, self.coding[0] * len(BILAG_SYSTEMS), f"bilag {visit} {i}")
        self.cp.add(total == self.coding[0] * a + self.coding[1] * b + self.coding[2] * c)
        self.columns["bilag_total", visit].append(total)
        # One A or two B is the same as 2 A + B of 2 or more.
        calm = self.reified(f"calm {visit} {i}", 2 * a + b, 1)
        self.cp.add(total >= min(self.coding[0], 2 * self.coding[1])).only_enforce_if(~calm)
        self.columns["active_bilag", visit].append(~calm)

    def _add_nephritis(self) -> None:
        self.columns["nephritis", VISITS[0]] = self._flags("nephritis", VISITS[0])[: self.followed]
        for visit in VISITS[1:]:
            self.columns["remission", visit] = self._flags("remission", visit)
            for flag, ill in zip(self.columns["remission", visit], self.columns["nephritis", VISITS[0]], strict=True):
                self.cp.add_implication(flag, ill)

    def _add_events(self) -> None:
        single = (*_INFECTIONS, "NPSLE")
        for event in single:
            self.columns[event, ""] = self._flags(event, "")
        for group, members in _GROUPS.items():
            each = zip(*(self.columns[m, ""] for m in members), strict=True)
            self.columns[group, ""] = [self.any_of(f"{group} {i}", flags) for i, flags in enumerate(each)]

    def require(self, s: Statement) -> None:
        """Add a statement."""
        if s.kind == "sd":
            return
        if s.kind == "n":
            if ("n", s.visit) not in self.columns:
                self.columns["n", s.visit] = [self.cp.new_int_var(0, self.randomised, f"n {s.visit}")]
            self.cp.add(self.columns["n", s.visit][0] == int(s.value))
            return
        values = self.column(s.measure, s.visit)
        values = values if s.everyone else values[: self.followed]
        target = s.value * self.scales.get(s.measure, 1)
        if s.kind == "count":
            self.cp.add(sum(values) == int(s.value))
        elif s.kind == "mean":
            self._mean(values, s)
        elif s.kind in ("minimum", "maximum"):
            self._extreme(values, target, s.kind == "minimum")
        else:
            below = self._order(values, target, *order_statistic(s.kind, len(values)))
            if s.measure == "bilag_total" and target < min(self.coding[0], 2 * self.coding[1]):
                # Implied: nobody with one A or two B is among the lowest. Said once for all, or the solver counts pigeons.
                active = self.column("active_bilag", s.visit)[: len(values)]
                self.cp.add(sum(below) + sum(active) <= len(values))

    def _mean(self, values: list[Any], s: Statement) -> None:
        half = Fraction(1, 2 * 10**s.decimals)
        steps = len(values) * self.scales.get(s.measure, 1)
        low, high = (s.value - half) * steps, (s.value + half) * steps
        self.cp.add(sum(values) >= -(-low.numerator // low.denominator))
        self.cp.add(sum(values) <= high.numerator // high.denominator)

    def _extreme(self, values: list[Any], target: Fraction, lowest: bool) -> None:
        if target.denominator != 1:
            self.cp.add_bool_or([])
            return
        reached = [self.cp.new_bool_var("") for _ in values]
        for x, flag in zip(values, reached, strict=True):
            self.cp.add(x >= int(target) if lowest else x <= int(target))
            self.cp.add(x == int(target)).only_enforce_if(flag)
        self.cp.add_bool_or(reached)

    def _order(self, values: list[Any], target: Fraction, place: int, weight: Fraction) -> list[Any]:
        """Value number ``place`` and the next one, weighted, give the target exactly.

        The patients are split into the ``place + 1`` lowest and the others; the largest of the first and the smallest of
        the second are the two values. Returns the flags of the lowest.
        """
        den = weight.denominator * target.denominator
        goal = target * den
        top = int(target * 20) + 200
        lower = self.cp.new_int_var(0, top, "")
        upper = self.cp.new_int_var(0, top, "") if weight else lower
        if weight:
            self.cp.add(lower <= upper)
        w = int(weight * den)
        self.cp.add((den - w) * lower + w * upper == int(goal))
        below = [self.cp.new_bool_var("") for _ in values]
        self.cp.add(sum(below) == place + 1)
        at_lower = [self.cp.new_bool_var("") for _ in values]
        at_upper = [self.cp.new_bool_var("") for _ in values] if weight else []
        for x, is_below, is_lower in zip(values, below, at_lower, strict=True):
            self.cp.add(x <= lower).only_enforce_if(is_below)
            self.cp.add(x >= upper).only_enforce_if(~is_below)
            # Implied: the weighted mean of the two lies between them. With it the solver sees at once who can be where.
            self.cp.add(x <= int(target)).only_enforce_if(is_below)
            self.cp.add(x >= -int(-target // 1)).only_enforce_if(~is_below)
            self.cp.add(x == lower).only_enforce_if(is_lower)
            self.cp.add_implication(is_lower, is_below)
        for x, is_below, is_upper in zip(values, below, at_upper, strict=False):
            self.cp.add(x == upper).only_enforce_if(is_upper)
            self.cp.add_implication(is_upper, ~is_below)
        for flags in filter(None, (at_lower, at_upper)):
            self.cp.add_bool_or(flags)
        return below

    def solution(
        self, statements: Iterable[Statement], effort: float, rng: np.random.Generator, **parameters: int
    ) -> Columns | None:
        """Add statements, solve, and read every column; None where no solution is found."""
        for s in statements:
            self.require(s)
        possible, made = solve(self.cp, effort, int(rng.integers(2**31)), **parameters)
        if not possible:
            return None
        return {key: np.array([made.value(x) for x in column], dtype=np.int64) for key, column in self.columns.items()}
