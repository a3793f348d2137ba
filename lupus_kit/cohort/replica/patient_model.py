"""One arm patient by patient: who responds, then descriptors, then grades, then global assessments.

Each step is a small constraint problem of its own, given the steps before it. A random proposal is drawn first, and the
solver looks for patients close to it. Every proposal has some chance, so every cohort that fits the statements and the
invented coherence below has some chance too; a step without a solution starts over from the first. A system may have only
the grades that the rules of BILAG-2004 give to what is present in it.
"""

from functools import partial
from typing import Any

import numpy as np

from lupus_kit.cohort.columns import SYSTEM_ITEMS
from lupus_kit.cohort.replica.arm_model import CODING, DROP, PLAIN_SEARCH, WEIGHTS, ArmModel, Columns
from lupus_kit.cohort.replica.findings import SEDIMENT, SEVERE, possible_grades
from lupus_kit.cohort.replica.statements import VISITS, Statement, find
from lupus_kit.endpoints import BILAG_SYSTEMS
from lupus_kit.endpoints.rules.sri import PGA_LIMIT_HUNDREDTHS

ITEMS = tuple(WEIGHTS)
RENAL = SYSTEM_ITEMS["renal"]

#: Invented: how often each descriptor is proposed at entry, and how often it is proposed to last to a later visit.
_SHARE = {
    "casts": 0.1, "haematuria": 0.4, "proteinuria": 1.0, "pyuria": 0.2, "low_complement": 0.7, "dna_binding": 0.4,
    "pleurisy": 0.05, "pericarditis": 0.05, "thrombocytopenia": 0.1, "leukopenia": 0.12,
    "rash": 0.5, "alopecia": 0.32, "mucosal_ulcer": 0.08, "arthritis": 0.5, "vasculitis": 0.1, "fever": 0.12, "myositis": 0.05,
}  # fmt: skip
_RARE, _LASTS, _SEROLOGY_LASTS, _NEW = 0.01, 0.4, 0.85, 0.03
#: By how much more the search avoids a descriptor that is rare in trials.
_DEAR = 10
#: How often A and B are proposed for a system with a descriptor, at entry and later.
_AB_SHARE = {True: (0.6, 0.2), False: (0.04, 0.2)}
_C_SHARE = 0.35
#: Work the solver may spend on agreeing with the proposal, in its deterministic seconds; that a step has no solution is
#: shown at once.
EFFORT = 0.2
_ATTEMPTS, _WITH_ONE_ENTRY = 48, 6


class _Step(ArmModel):
    """A part of the arm; its columns are made by the step itself."""

    def column(self, measure: str, visit: str) -> list[Any]:
        """Return the unknowns of a measure, making flags where it is new."""
        if (measure, visit) not in self.columns:
            self.columns[measure, visit] = self._flags(measure, visit)
        return self.columns[measure, visit]

    def solved(self, statements: list[Statement], unlike: Any, rng: np.random.Generator) -> Columns | None:
        """Solve for the statements on this step's measures, near the proposal."""
        self.cp.minimize(unlike)
        mine = [s for s in statements if (s.measure, s.visit) in self.columns]
        return self.solution(mine, EFFORT, rng, **PLAIN_SEARCH)


def _unlike(model: _Step, key: tuple[str, str], wanted: np.ndarray) -> list[Any]:
    """List the flags of a column that are true where a patient differs from the proposal."""
    differ = []
    for flag, yes in zip(model.column(*key), wanted, strict=False):
        differ.append(~flag if yes else flag)
        model.cp.add_hint(flag, bool(yes))
    return differ


def _responders(statements: list[Statement], entry: np.ndarray, rng: np.random.Generator) -> Columns:
    """Draw who responds when, and which clause each non-responder fails; `entry` is the SLEDAI of those followed.

    Whoever enters far above the highest SLEDAI printed later responds: it must fall.
    """
    followed = len(entry)
    columns: Columns = {}
    number = {s.visit: int(s.value) for s in statements if s.measure == "responder" and s.kind == "count"}
    lasting = rng.random(followed) * 2
    lowest = find(statements, "pga").get("minimum")
    for visit in VISITS[1:]:
        top = find(statements, "sledai", visit).get("maximum")
        must = entry >= float(top.value) + DROP if top else np.zeros(followed, dtype=bool)
        first = np.argsort(rng.random(followed) + lasting - 9 * must)[: number.get(visit, followed // 2)]
        columns["responder", visit] = np.isin(np.arange(followed), first).astype(np.int64)
        fails = columns["_fails", visit] = rng.choice(3, followed, p=[0.88, 0.05, 0.07])
        highest = find(statements, "pga", visit).get("maximum")
        if lowest and highest and 100 * (highest.value - lowest.value) < PGA_LIMIT_HUNDREDTHS:
            fails[fails == 2] = 0  # as printed, nobody's assessment can rise so far
    return columns


def _descriptors(
    visits: tuple[str, ...], statements: list[Statement], size: int, drawn: Columns, rng: np.random.Generator
) -> Columns | None:
    """Find the descriptors at the visits: they make the totals, the organ counts and the kidneys; those drawn stay."""
    followed = len(drawn["responder", VISITS[1]])
    model = _Step(size, followed)
    put, unlike = model.columns, list[Any]()
    wanted = None
    for v, visit in enumerate(visits):
        known = (ITEMS[0], visit) in drawn
        wanted = np.stack([drawn[item, visit] for item in ITEMS], axis=1) if known else _proposal(wanted, size, rng)
        for k, item in enumerate(ITEMS):
            differ = _unlike(model, (item, visit), wanted[:, k])
            unlike += [] if known else differ * (1 if item in _SHARE else _DEAR)
            if known:
                model.cp.add_bool_and([~x for x in differ])
        stable = model.column("proteinuria_stable", visit)
        points = [sum(WEIGHTS[item] * put[item, visit][i] for item in ITEMS) - 4 * x for i, x in enumerate(stable)]
        put["sledai", visit] = [model.cp.new_int_var(0, 105, "") for _ in stable]
        for i, (total, sum_of_items) in enumerate(zip(put["sledai", visit], points, strict=True)):
            model.cp.add(total == sum_of_items)
            if visit == VISITS[0]:
                model.cp.add(stable[i] == 0)
                continue
            # Stable means: there at every visit since entry.
            lasts = [put["proteinuria", w][i] for w in VISITS[: v + 1]]
            model.cp.add_bool_and(lasts).only_enforce_if(stable[i])
            # With a sediment, a rise of protein by more than 0.5 g is grade A: more than the few patients printed.
            for item in SEDIMENT:
                model.cp.add_bool_or([stable[i], ~put[item, visit][i], *(~x for x in lasts)])
            fall = put["sledai", VISITS[0]][i] - total
            falls = drawn["responder", visit][i] or drawn["_fails", visit][i]
            model.cp.add(fall >= DROP if falls else fall < DROP)
            if drawn["_fails", visit][i] == 1 and not drawn["responder", visit][i]:
                model.cp.add_bool_or([put[item, visit][i] for item in SEVERE])
        # The printed medians of anti-dsDNA are low: fewer than half are positive, somebody is and somebody is not.
        positive = put["dna_binding", visit]
        model.cp.add(sum(positive[:followed]) >= 1)
        model.cp.add(sum(positive) <= (followed - 1) // 2)
    _add_kidneys(model, visits, size, followed)
    if len(visits) == 1:
        _add_entry_totals(model, size)
    return model.solved(statements, sum(unlike), rng)


def _add_kidneys(model: _Step, visits: tuple[str, ...], size: int, followed: int) -> None:
    """Renal descriptors only with nephritis; proteinuria at entry, and later wherever there is no remission."""
    put, nephritis = model.columns, model.column("nephritis", VISITS[0])
    for visit in visits:
        for i in range(size if visit == VISITS[0] else followed):
            for item in RENAL:
                model.cp.add(put[item, visit][i] <= (nephritis[i] if i < followed else 0))
    for i in range(followed):
        model.cp.add_implication(nephritis[i], put["proteinuria", VISITS[0]][i])
        for visit in visits[1:]:
            model.cp.add(put["proteinuria", visit][i] + model.column("remission", visit)[i] == nephritis[i])
    if size > followed:
        model.cp.add(sum(nephritis[followed:]) == 0)


def _add_entry_totals(model: _Step, size: int) -> None:
    """Descriptors at entry leave room for the printed totals of BILAG: 12 or 13 points are one A and at most one C."""
    put, entry = model.columns, VISITS[0]
    put["bilag_total", entry], put["active_bilag", entry] = [], []
    for i in range(size):
        grades = []
        for system, items in SYSTEM_ITEMS.items():
            severe = [item for item in items if item in (*SEVERE, *SEDIMENT)]
            a, b, c = (model.cp.new_bool_var("") for _ in CODING)
            present = [put[item, entry][i] for item in items]
            model.cp.add_at_most_one([a, b, c])
            model.cp.add_bool_or([~a, *(put[item, entry][i] for item in severe)])
            model.cp.add_bool_or([~b, *present])
            for flag in present:
                model.cp.add_bool_or([~flag, a, b] if system == "renal" else [~flag, a, b, c])
            grades.append((a, b, c))
        _add_total(model, entry, [sum(flags) for flags in zip(*grades, strict=True)])


def _add_total(model: _Step, visit: str, counts: list[Any]) -> None:
    """Add one patient's BILAG total, and whether there is one A or two B, from the numbers of A, B and C."""
    total = model.cp.new_int_var(0, CODING[0] * len(BILAG_SYSTEMS), "")
    model.cp.add(total == sum(points * count for points, count in zip(CODING, counts, strict=True)))
    model.columns["bilag_total", visit].append(total)
    model.columns["active_bilag", visit].append(~model.reified("", 2 * counts[0] + counts[1], 1))


def _grades(statements: list[Statement], size: int, found: Columns, rng: np.random.Generator) -> Columns | None:
    """Find nine grades a visit, each one that the rules of BILAG-2004 give to some form of what is present."""
    followed = len(found["responder", VISITS[1]])
    model = _Step(size, followed)
    put, unlike = model.columns, []
    for v, visit in enumerate(VISITS):
        seen = len(found["sledai", visit])
        put["bilag_total", visit], put["active_bilag", visit] = [], []
        for system in BILAG_SYSTEMS:
            shown = sum(found[item, visit] for item in SYSTEM_ITEMS[system]) + np.zeros(seen)
            for grade, share in zip("ABC", (*_AB_SHARE[v == 0], _C_SHARE), strict=True):
                wanted = (rng.random(seen) < share) & ((shown > 0) | (grade == "C"))
                unlike += _unlike(model, (f"{system} {grade}", visit), wanted)
            for i in range(seen):
                present = {item for item in SYSTEM_ITEMS[system] if found[item, visit][i]}
                lasting = all(found["proteinuria", w][i] for w in VISITS[:v]) if v else False
                grades = possible_grades(system, present, lasting, bool(found["proteinuria_stable", visit][i]))
                for g in "ABC":
                    if g not in grades:
                        model.cp.add(put[f"{system} {g}", visit][i] == 0)
                flags = [put[f"{system} {g}", visit][i] for g in grades]
                (model.cp.add_exactly_one if present else model.cp.add_at_most_one)(flags)
        for i in range(seen):
            _add_total(model, visit, [sum(put[f"{s} {g}", visit][i] for s in BILAG_SYSTEMS) for g in "ABC"])
    for visit in VISITS[1:]:
        for i in range(followed):
            worse = _worse(model, visit, i)
            if found["responder", visit][i]:
                model.cp.add(worse <= 1)
            elif found["_fails", visit][i] == 1:
                model.cp.add(worse >= 2)
    return model.solved(statements, sum(unlike), rng)


def _worse(model: _Step, visit: str, i: int) -> Any:
    """Two for each new A and one for each new B: the clause holds up to one."""
    put, worse = model.columns, 0
    for s in BILAG_SYSTEMS:
        a_then, b_then = (put[f"{s} {g}", VISITS[0]][i] for g in "AB")
        a_now, b_now = (put[f"{s} {g}", visit][i] for g in "AB")
        worse += 2 * model.all_of("", [a_now, ~a_then]) + model.all_of("", [b_now, ~a_then, ~b_then])
    return worse


def _assessments(statements: list[Statement], size: int, found: Columns, rng: np.random.Generator) -> Columns | None:
    """Find global assessments in steps of 0.05 that follow SLEDAI and BILAG, with the noise of a rater."""
    followed = len(found["responder", VISITS[1]])
    model = _Step(size, followed)
    put, gaps = model.columns, []
    for visit in VISITS:
        put["pga", visit] = []
        scale, top = (1.0, 2.8) if visit == VISITS[0] else (0.7, 2.2)
        activity = 0.12 * found["sledai", visit] + 0.06 * found["bilag_total", visit]
        goal = np.clip(scale * activity + rng.normal(0, 0.35, len(activity)), 0, top)
        for value in np.rint(20 * goal).astype(int):
            step = model.cp.new_int_var(0, 60, "")
            gap = model.cp.new_int_var(0, 60, "")
            model.cp.add_abs_equality(gap, step - int(value))
            put["pga", visit].append(5 * step)
            gaps.append(gap)
    for visit in VISITS[1:]:
        for i in range(followed):
            rise = put["pga", visit][i] - put["pga", VISITS[0]][i]
            if found["responder", visit][i]:
                model.cp.add(rise <= PGA_LIMIT_HUNDREDTHS - 1)
            elif found["_fails", visit][i] == 2:
                model.cp.add(rise >= PGA_LIMIT_HUNDREDTHS)
    return model.solved(statements, sum(gaps), rng)


def _proposal(before: np.ndarray | None, size: int, rng: np.random.Generator) -> np.ndarray:
    """Propose the descriptors of a visit, shape (patients, 24), given the published visit before: each has some chance."""
    if before is None:
        return rng.random((size, len(ITEMS))) < np.array([_SHARE.get(item, _RARE) for item in ITEMS])
    lasts = [_SEROLOGY_LASTS if item in ("low_complement", "dna_binding") else _LASTS for item in ITEMS]
    return rng.random(before.shape) < np.where(before, lasts, _NEW)


def solve_arm(statements: list[Statement], randomised: int, followed: int, rng: np.random.Generator) -> Columns | None:
    """Find one arm's activity and kidneys near a random proposal; None where every attempt fails.

    Returns
    -------
    dict or None
        Values of every column (name, visit), one per patient seen at that visit.
    """
    entry: Columns | None = None
    for attempt in range(_ATTEMPTS):
        if attempt % _WITH_ONE_ENTRY == 0 or entry is None:
            entry = _descriptors(
                VISITS[:1], statements, randomised, {("responder", VISITS[1]): np.zeros(followed)}, rng
            )
        if entry is None:
            continue
        found = entry | _responders(statements, entry["sledai", VISITS[0]][:followed], rng)
        if attempt >= _ATTEMPTS // 2:
            # Late attempts let every non-responder fail by SLEDAI, which leaves the most room.
            found |= {("_fails", visit): np.zeros(followed, dtype=np.int64) for visit in VISITS[1:]}
        for step in (partial(_descriptors, VISITS), _grades, _assessments):
            part = step(statements, randomised, found, rng)
            if part is None:
                break
            found |= part
        else:
            return found
    return None
