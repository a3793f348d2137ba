"""Exercises of stop 3: versions of SLEDAI, the clauses at their borders, and what a responder rate says."""

import pandas as pd

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import Exercise, Slip, choice
from lupus_kit.lessons.exercises.invented import responders, trial

NOTEBOOK = "03_sri4"

_LEFT_OUT = (
    "That leaves out the rash or the laboratory. A new rash counts in every version, and raised anti-dsDNA brings points "
    "although nobody feels it."
)
_FINDINGS = ("arthritis", "rash", "dna_binding", "fever", "proteinuria")

#: The four patients of 03.2: SLEDAI, PGA and changed grades, baseline and visit.
_FOUR: dict[str, tuple[tuple[int, int], tuple[float, float], dict[str, str]]] = {
    "a": ((12, 6), (1.2, 1.5), {}),
    "b": ((8, 4), (1.0, 0.5), {"mucocutaneous": "DB", "musculoskeletal": "DB"}),
    "c": ((16, 12), (1.0, 1.25), {"mucocutaneous": "AB", "renal": "CB"}),
    "d": ((20, 8), (2.0, 1.0), {"musculoskeletal": "BA"}),
}


def _total(version: str, without: tuple[str, ...] = ()) -> int:
    """SLEDAI of the patient of 03.1, whose proteinuria is stable."""
    present = set(_FINDINGS) - set(without)
    row = {name: name in present for name in lk.endpoints.SLEDAI_ITEMS["id"]}
    row["proteinuria_stable"] = "proteinuria" in present
    return int(lk.endpoints.sledai(pd.DataFrame([row]), version).item())


def _visits() -> pd.DataFrame:
    rows = []
    for name, (scores, pga, changed) in _FOUR.items():
        for k, (visit, week) in enumerate((("baseline", 0), ("week 12", 12))):
            grades = {f"bilag_{s}": changed.get(s, "DD")[k] for s in lk.endpoints.BILAG_SYSTEMS}
            rows.append({"patient": name, "visit": visit, "week": week, "sledai": scores[k], "pga": pga[k]} | grades)
    return pd.DataFrame(rows)


def _who_responds() -> str:
    found = lk.endpoints.sri(_visits())
    (name,) = found.loc[found["responder"].astype(bool), "patient"]
    return str(name)


def _first_only(week: int, first: str = "SRI-4", second: str = "BICLA") -> int:
    """Count the patients of the notebook's cohort who respond by the first rule and not by the second."""
    cohort = trial()
    found = lk.endpoints.compare_definitions(cohort.visits, cohort.sledai, definitions=["SRI-4", "BICLA"])
    return int(found.agreement(week).crosstab(first, second).loc["response", "no response"])


EXERCISES = (
    Exercise(
        key="03.1",
        aim="Add up SLEDAI in the version that is asked for.",
        task="compute",
        answer=lambda: _total("SELENA"),
        unit="SELENA-SLEDAI points",
        hint="Look up the points of each finding, and ask which of them this version leaves out.",
        explain=lambda: (
            f"{_total('SELENA')} points. SLEDAI-2K would count the stable proteinuria as well: {_total('2K')}."
        ),
        misconceptions=(
            Slip(
                "That is SLEDAI-2K: it counts proteinuria that is stable. SELENA-SLEDAI does not.", lambda: _total("2K")
            ),
            Slip("That is the number of findings. Each of them has a weight.", lambda: len(_FINDINGS)),
            Slip("That leaves out the fever: above 38 °C it counts.", lambda: _total("SELENA", ("fever",))),
            # The two weigh the same, so they share a hint.
            Slip(_LEFT_OUT, lambda: _total("SELENA", ("dna_binding",))),
            Slip(_LEFT_OUT, lambda: _total("SELENA", ("rash",))),
        ),
    ),
    choice(
        key="03.2",
        aim="Apply the three clauses at their borders.",
        task="predict",
        answer=_who_responds,
        choices=tuple(_FOUR),
        hint="Check the clauses one by one; a single failed clause decides.",
        explain="A fall of exactly 4 is enough, A to B is an improvement, one new B is allowed, and 0.25 is below the limit.",
        wrong={
            "a": "Look at the PGA of this patient: must it rise by less than 0.30, or by 0.30 at most?",
            "b": "Count the organs that are newly B in this patient.",
            "d": "SLEDAI fell a lot, but the clauses cannot make up for each other. Look at the joints.",
        },
    ),
    Exercise(
        key="03.3",
        aim="Count responders under another threshold.",
        task="compute",
        answer=lambda: responders("IL-2", 24, points=7),
        unit="patients",
        hint="Call sri with the other number of points, keep one arm and one week, and add up the responders.",
        explain=lambda: (
            f"{responders('IL-2', 24, points=7)}, against {responders('IL-2', 24)} under SRI-4: a fall of four to six "
            "points is common."
        ),
        misconceptions=(
            Slip("That is SRI-4. Ask for more points.", lambda: responders("IL-2", 24)),
            Slip("That is the other visit.", lambda: responders("IL-2", 12, points=7)),
            Slip("That is the placebo arm.", lambda: responders("placebo", 24, points=7)),
            Slip("That threshold is one point too high.", lambda: responders("IL-2", 24, points=8)),
            Slip(
                "That is too many: either the threshold is one point too low, or both arms are counted together.",
                lambda: responders("IL-2", 24, points=6),
            ),
        ),
    ),
    Exercise(
        key="03.4",
        aim="Read a cross-table of two endpoints.",
        task="compute",
        answer=lambda: _first_only(12),
        unit="patients",
        hint="Use others.agreement(week=12).crosstab with the two names, and read one of its four cells.",
        explain=lambda: (
            f"{_first_only(12)} by SRI-4 only and {_first_only(12, 'BICLA', 'SRI-4')} by BICLA only: the two rules do not "
            "pick the same people."
        ),
        misconceptions=(
            Slip("That is the other visit.", lambda: _first_only(24)),
            Slip("That is the other way round: BICLA but not SRI-4.", lambda: _first_only(12, "BICLA", "SRI-4")),
        ),
    ),
    choice(
        key="03.5",
        aim="Say what a difference of responder rates means, and what it does not.",
        task="judge",
        answer=lambda: "c",
        hint="Which sentence speaks about groups, and not about particular persons?",
        explain="The two rates are about groups. Many different sets of helped and unhelped persons give the same rates.",
        wrong={
            "a": "The difference of two rates is not a share of persons, and a fall of three points is a benefit, too.",
            "b": (
                "Some of them would have responded on placebo as well; and the same person may respond once and not "
                "the next time."
            ),
            "d": "After placebo is not because of placebo: think of the ups and downs in stop 2.",
        },
    ),
)
