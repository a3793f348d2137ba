"""A tidy visit table, checked and laid out as patients × visits, so that every clause is one array operation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lupus_kit.core.cells import BadCells, flags, numbers, refuse_slips, require_columns, require_frame
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints.bilag.grades import BILAG_SYSTEMS, GRADE_COLUMNS, read_grades
from lupus_kit.endpoints.rules.logic import any_of
from lupus_kit.endpoints.visits.keys import KEYS, Keys, plain_keys, read_arms, read_keys

#: The parts of a composite endpoint that a visit table may hold.
COMPONENTS = ("sledai", "bilag", "pga")

#: Yes/no columns that are looked for unless told otherwise: events that count as non-response.
EVENTS = ("rescue", "disallowed_medication", "withdrawn")

MISSING_GRADE = 5


@dataclass(frozen=True)
class VisitGrid:
    """Arrays of shape (patients, visits), grades (patients, visits, 9); visit 0 is baseline.

    A visit that was not made holds missing values; a component that was not asked for is missing everywhere.
    PGA is in hundredths, so that its limit is decided in whole numbers.
    """

    patients: pd.Index
    visit_names: np.ndarray
    weeks: np.ndarray
    made: np.ndarray
    sledai: np.ndarray
    pga: np.ndarray
    grades: np.ndarray
    arms: np.ndarray | None
    events: Mapping[str, np.ndarray]

    @property
    def rescue(self) -> np.ndarray | None:
        """Whether any event is recorded (1, 0, or -1 for unknown); ``None`` where no event column was read."""
        return any_of(*self.events.values()) if self.events else None


def _visit_names(visits: pd.DataFrame, keys: Keys) -> np.ndarray:
    """Return the visit name of each week; one week has one name and the other way round."""
    weeks = keys.weeks
    if weeks[0] != 0 or len(weeks) < 2:
        listed = ", ".join(f"{week:g}" for week in weeks)
        raise InputError(
            f"visits has the week(s) {listed}: the rule compares with baseline, so the table needs week 0 and at "
            "least one later week."
        )
    code, names = pd.factorize(visits["visit"])
    pairs = np.flatnonzero(np.bincount(keys.week * len(names) + code, minlength=len(weeks) * len(names)))
    if len(pairs) != len(weeks) or len(pairs) != len(names):
        week, name = divmod(pairs, len(names))
        bad = [f"week {weeks[w]:g} {names[k]!r}" for w, k in zip(week, name, strict=True)
               if (week == w).sum() > 1 or (name == k).sum() > 1]  # fmt: skip
        raise InputError(
            "columns 'visit' and 'week' disagree: each visit name must have one week, and each week one name; there "
            f"are {', '.join(bad[:12])}."
        )
    return np.asarray(names, dtype=object)[pairs % len(names)]


def like(values: np.ndarray, column: pd.Series) -> object:
    """Give labels the categories of the column they came from, so that plots keep their order."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return pd.Categorical(values, dtype=column.dtype)
    return values


def key_columns(visits: pd.DataFrame, grid: VisitGrid) -> dict[str, object]:
    """Make the columns that name each patient and post-baseline visit; ``arm`` where it was given."""
    n = len(grid.weeks) - 1
    n_patients = len(grid.patients)
    position = np.tile(np.arange(n), n_patients)
    weeks = grid.weeks[1:]
    whole = bool((weeks == np.rint(weeks)).all())
    table: dict[str, object] = {
        "patient": grid.patients.repeat(n),
        "visit": like(grid.visit_names[1:], visits["visit"])[position],  # type: ignore[index]
        "week": (weeks.astype(np.int64) if whole else weeks)[position],
    }
    if grid.arms is not None:
        table["arm"] = like(grid.arms, visits["arm"])[np.repeat(np.arange(n_patients), n)]  # type: ignore[index]
    return table


def carried_forward(grid: VisitGrid, patients: np.ndarray) -> VisitGrid:
    """Fill each missing value with the patient's last recorded one, baseline included.

    Parameters
    ----------
    grid : VisitGrid
        What was recorded.
    patients : numpy.ndarray of bool
        Whose values to fill.

    Returns
    -------
    VisitGrid
        With the values filled; ``made`` stays as it was.
    """

    def fill(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
        filled = values.copy()
        for k in range(1, grid.made.shape[1]):
            lacks = missing[:, k] & ~missing[:, k - 1]
            rows = lacks & (patients if values.ndim == 2 else patients[:, None])
            filled[:, k][rows] = filled[:, k - 1][rows]
            missing[:, k][rows] = False
        return filled

    return replace(
        grid,
        sledai=fill(grid.sledai, np.isnan(grid.sledai)),
        pga=fill(grid.pga, np.isnan(grid.pga)),
        grades=fill(grid.grades, grid.grades == MISSING_GRADE),
        events={name: fill(values, values < 0) for name, values in grid.events.items()},
    )


def read_visits(
    visits: pd.DataFrame,
    components: Collection[str] = COMPONENTS,
    events: Sequence[str] = EVENTS,
    score: str = "sledai",
) -> VisitGrid:
    """Check a tidy visit table and lay it out as patients × visits.

    Parameters
    ----------
    visits : pandas.DataFrame
        As :func:`lupus_kit.endpoints.sri` takes it.
    components : collection of str
        Which of ``"sledai"``, ``"bilag"`` and ``"pga"`` to read.
    events : sequence of str
        Yes/no columns. The three that are looked for by default may be absent, any other must be there.
    score : str
        The column of the activity score. ``"sledai"`` must hold whole points, another may hold half points.

    Returns
    -------
    VisitGrid
        Checked arrays.

    Raises
    ------
    InputError
        As for :func:`lupus_kit.endpoints.sri`.
    """
    wanted = [*KEYS]
    wanted += [score] if "sledai" in components else []
    wanted += ["pga"] if "pga" in components else []
    wanted += GRADE_COLUMNS if "bilag" in components else ()
    if isinstance(events, str):
        raise InputError(f"events is {events!r}: give a list of column names, such as [{events!r}].")
    wanted += [name for name in events if name not in EVENTS]  # an event asked for by name must be there
    found = [name for name in (*events, "arm") if name in require_frame(visits, "visits").columns]
    require_columns(visits, list(dict.fromkeys([*wanted, *found])), "visits")
    refuse_slips(visits, [*wanted, *events, "arm"], "visits")
    visits = plain_keys(visits)
    problems = BadCells("the visit table")
    points = pga = np.full(len(visits), np.nan)
    if "sledai" in components:
        points = numbers(visits, score, problems, 0, 105, whole=score == "sledai")
        if score != "sledai":
            with np.errstate(invalid="ignore"):
                problems.add(visits, score, (2 * points) % 1 > 0, "half points at the finest")
    if "pga" in components:
        pga = np.rint(numbers(visits, "pga", problems, 0, 3, whole=False) * 100)
    letters = read_grades(visits, problems) if "bilag" in components else None
    happened = {name: flags(visits, name, problems) for name in found if name != "arm"}
    keys = read_keys(visits, problems)
    visit_names = _visit_names(visits, keys)
    shape = (len(keys.patients), len(keys.weeks))
    cell = keys.patient * shape[1] + keys.week
    made = np.zeros(shape[0] * shape[1], dtype=bool)
    made[cell] = True
    in_order = len(cell) == len(made) and bool((cell == np.arange(len(cell))).all())

    def spread(values: np.ndarray, empty: float) -> np.ndarray:
        if in_order:
            return values.reshape(shape)
        full = np.full(shape[0] * shape[1], empty, dtype=values.dtype)
        full[cell] = values
        return full.reshape(shape)

    grades = np.full((len(BILAG_SYSTEMS), *shape), MISSING_GRADE, dtype=np.int8)
    if letters is not None:
        for plane, column in zip(grades, letters.T, strict=True):
            plane[:] = spread(column, MISSING_GRADE)
    return VisitGrid(
        patients=keys.patients,
        visit_names=visit_names,
        weeks=keys.weeks,
        made=made.reshape(shape),
        sledai=spread(points, np.nan),
        pga=spread(pga, np.nan),
        grades=np.moveaxis(grades, 0, 2),  # one contiguous plane for each system
        arms=read_arms(visits, keys),
        events={name: spread(values, -1) for name, values in happened.items()},
    )
