"""Endpoints one row at a time, in plain Python, written from the published definitions; no code shared with the kit.

Slow on purpose and easy to read. A row is a dictionary; a cell is ``None`` where it is missing. Verdicts are True,
False, or None where what is missing leaves them open. Decimal values are exact fractions. Sources: Bombardier 1992,
Petri 2005 and Gladman 2002 (SLEDAI and its versions, flare index), Isenberg 2005 and Yee 2009 (BILAG-2004),
Furie 2009 (SRI), Wallace 2014 (BICLA), Franklyn 2016 (LLDAS), van Vollenhoven 2021 (DORIS), Touma 2011 (S2K RI-50).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

Row = dict[str, Any]
Verdict = bool | None

WEIGHTS = {
    "seizure": 8, "psychosis": 8, "organic_brain": 8, "visual": 8, "cranial_nerve": 8, "lupus_headache": 8, "cva": 8,
    "vasculitis": 8, "arthritis": 4, "myositis": 4, "casts": 4, "haematuria": 4, "proteinuria": 4, "pyuria": 4,
    "rash": 2, "alopecia": 2, "mucosal_ulcer": 2, "pleurisy": 2, "pericarditis": 2, "low_complement": 2,
    "dna_binding": 2, "fever": 1, "thrombocytopenia": 1, "leukopenia": 1,
}  # fmt: skip
SEROLOGY = ("low_complement", "dna_binding")
SYSTEMS = (
    "constitutional", "mucocutaneous", "neuropsychiatric", "musculoskeletal", "cardiorespiratory",
    "gastrointestinal", "ophthalmic", "renal", "haematological",
)  # fmt: skip


def every(*verdicts: Verdict) -> Verdict:
    """One False decides; otherwise one None leaves it open."""
    if False in verdicts:
        return False
    return None if None in verdicts else True


def some(*verdicts: Verdict) -> Verdict:
    """One True decides; otherwise one None leaves it open."""
    if True in verdicts:
        return True
    return None if None in verdicts else False


def no(verdict: Verdict) -> Verdict:
    return None if verdict is None else not verdict


def compare(left: Any, symbol: str, right: Any) -> Verdict:
    """Compare two numbers; open where one is missing."""
    if left is None or right is None:
        return None
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[symbol]


def less(left: Any, right: Any) -> Any:
    """Subtract; missing where one is missing."""
    return None if left is None or right is None else left - right


# --- SLEDAI ------------------------------------------------------------------------------------------------------


def sledai(row: Row, version: str, clinical: bool = False) -> int | None:
    """Total of the 24 descriptors."""
    must_be_recent = {
        "SLEDAI": ("proteinuria", "rash", "alopecia", "mucosal_ulcer"),
        "SELENA": ("proteinuria",),
        "2K": (),
        "hybrid": (),
    }[version]
    total = 0
    for name, weight in WEIGHTS.items():
        if clinical and name in SEROLOGY:
            continue
        present = row[name]
        if present and name in must_be_recent:
            present = no(row.get(f"{name}_stable", False))
        if present is None:
            return None
        total += weight * present
    return total


# --- SRI ---------------------------------------------------------------------------------------------------------


def _new_grades(before: Row, now: Row, b_to_a_is_new: bool) -> tuple[int, int, bool]:
    """Count new A and new B, and tell whether a grade is missing."""
    new_a = new_b = 0
    gap = False
    for system in SYSTEMS:
        old, new = before[f"bilag_{system}"], now[f"bilag_{system}"]
        if old is None or new is None:
            gap = True
        elif new == "A" and old in ("BCDE" if b_to_a_is_new else "CDE"):
            new_a += 1
        elif new == "B" and old in "CDE":
            new_b += 1
    return new_a, new_b, gap


def _bilag_clause(before: Row, now: Row, b_to_a_is_new: bool) -> Verdict:
    new_a, new_b, gap = _new_grades(before, now, b_to_a_is_new)
    if new_a > 0 or new_b > 1:
        return False
    return None if gap else True


def sri_clauses(before: Row, now: Row, points: int, b_to_a: bool, components: Any, events: Any, score: str) -> Verdict:
    """Decide one visit against baseline."""
    clauses = []
    if before[score] is not None and before[score] < points:
        clauses.append(False)
    else:
        clauses.append(compare(less(before[score], now[score]), ">=", points))
    if "bilag" in components:
        clauses.append(_bilag_clause(before, now, b_to_a))
    if "pga" in components:
        clauses.append(compare(less(now["pga"], before["pga"]), "<", Fraction(30, 100)))
    clauses += [no(now[event]) for event in events]
    return every(*clauses)


def with_events(visits: dict[int, Row | None], events: tuple[str, ...], strategy: str) -> dict[int, Row]:
    """Say at each week whether each event had happened by then, and take the values that the strategy judges.

    Walked visit by visit. An event at week 0 does not count. An empty cell of a visit that was made is not forgotten
    until there is a yes.
    """
    happened: dict[str, Verdict] = dict.fromkeys(events, False)
    judged: Row = {}
    found = {}
    for week, visit in sorted(visits.items()):
        row = visit or {}
        made = any(value is not None for value in row.values())
        now: dict[str, Verdict] = dict.fromkeys(events, False)
        for event in events if week > 0 else ():
            now[event] = some(happened[event], row.get(event))
            if made:
                happened[event] = now[event]
        after = some(*now.values())
        if strategy == "while_on_treatment":
            if after is False and made:
                judged = row
            row = {} if after is None else judged if after else row
        elif strategy == "hypothetical" and after is not False:
            row = {}
        found[week] = {**row, **(now if strategy == "composite" else dict.fromkeys(events, False))}
    return found


def no_event(visits: dict[int, Row], week: int, events: tuple[str, ...]) -> list[Verdict]:
    """Tell of each event whether it had not happened by this visit, all visits of the patient being known."""
    return [no(with_events(dict(visits), events, "composite")[week][event]) for event in events]


def sri(
    visits: dict[int, Row | None],
    points: int = 4,
    *,
    b_to_a_is_new: bool = True,
    missing: str = "nonresponder",
    components: tuple[str, ...] = ("sledai", "bilag", "pga"),
    events: str = "composite",
    event_columns: tuple[str, ...] = (),
    score: str = "sledai",
) -> dict[int, tuple[Verdict, bool]]:
    """One patient: for each later week the verdict, and whether a way to handle missing data made it."""
    fields = [score, "pga", *event_columns, *(f"bilag_{s}" for s in SYSTEMS if "bilag" in components)]
    read = [field for field in fields if field != "pga" or "pga" in components]
    recorded_rows = {week: row and {f: row.get(f) for f in read} for week, row in visits.items()}
    handled = with_events(recorded_rows, event_columns, events)
    rows = {week: {f: row.get(f) for f in fields} for week, row in handled.items()}
    carried: Row = dict.fromkeys(fields)
    answers = {}
    start = dict(rows[0])
    for week, row in rows.items():
        carried = {f: carried[f] if row[f] is None else row[f] for f in fields}
        if week == 0:
            continue
        recorded = sri_clauses(start, row, points, b_to_a_is_new, components, event_columns, score)
        if recorded is not None or missing == "observed":
            answers[week] = (recorded, False)
        elif missing == "locf":
            filled = sri_clauses(start, carried, points, b_to_a_is_new, components, event_columns, score)
            answers[week] = (filled is True, True)
        else:
            answers[week] = (missing == "best", True)
    return answers


def bicla(before: Row, now: Row, events: tuple[str, ...] = (), tie_fails: bool = True) -> tuple[Verdict, Verdict]:
    """Return whether baseline is active, and the verdict, one visit against baseline."""
    grades = [(before[f"bilag_{s}"], now[f"bilag_{s}"]) for s in SYSTEMS]
    old = [g for g, _ in grades]
    active: Verdict = old.count("A") >= 1 or old.count("B") >= 2
    if not active and None in old:
        active = None
    improved: Verdict = True
    for was, is_now in grades:
        # What the grade must become; a missing baseline grade may have been B, which must become C or better.
        allowed = {"A": "BCDE", "B": "CDE", None: "CDE"}.get(was, "ABCDE")
        if (is_now is not None and is_now in allowed) or allowed == "ABCDE":
            continue
        improved = every(improved, None if was is None or is_now is None else False)
    rise = less(now["pga"], before["pga"])
    verdict = every(
        active,
        improved,
        _bilag_clause(before, now, True),
        compare(less(now["sledai"], before["sledai"]), "<=", 0),
        compare(rise, "<" if tie_fails else "<=", Fraction(30, 100)),
        *(no(now[event]) for event in events),
    )
    return active, verdict


# --- states ------------------------------------------------------------------------------------------------------


def lldas(
    now: Row, before: Row | None, optional: tuple[str, ...] = (), first_met: bool = False, serology: bool = True
) -> Verdict:
    """Decide one visit; `before` is the last earlier visit with any descriptor, `optional` the columns given."""
    at_least = sum(weight for name, weight in WEIGHTS.items() if now[name])
    low = False if at_least > 4 else None if None in [now[name] for name in WEIGHTS] else True
    organs = [
        "seizure", "psychosis", "organic_brain", "visual", "cranial_nerve", "lupus_headache", "cva", "vasculitis",
        "casts", "haematuria", "proteinuria", "pyuria", "pleurisy", "pericarditis", "fever",
    ]  # fmt: skip
    organs += [name for name in ("haemolytic_anaemia", "gi_activity") if name in optional]
    judged = [name for name in WEIGHTS if serology or name not in SEROLOGY]
    if before is not None:
        new = some(*(every(now[name], no(before[name])) for name in judged))
    else:
        new = False if first_met else some(*(every(now[name], None) for name in judged))
    kept = now["maintenance_ok"] if "maintenance_ok" in optional else True
    return every(
        low,
        no(some(*(now[name] for name in organs))),
        no(new),
        compare(now["pga"], "<=", 1),
        compare(now["prednisone_mg_day"], "<=", Fraction(15, 2)),
        kept,
    )


def doris(now: Row, below_5: bool = False, stable_asked: bool = False) -> Verdict:
    """Decide one visit."""
    return every(
        no(some(*(now[name] for name in WEIGHTS if name not in SEROLOGY))),
        compare(now["pga"], "<", Fraction(1, 2)),
        compare(now["prednisone_mg_day"], "<" if below_5 else "<=", 5),
        now["maintenance_stable"] if stable_asked else True,
    )


def ri50(now: Row, baseline: Row | None, is_baseline: bool) -> Fraction | None:
    """Score one visit. Improvement stands in ``<id>_improved50`` or ``<id>_improvement_percent``, or in neither."""
    total = Fraction(0)
    for name, weight in WEIGHTS.items():
        if now[name] is None:
            return None
        if not now[name]:
            continue
        improved: Verdict = False
        if f"{name}_improved50" in now:
            improved = now[f"{name}_improved50"]
        elif f"{name}_improvement_percent" in now:
            improved = compare(now[f"{name}_improvement_percent"], ">=", 50)
        was_there = None if baseline is None else baseline[name]
        half = every(not is_baseline, was_there, improved)
        if half is None:
            return None
        total += Fraction(weight, 2) if half else weight
    return total


# --- flares ------------------------------------------------------------------------------------------------------

MILD_FEATURES = ("new_skin", "new_ulcers", "new_pleurisy", "new_pericarditis", "new_arthritis", "new_fever")
MILD_DRUGS = ("added_nsaid", "added_hydroxychloroquine")
SEVERE_DRUGS = ("new_cyclophosphamide", "new_azathioprine", "new_methotrexate", "new_mycophenolate")
SEVERE_FEATURES = (
    "new_cns", "new_vasculitis", "new_nephritis", "new_myositis", "new_low_platelets", "new_haemolytic_anaemia",
)  # fmt: skip
FLARE_COLUMNS = (*MILD_DRUGS, *MILD_FEATURES, *SEVERE_DRUGS, *SEVERE_FEATURES, "hospitalised")


def flare(now: Row, before: Row | None, needs: str) -> tuple[Verdict, Verdict]:
    """Return severe, and mild or moderate, for one visit against the visit before."""
    if before is None:
        return None, None
    dose, old_dose = now["prednisone_mg_day"], before["prednisone_mg_day"]
    half = None if now["weight_kg"] is None else now["weight_kg"] / 2
    rise = compare(dose, ">", old_dose)
    above_half = compare(dose, ">", half)
    to_high = every(rise, above_half)
    doubled = every(rise, compare(dose, ">=", None if old_dose is None else 2 * old_dose))
    hospital = [now["hospitalised"]] if "hospitalised" in now else []
    feature = some(False, *(now[name] for name in SEVERE_FEATURES if name in now))
    enough = {"doubling": some(doubled, to_high, *hospital), "rise": some(rise, *hospital), "nothing": True}[needs]
    severe = some(
        every(compare(now["sledai"], ">", before["sledai"]), compare(now["sledai"], ">", 12)),
        every(compare(now["pga"], ">", before["pga"]), compare(now["pga"], ">", Fraction(5, 2))),
        to_high,
        every(feature, enough),
        *(now[name] for name in SEVERE_DRUGS if name in now),
        *hospital,
    )
    mild = some(
        every(compare(less(now["sledai"], before["sledai"]), ">=", 3), compare(now["sledai"], "<=", 12)),
        every(compare(less(now["pga"], before["pga"]), ">=", 1), compare(now["pga"], "<=", Fraction(5, 2))),
        every(rise, no(above_half)),
        *(now[name] for name in (*MILD_DRUGS, *MILD_FEATURES) if name in now),
    )
    return severe, mild


# --- BILAG-2004 --------------------------------------------------------------------------------------------------

#: Items by the grade they give when same, worse or new; the third list gives C whenever present.
BILAG_TABLE = {
    "mucocutaneous": ([5, 7, 9, 11, 13], [6, 12, 14, 15], [8, 10, 16, 17, 18]),
    "neuropsychiatric": (
        [19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 31, 36],
        [30, 32, 33, 34, 35, 37, 38],
        [],
    ),
    "musculoskeletal": ([39, 41], [40, 42], [43]),
    "cardiorespiratory": ([45, 46, 47, 49, 50, 51, 52, 53, 54, 55], [44, 48], []),
    "gastrointestinal": ([56, 58, 61, 63, 64], [57, 59, 60, 62], []),
    "ophthalmic": ([65, 66, 69, 72, 74, 76, 77], [67, 68, 70, 73], [71, 75]),
}


def bilag2004(now: dict[int, float], before: dict[int, float], involved: bool, counts_unseen: bool) -> str:
    """Nine letters for one visit, from the table of the rules, with exact fractions; absent keys are not done."""
    return "".join(_reference_system(s, now, before, involved, counts_unseen) for s in SYSTEMS)


def _reference_system(s: str, now: dict, before: dict, involved: bool, counts_unseen: bool) -> str:
    letter = _active(s, now, before, counts_unseen)
    if letter == "":
        return "D" if involved or _active(s, before, {}, True) else "E"
    return letter


def _active(s: str, now: dict, before: dict, counts_unseen: bool) -> str:
    if s == "renal":
        return _renal(now, before, counts_unseen)
    if s == "haematological":
        return _blood(now)
    if s == "constitutional":
        fever, rest = now.get(1, 0), [now.get(n, 0) for n in (2, 3, 4)]
        two = sum(level >= 2 for level in rest) >= 2
        if fever >= 2 and two:
            return "A"
        if fever >= 2 or two:
            return "B"
        return "C" if fever == 1 or any(rest) else ""
    a, b, c = ([now.get(n, 0) for n in numbers] for numbers in BILAG_TABLE[s])
    if any(level >= 2 for level in a):
        return "A"
    if 1 in a or any(level >= 2 for level in b):
        return "B"
    return "C" if 1 in b or any(c) else ""


def _blood(now: dict) -> str:
    def low(k: int) -> bool:
        limits = {90: (8, 9, 11), 91: (1, 2, 4), 92: (Fraction(1, 2), 1, 2), 94: (25, 50, 150)}
        return any(n in now and now[n] < limit[k] for n, limit in limits.items())

    if now.get(95, 0) >= 2 or low(0):
        return "A"
    if now.get(95) == 1 or low(1) or now.get(96):
        return "B"
    return "C" if low(2) or now.get(97) or (93 in now and now[93] < 1) else ""


def _renal(now: dict, before: dict, counts_unseen: bool) -> str:
    def kept(n: int) -> bool:
        return now[n] > Fraction(3, 4) * before[n] if n in before else counts_unseen

    def rise(n: int) -> float:
        return now[n] - before[n] if n in now and n in before else -1

    limits = {84: (1, Fraction(1, 2), Fraction(1, 4)), 83: (100, 50, 25), 82: (100, 50, 25)}
    tests = [n for n in limits if n in now]
    dip = 0 if tests else now.get(81, 0)
    creatinine, gfr = now.get(86, 0), now.get(87, 999)
    ratio = Fraction(creatinine) / before[86] if 86 in before and creatinine > 130 else 0
    six = [
        any(now[n] > limits[n][0] and kept(n) for n in tests) or (not tests and rise(81) >= 2),
        bool(now.get(80)),
        ratio > Fraction(130, 100)
        or (gfr < 80 and 87 in before and gfr < Fraction(67, 100) * before[87])
        or (gfr < 50 and before.get(87, 999) > 50),
        bool(now.get(88)),
        bool(now.get(89)),
        bool(now.get(85)),
    ]
    if sum(six) >= 2 and (six[0] or six[3] or six[4]):
        return "A"
    moderate = any(now[n] >= limits[n][1] and kept(n) for n in tests) or (dip >= 2 and rise(81) >= 1)
    if any(six) or moderate or Fraction(115, 100) <= ratio <= Fraction(130, 100):
        return "B"
    pressure = now.get(78, 0) > 140 and now.get(79, 0) > 90 and rise(78) >= 30 and rise(79) >= 15
    return "C" if dip >= 1 or any(now[n] > limits[n][2] for n in tests) or pressure else ""


# --- descriptors from raw findings -------------------------------------------------------------------------------

SIGNS = {
    "pleurisy": ("pleuritic_pain", "pleural_rub", "pleural_effusion", "pleural_thickening"),
    "pericarditis": ("pericardial_pain", "pericardial_rub", "pericardial_effusion", "pericarditis_ecg_echo"),
}


def descriptors(row: Row, version: str) -> tuple[dict[str, Verdict], Verdict]:
    """Decide what is measured or seen, and whether proteinuria is stable; every finding of these is a key of the row."""
    selena = version in ("SELENA", "hybrid")
    grams, before = row["protein_24h"], row["protein_24h_previous"]
    if grams is None:  # 100 mg/mmol stands for 1 g a day, each test against its own previous value
        grams, before = (None if row[k] is None else Fraction(row[k], 100) for k in ("upcr", "upcr_previous"))
    stable = every(compare(before, ">", Fraction(1, 2)), compare(less(grams, before), "<=", Fraction(1, 2)))
    if before is None or grams is None:
        stable = row["proteinuria_stable"]
        if stable is None and version in ("SELENA", "SLEDAI") and grams is not None:
            stable = False  # without an earlier value it is new unless marked stable
    found = {
        "arthritis": compare(row["inflamed_joints"], ">=", 2 if version == "2K" else 3),
        "haematuria": compare(row["urine_red_cells"], ">", 5),
        "pyuria": compare(row["urine_white_cells"], ">", 5),
        "proteinuria": compare(grams, ">", Fraction(1, 2)),
        "fever": compare(row["temperature"], ">", 38),
        "thrombocytopenia": compare(row["platelets"], "<", 100),
        "leukopenia": compare(row["white_cells"], "<", 3),
        "low_complement": some(
            compare(row["c3"], "<", row["c3_lower_limit"]), compare(row["c4"], "<", row["c4_lower_limit"])
        ),
    }
    dna = [compare(row["dna_farr_percent"], ">", 25), compare(row["anti_dsdna"], ">", row["anti_dsdna_upper_limit"])]
    done = [answer for answer in dna if answer is not None]
    found["dna_binding"] = any(done) if done else None  # two assays of one thing: either is enough
    for name, (pain, *signs) in SIGNS.items():
        seen = [row[sign] for sign in signs]
        found[name] = some(row[pain], *seen) if selena else every(row[pain], some(*seen))
    for name, cause in (("fever", "fever_other_cause"), ("thrombocytopenia", "thrombocytopenia_other_cause")):
        if name == "fever" or version != "SLEDAI":
            found[name] = every(found[name], no(row[cause]))
    return found, every(found["proteinuria"], stable)
