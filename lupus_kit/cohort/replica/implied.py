"""What the paper implies without saying: the smallest and largest value of a quantity over every compatible cohort."""

import html
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lupus_kit import published
from lupus_kit.cohort.replica.arm_model import ArmModel, answer, block
from lupus_kit.cohort.replica.conflicts import explain_failure, shipped_results
from lupus_kit.cohort.replica.statements import (
    ARM_KEYS,
    ORGANS,
    ROWS,
    VISITS,
    Statement,
    arm_sizes,
    read_statements,
    read_study,
    set_aside,
)
from lupus_kit.core.errors import InputError, unknown_name

_WEEKS = {"week12": VISITS[1], "week24": VISITS[2]}
_ROWS = (*ORGANS, "active_bilag")


@dataclass(frozen=True)
class Implied:
    """Smallest and largest value of a quantity over all cohorts that the paper allows.

    Attributes
    ----------
    quantity, meaning : str
        What was asked, and in words.
    low, high : float
        Smallest and largest value that some compatible cohort takes.
    low_bound, high_bound : float
        No compatible cohort lies outside these; equal to ``low`` and ``high`` where proved.

    Examples
    --------
    >>> from lupus_kit import cohort
    >>> found = cohort.implied("responders_both_il2")
    >>> found.low, found.high
    (6.0, 16.0)
    >>> found.proved
    True
    >>> found.sentence[:42]
    'IL-2: responders at week 12 and at week 24'
    >>> found.to_frame()["quantity"].item()
    'responders_both_il2'
    """

    quantity: str
    meaning: str
    low: float
    high: float
    low_bound: float
    high_bound: float

    @property
    def proved(self) -> bool:
        """Whether both ends are proved to be the best possible."""
        return self.low == self.low_bound and self.high == self.high_bound

    @property
    def sentence(self) -> str:
        """The result in words."""
        text = f"{self.meaning}: from {self.low:g} to {self.high:g} over every cohort compatible with the paper"
        if self.proved:
            return text + ", proved."
        return text + f" that was found; no cohort is below {self.low_bound:g} or above {self.high_bound:g}."

    def to_frame(self) -> pd.DataFrame:
        """Return one row with all fields and ``proved``."""
        return pd.DataFrame([{**self.__dict__, "proved": self.proved}])

    def _repr_html_(self) -> str:
        return f"<p><code>{html.escape(self.quantity)}</code><br>{html.escape(self.sentence)}</p>"


def _meanings() -> dict[str, str]:
    """Every named count of one arm, in words."""
    words = dict(ROWS["counts"]["whole"])
    for week, visit in _WEEKS.items():
        words |= {f"{name}_{week}": text.format(visit=visit) for name, text in ROWS["counts"]["visit"].items()}
        for row, (way, text) in itertools.product(_ROWS, ROWS["counts"]["row"].items()):
            words[f"{row}_{way}_{week}"] = text.format(row=row.replace("_", " "), visit=visit)
    return words


def quantities() -> pd.DataFrame:
    """List the counts that :func:`implied` knows.

    Returns
    -------
    pandas.DataFrame
        Columns ``name``, ``meaning``.

    See Also
    --------
    implied

    Examples
    --------
    >>> quantities().query("name == 'responders_both_il2'")["meaning"].item()
    'IL-2: responders at week 12 and at week 24'
    """
    rows = [
        (f"{name}_{key}", f"{arm}: {words}") for arm, key in ARM_KEYS.items() for name, words in _meanings().items()
    ]
    return pd.DataFrame(rows, columns=["name", "meaning"])


class _Counter(ArmModel):
    """The arm with a flag per patient for every named count; patients stand in the order of their responses."""

    def __init__(self, size: int, followed: int, statements: list[Statement]) -> None:
        super().__init__(size, followed)
        for s in statements:
            self.require(s)
        first, second = (self.column("responder", v) for v in VISITS[1:])
        keys = [2 * a + b for a, b in zip(first, second, strict=True)]
        for x, y in itertools.pairwise(keys):
            # Patients are interchangeable, so any order of them may be asked for.
            self.cp.add(x >= y)

    def count(self, name: str) -> Any:
        """Return the count as an expression."""
        stem, _, week = name.rpartition("_")
        if week not in _WEEKS:
            first, second = (self.column("responder", v) for v in VISITS[1:])
            both = sum(self.all_of("", pair) for pair in zip(first, second, strict=True))
            lost, gained = sum(first) - both, sum(second) - both
            ever = lost + gained + both
            return {"both": both, "lost": lost, "gained": gained, "ever": ever, "never": self.followed - ever}[week]
        visit = _WEEKS[week]
        responders = sum(self.column("responder", visit))
        drops = sum(self.column("_drop", visit))
        simple = {
            "responders": responders,
            "drop4": drops,
            "drop4_not_responder": drops - responders,
            "bilag_worse": self.followed - sum(self.column("_bilag_ok", visit)),
            "pga_worse": self.followed - sum(self.column("_pga_ok", visit)),
        }
        if stem in simple:
            return simple[stem]
        row, _, way = stem.rpartition("_")
        before, after = self.column(row, VISITS[0])[: self.followed], self.column(row, visit)
        return sum(self.all_of("", (x, ~y) if way == "lost" else (~x, y)) for x, y in zip(before, after, strict=True))


def implied(quantity: str, study: str | Path | published.Study = "he2020", *, effort: float = 5.0) -> Implied:
    """Find the smallest and largest value of a quantity over every cohort that agrees with the paper.

    Parameters
    ----------
    quantity : str
        A name of :func:`quantities`, such as ``"responders_both_il2"``.
    study : str, pathlib.Path or Study
        The record. Statements that no cohort can satisfy together are set aside as in a replica.
    effort : float
        Work per question to the solver, in its deterministic seconds.

    Returns
    -------
    Implied
        Both ends, with bounds where an end is not proved.

    Raises
    ------
    InputError
        For an unknown name (with the nearest ones), or a record that no cohort satisfies.

    See Also
    --------
    replica, conflicts, statements, check

    Notes
    -----
    Only the printed numbers, the definition of the SRI and whole descriptors are used; nothing that a replica invents.
    An end is proved when the solver finds a cohort and shows that none goes further.

    What the solver found for the responders of ``he2020`` at both visits, at one or at none ships with the kit.
    Everything else needs the solver, which the extra ``replica`` brings.

    Examples
    --------
    >>> implied("responders_both_il2").sentence
    'IL-2: responders at week 12 and at week 24: from 6 to 16 over every cohort compatible with the paper, proved.'
    """
    if isinstance(effort, bool) or not isinstance(effort, (int, float)) or not 0 < effort <= 3600:
        raise InputError(f"effort is {effort!r}: give a number above 0, at most 3600.")
    meanings = quantities().set_index("name")["meaning"]
    if not isinstance(quantity, str) or quantity not in meanings.index:
        near = unknown_name("quantity", quantity, meanings.index)
        raise InputError(str(near).split(" Allowed:")[0] + " See cohort.quantities().")
    if study == "he2020" and quantity in shipped_results()["implied"]:
        return Implied(quantity, meanings[quantity], *shipped_results()["implied"][quantity])
    return Implied(quantity, meanings[quantity], *find_implied(quantity, read_study(study), effort))


def find_implied(quantity: str, record: published.Study, effort: float) -> tuple[float, float, float, float]:
    """Find low, high, bound below and bound above of a quantity with the solver; see :func:`implied`."""
    name, _, key = quantity.rpartition("_")
    arm = next(arm for arm, own in ARM_KEYS.items() if own == key)
    kept = tuple(
        s for s in read_statements(record)
        if s.arm == arm and s.kind != "n" and not set_aside(s) and block(s.measure) == "activity"
    )  # fmt: skip
    size = arm_sizes(record)[arm]
    followed = next((s.patients for s in kept if s.measure == "responder"), size)
    return ends(kept, size, followed, name, effort)


def ends(
    statements: tuple[Statement, ...], size: int, followed: int, name: str, effort: float
) -> tuple[float, float, float, float]:
    """Low, high, bound below and bound above of a count over every cohort that satisfies the statements."""
    model = _Counter(size, followed, list(statements))
    goal = model.count(name)
    low, low_bound = _least(model, goal, effort, statements)
    high, high_bound = _least(model, -goal, effort, statements)
    return low, -high, low_bound, -high_bound


def _least(model: _Counter, goal: Any, effort: float, statements: tuple[Statement, ...]) -> tuple[float, float]:
    """Smallest value found and proved bound: first the bound, then questions whether it can be reached."""
    model.cp.minimize(goal)
    possible, made = answer(model.cp, effort)
    if possible is False:
        raise explain_failure(statements, model.randomised, model.followed)
    found = made.objective_value if possible else float("inf")
    bound = float(-(-made.best_objective_bound // 1))
    model.cp.clear_objective()
    upward = True
    while bound < found:
        # First whether the bound itself can be reached; where that stays open, whether the best so far can be beaten.
        limit = int(bound) if upward else int(found) - 1
        question = model.cp.clone()
        question.add(goal <= limit)
        reached = answer(question, effort)[0]
        if reached:
            found = float(limit)
        elif reached is False:
            bound = float(limit + 1)
        elif upward and found < float("inf"):
            upward = False
        else:
            break
    if found == float("inf"):
        raise InputError(
            f"no cohort was found with effort {effort:g}: give more, such as effort={max(5.0, 10 * effort):g}."
        )
    return found, bound
