"""Single statements of the reading, each made from the results or silent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from lupus_kit.audit.report.rows import AS_IF_APART, listed
from lupus_kit.inference import fragility_index
from lupus_kit.published import Claim, Study, parse_p

_INNOCENT = (
    "That is no accusation: covariates or strata, another set of patients, a rounding on the way, another program's "
    "variant of a test or a slip in typing all do this, and the print alone cannot tell which."
)
#: Names are listed up to here; the table of the report has them all.
_MOST = 4
#: In larger designs few patients decide only by accident, and the search for them goes through every table.
LARGEST_DESIGN = 4_000_000


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def summary(study: Study, rows: pd.DataFrame) -> list[str]:
    """Count the verdicts on the printed p-values, of the claims and of the tables."""
    said = []
    printed = rows[(rows["what"] == "p") & (rows["printed"] != "not printed")]
    for of_claims, name in ((True, "the claims"), (False, "the tables")):
        part = printed[(printed["part"] == "claims") == of_claims]
        if part.empty:
            continue
        status = part["status"].value_counts()
        counts = [
            (status.get("reproduced", 0) + status.get("some", 0), "given by at least one analysis tried"),
            (status.get("not reproduced", 0), "given by none of those tried"),
            (status.get("model", 0), "of an adjusted or stratified analysis"),
            (status.get("not checkable", 0), "not checkable from what is printed"),
        ]
        clauses = [f"{n} {words}" for n, words in counts if n]
        said.append(f"Printed p-values of {name}: {listed(clauses)}.")
    return said


def is_below(claim: Claim, alpha: float) -> bool | None:
    """Say whether the printed p-value is at most alpha; None where the print does not decide."""
    if not claim.p:
        return None
    if claim.p == "NS":
        return False
    relation, value, _ = parse_p(claim.p)
    if relation in "<≤":
        return True if value <= alpha else None
    if relation in ">≥":
        return False if value >= alpha else None
    return value <= alpha


def is_met(claim: Claim, alpha: float) -> bool | None:
    """Say whether an endpoint was met: by the paper's own word, else by its p-value."""
    return claim.met == "met" if claim.met else is_below(claim, alpha)


def _written(p: str) -> str:
    return f"p{p}" if p[:1] in "<>≤≥" else f"p={p}"


def _name(claim: Claim) -> str:
    return f"{_written(claim.p)} ({claim.title})"


def after_the_primary(study: Study) -> str:
    """Say what a missed endpoint means for those that come after it in the plan."""
    alpha = study.trial.alpha
    planned = sorted((c for c in study.records if c.order is not None), key=lambda c: c.order or 0)
    missed = next((c for c in planned if is_met(c, alpha) is False), None)
    if missed is not None:
        later: Iterable[Claim] = (c for c in planned if (c.order or 0) > (missed.order or 0))
        what = f"{missed.title}, place {missed.order} in the testing order,"
    else:
        missed = next((c for c in study.records if c.role == "primary" and is_met(c, alpha) is False), None)
        if missed is None:
            return ""
        later = (c for c in study.records if c.role in ("secondary", "post hoc", "exploratory"))
        what = (
            f"The primary endpoint at {missed.visit}" if missed.visit else f"The primary endpoint, {missed.endpoint},"
        )
    below = [_name(c) for c in later if is_below(c, alpha) and c is not missed]
    if not below:
        return ""
    finding = "is a finding" if len(below) == 1 else "are findings"
    return (
        f"{what} was not met at {alpha:g}. In a fixed sequence no later endpoint can then be claimed as "
        f"confirmed: {listed(below, _MOST)} {finding} to test again."
    )


def one_patient(claim: Claim, table: tuple[int, int, int, int], alpha: float) -> str:
    """Say how few changed outcomes move the result across the level, where they are very few."""
    if table[1] * table[3] > LARGEST_DESIGN:
        return ""
    found = fragility_index(*table, test="pearson", alpha=alpha)
    if found.index is None or found.index > 3:
        return ""
    arm = claim.arms[found.arm - 1]
    many = "One outcome" if found.index == 1 else f"{found.index} outcomes"
    end = "the result is decided by one patient" if found.index == 1 else "few patients decide"
    return (
        f"{many} the other way in the arm {arm} would move Pearson's p from {found.p_before:.3f} to "
        f"{found.p_after:.3f}, across {alpha:g}: {end}."
    )


def chosen_later(study: Study) -> str:
    """Say what a small p-value of an unplanned contrast means."""
    names = [
        _name(c) for c in study.records if c.role in ("post hoc", "exploratory") and is_below(c, study.trial.alpha)
    ]
    if not names:
        return ""
    carries = "does" if len(names) == 1 else "do"
    return (
        f"{listed(names, _MOST)} {'belongs' if len(names) == 1 else 'belong'} to contrasts that were not planned: "
        f"chosen with the data in view, {'it' if len(names) == 1 else 'they'} {carries} not hold the level {study.trial.alpha:g}."
    )


def within_arms(study: Study) -> str:
    """Say that a change within an arm is no difference between arms."""
    paired = [c for c in (*study.records, *study.table_claims()) if len(c.visits) == 2 and c.p]
    if not paired:
        return ""
    return (
        f"Two visits within one arm are compared by {_count(len(paired), 'p-value')}: "
        "that an arm changed does not show that the arms differ."
    )


def _fitting(analysis: str) -> set[str]:
    """Names of the analyses that fit, without what was tried for them."""
    names = (
        name for name in analysis.split("; ") if not name.startswith(("does not fit: ", "the paper: ", "supposing "))
    )
    return {re.sub(r", for \d+ of \d+ joint tables$", "", name) for name in names}


def best_single(study: Study, rows: pd.DataFrame) -> list[str]:
    """Name, for each table, the one analysis that gives most of its p-values."""
    said = []
    for table in study.layouts:
        p = rows[
            (rows["part"] == table)
            & (rows["what"] == "p")
            & rows["status"].isin(["some", "reproduced", "not reproduced"])
        ]
        fits = Counter(name for analysis in p["analysis"] for name in _fitting(str(analysis)) if name)
        if len(p) < 2 or not fits:
            continue
        most = max(fits.values())
        names = [name for name, n in fits.items() if n == most]
        if most < 2 or len(names) > _MOST:
            continue
        said.append(
            f"In {table} one analysis gives at most {most} of the {len(p)} p-values that counts or means can speak about: "
            f"{_without_common_end(names)}."
        )
    return said


def _without_common_end(names: list[str]) -> str:
    """List names, with what all of them add said once."""
    if len(names) > 1 and all(name.endswith(AS_IF_APART) for name in names):
        return f"{listed([name.removesuffix(AS_IF_APART) for name in names])}, each{AS_IF_APART.removeprefix(',')}"
    return listed(names)


def between_cells(findings: Sequence[str]) -> str:
    """Point to what the cells of a study say about each other."""
    if not findings:
        return ""
    return (
        f"Open between printed cells: {_count(len(findings), 'question')}, listed apart; none of them says why the values "
        "are as they are."
    )


def of_models(rows: pd.DataFrame) -> str:
    """Say that values of a model cannot be checked from counts."""
    n = int(((rows["status"] == "model") & rows["what"].isin(["p", "effect"])).sum())
    if not n:
        return ""
    return (
        f"By the paper's own words {_count(n, 'printed value')} {'comes' if n == 1 else 'come'} from an adjusted or "
        "stratified analysis: the crude numbers beside them are another analysis, and agreement or difference between "
        "the two decides nothing."
    )


def not_reproduced(rows: pd.DataFrame) -> str:
    """Name what no analysis tried gives, with the reasons that this can have."""
    found = rows[rows["status"] == "not reproduced"]
    if found.empty:
        return ""
    p = found[found["what"] == "p"]
    names = [f"{_written(str(row.printed))} ({row.endpoint})" for row in p.itertuples()]
    others = len(found) - len(p)
    parts = [f"no analysis tried gives {listed(names, _MOST)}"] if names else []
    if others:
        values = "value or effect is" if others == 1 else "values or effects are"
        parts.append(f"{others} other printed {values} not what the counts give")
    text = listed(parts)
    return f"{text[0].upper()}{text[1:]}. {_INNOCENT}"
