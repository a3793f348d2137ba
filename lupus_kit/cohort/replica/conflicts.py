"""Which printed numbers cannot all be true: minimal sets of statements that no cohort satisfies together."""

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from lupus_kit import published
from lupus_kit.cohort.replica.arm_model import CODING, ArmModel, answer, block, watched
from lupus_kit.cohort.replica.statements import Statement, arm_sizes, read_statements, read_study, set_aside
from lupus_kit.core.errors import InputError

#: Work per question, in the solver's deterministic seconds. A question it cannot answer is no proof of anything.
_EFFORT = 3.0

#: Other readings that are tried on each conflict: name, and how statements and model change.
_OTHER_CODINGS = {"BILAG coded 12/5/1": (12, 5, 1), "BILAG coded 9/3/1": (9, 3, 1)}

_COLUMNS = ["arm", "visit", "statements", "sentence", "resolved_by", "not_honoured"]

Test = Callable[[Sequence[Any]], bool | None]


def minimal_set(items: Sequence[Any], possible: Test) -> list[Any]:
    """Shrink a set that cannot hold to one in which every member is needed, by leaving out one at a time.

    Parameters
    ----------
    items : sequence
        Constraints that cannot hold together.
    possible : callable
        Whether some of them can; None where that stays unknown.

    Returns
    -------
    list
        A minimal set that cannot hold.

    Examples
    --------
    >>> minimal_set([1, 5, 7, 8], lambda chosen: sum(chosen) < 12)
    [7, 8]
    """
    kept = list(items)
    for item in items:
        without = [x for x in kept if x is not item]
        if possible(without) is False:
            kept = without
    return kept


def disjoint_minimal_sets(items: Sequence[Any], possible: Test) -> tuple[list[list[Any]], bool]:
    """Find minimal sets that cannot hold, one after the other, until the rest can.

    Returns
    -------
    sets : list of list
        Minimal sets; each was found with one member of every earlier one left out.
    complete : bool
        Whether what is left was shown to hold.
    """
    left = list(items)
    sets: list[list[Any]] = []
    while (holds := possible(left)) is False:
        sets.append(minimal_set(left, possible))
        left = [x for x in left if x is not sets[-1][-1]]
    return sets, holds is True


def _possible(size: int, followed: int, age_steps: int = 1, coding: Sequence[int] = CODING) -> Test:
    """Make the question whether statements about one arm can hold together, asked of the solver."""

    def ask(statements: Sequence[Statement]) -> bool | None:
        model = ArmModel(size, followed, coding, age_steps)
        for s in statements:
            model.require(s)
        return answer(model.cp, _EFFORT)[0]

    return ask


def _blocks(statements: Sequence[Statement]) -> dict[str, list[Statement]]:
    """Split into parts that share no unknown; within activity, small parts come before the whole."""
    parts: dict[str, list[Statement]] = {}
    for s in statements:
        name = f"patients counted, {s.visit}" if s.kind == "n" else block(s.measure)
        parts.setdefault(name, []).append(s)
    return parts


def _arm_conflicts(mine: Sequence[Statement], size: int, followed: int) -> tuple[list[list[Statement]], bool]:
    ask = _possible(size, followed)
    found: list[list[Statement]] = []
    complete = True
    for name, part in _blocks(mine).items():
        rest = part
        if name == "activity":
            # Sets within the grades of one visit are found in a small model; they are minimal in the whole one too.
            for visit in dict.fromkeys(s.visit for s in part):
                grades = [s for s in part if s.measure in ("bilag_total", "active_bilag") and s.visit == visit]
                sets, _ = disjoint_minimal_sets(grades, ask)
                found += sets
                rest = [s for s in rest if all(s is not one[-1] for one in sets)]
        sets, done = disjoint_minimal_sets(rest, ask)
        found += sets
        complete &= done
    return found, complete


def conflicts(
    study: str | Path | published.Study = "he2020", *, progress: bool = True, time_limit: float = 600.0
) -> pd.DataFrame:
    """List minimal sets of printed numbers that no cohort satisfies together, each proved by the solver.

    The numbers are first read as they are labelled: a range is a range, BILAG grades count 12/8/1, ages are whole years,
    and rows about one visit are about the same patients. Then other readings are tried on each conflict.

    Parameters
    ----------
    study : str, pathlib.Path or Study
        The record, with rows named as in ``he2020``.
    progress : bool
        Whether a search of more than a second shows a bar, in a terminal or a notebook.
    time_limit : float
        Seconds after which the search ends with an error.

    Returns
    -------
    pandas.DataFrame
        One row per conflict: ``arm``, ``visit``, ``statements`` (tuple of ids), ``sentence``, ``resolved_by`` (readings
        under which the set can hold, as the solver found), ``not_honoured`` (ids a replica sets aside). Leaving out
        one statement of each set leaves a record that can hold, where ``table.attrs["complete"]`` is true.

    See Also
    --------
    replica, implied, statements, check

    Notes
    -----
    A set is minimal when leaving out any one of its statements makes the rest possible. Standard deviations are not put
    to the solver. A conflict speaks about print and reading; it does not say how the numbers came about.

    What the solver found for ``he2020`` ships with the kit and is read from there. Any other record needs the solver,
    which the extra ``replica`` brings, and about 20 s of processor time for as many numbers.

    References
    ----------
    Liffiton MH, Sakallah KA. J Autom Reason 2008;40:1-33 (minimal unsatisfiable subsets).
    Brown NJL, Heathers JAJ. Soc Psychol Personal Sci 2017;8:363-369 (means of whole numbers).

    Examples
    --------
    >>> table = conflicts("he2020")
    >>> table.query("arm == 'placebo' and visit == 'week 24'")["statements"].item()
    ('table2/BILAG/placebo/week 24/maximum',)
    """
    if study == "he2020":
        shipped = shipped_results()["conflicts"]
        rows = [[tuple(x) if isinstance(x, list) else x for x in row] for row in shipped["rows"]]
        table = pd.DataFrame(rows, columns=_COLUMNS)
        table.attrs["complete"] = shipped["complete"]
        return table
    record = read_study(study)
    with watched(f"conflicts of {record.trial.key}", progress, time_limit):
        return find_conflicts(record)


@cache
def shipped_results() -> dict[str, Any]:
    """Return what the solver found for ``he2020``: its conflicts, and the ends of some implied quantities."""
    file = Path(__file__).with_name("data") / "solver_results.json"
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def find_conflicts(record: published.Study) -> pd.DataFrame:
    """Find the conflicts of any record with the solver; see :func:`conflicts`."""
    printed = read_statements(record, as_printed=True)
    kit: dict[tuple[object, ...], Statement] = {
        (s.measure, s.arm, s.visit, s.printed, s.patients): s for s in read_statements(record)
    }
    rows, complete = [], True
    for arm, size in arm_sizes(record).items():
        mine = [s for s in printed if s.arm == arm]
        followed = next((s.patients for s in mine if s.measure == "responder"), size)
        sets, done = _arm_conflicts(mine, size, followed)
        complete &= done
        rows += [_row(one, size, followed, kit) for one in sets]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table.attrs["complete"] = complete
    return table


def _row(
    one: list[Statement], size: int, followed: int, kit: dict[tuple[object, ...], Statement]
) -> tuple[object, ...]:
    again = [kit.get((s.measure, s.arm, s.visit, s.printed, s.patients), s) for s in one]
    tried: dict[str, bool | None] = {}
    if again != one:
        tried["BILAG ends read as quartiles"] = _possible(size, followed)(again)
    for label, coding in _OTHER_CODINGS.items():
        if any(s.measure == "bilag_total" for s in one):
            tried[label] = _possible(size, followed, coding=coding)(one)
    if any(s.measure == "age" for s in one):
        tried["ages recorded in tenths of a year"] = _possible(size, followed, 10)(one)
    if all(s.kind == "n" for s in one):
        tried["rows about one visit count different patients"] = True
    listed = "; ".join(f"{s.sentence} [{', '.join(s.places)}]" for s in one)
    alone = "no cohort gives it" if len(one) == 1 else "no cohort satisfies these together"
    return (
        one[0].arm,
        " and ".join(dict.fromkeys(s.visit for s in one)),
        tuple(s.id for s in one),
        f"{alone}: {listed}.",
        "; ".join(label for label, works in tried.items() if works) or "none of the readings tried",
        tuple(s.id for s in again if set_aside(s)),
    )


def explain_failure(mine: Sequence[Statement], size: int, followed: int) -> InputError:
    """Make the error for an arm without a replica: it names statements that conflict, where the solver finds them."""
    ask = _possible(size, followed, 10)
    for part in _blocks(mine).values():
        if ask(part) is False:
            listed = "; ".join(f"{s.id} = {s.printed}" for s in minimal_set(part, ask))
            return InputError(f"no cohort satisfies these statements together: {listed}. Change or drop one of them.")
    return InputError(
        "no replica was found: the statements alone do not contradict each other, but no patients were found that also "
        "follow the rules of BILAG-2004 and those the kit invents (see Notes of replica). Bring the changed numbers nearer to "
        "the printed ones."
    )
