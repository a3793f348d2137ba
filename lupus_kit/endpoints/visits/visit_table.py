"""The checked table that the rules of response read: one row for each patient and each visit, made or not."""

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, numbers, refuse_slips, require_columns, require_frame
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints.bilag.grades import GRADE_COLUMNS, read_grades
from lupus_kit.endpoints.nullable import as_printed, rounded, yes_no
from lupus_kit.endpoints.pga import PGA_UNITS
from lupus_kit.endpoints.visits.keys import KEYS, Keys, plain_keys, read_arms, read_keys

#: The parts of a composite endpoint that a visit table may hold.
COMPONENTS = ("sledai", "bilag", "pga")

#: Yes/no columns that are looked for unless told otherwise: events that count as non-response.
EVENTS = ("rescue", "disallowed_medication", "withdrawn")

#: The nine grade columns, to pick them from a table.
GRADE_LIST = list(GRADE_COLUMNS)


def read_visits(
    visits: pd.DataFrame,
    components: Collection[str] = COMPONENTS,
    event_columns: Sequence[str] = EVENTS,
    score: str = "sledai",
    doses: Sequence[str] = (),
) -> pd.DataFrame:
    """Check a tidy visit table and give every patient a row for every visit.

    Parameters
    ----------
    visits : pandas.DataFrame
        As :func:`lupus_kit.endpoints.sri` takes it.
    components : collection of str
        Whether to read ``"bilag"`` and ``"pga"``; the activity score is always read.
    event_columns : sequence of str
        Yes/no columns. The three that are looked for by default may be absent, any other must be there.
    score : str
        The column of the activity score. ``"sledai"`` must hold whole points, another may hold half points.
    doses : sequence of str
        Columns of doses in mg a day; they must be there.

    Returns
    -------
    pandas.DataFrame
        Rows in order of patient and week: ``patient``, ``visit``, ``week`` (0 is baseline), ``arm`` (if given),
        ``made`` (whether the visit has a row in `visits`), ``sledai`` (whole numbers, or half points), ``pga`` in whole
        units of ``PGA_UNITS``, doses, and the events, all nullable; and the grades as numbers, NaN where missing, so
        that no comparison with a missing grade is true.

    Raises
    ------
    InputError
        As for :func:`lupus_kit.endpoints.sri`.
    """
    grades = GRADE_LIST if "bilag" in components else []
    wanted = [*KEYS, score, *(["pga"] if "pga" in components else []), *grades, *doses]
    wanted += [name for name in event_columns if name not in EVENTS]  # an event asked for by name must be there
    found = [name for name in event_columns if name in require_frame(visits, "visits").columns]
    arm = ["arm"] if "arm" in visits.columns else []
    require_columns(visits, list(dict.fromkeys([*wanted, *found, *arm])), "visits")
    refuse_slips(visits, [*wanted, *event_columns, "arm"], "visits")
    visits = plain_keys(visits)

    problems = BadCells("the visit table")
    points = numbers(visits, score, problems, 0, 105, whole=score == "sledai")
    if score != "sledai":
        problems.add(visits, score, (2 * points) % 1 > 0, "half points at the finest")
    columns: dict[str, object] = {"sledai": points}
    if "pga" in components:
        columns["pga"] = np.rint(as_printed(numbers(visits, "pga", problems, 0, 3, whole=False)) * PGA_UNITS)
    if grades:
        columns |= dict(zip(grades, read_grades(visits, problems).T, strict=True))
    columns |= {name: rounded(visits, name, problems, 0, 5000).array for name in doses}
    columns |= {name: yes_no(visits, name, problems).array for name in found}
    keys = read_keys(visits, problems)

    every = _every_visit(visits, keys)
    place = keys.patient * len(keys.weeks) + keys.week
    every["made"] = np.isin(every.index, place)
    table = every.join(pd.DataFrame(columns, index=place))
    halves = (table["sledai"] % 1 > 0).any()
    return table.astype({"sledai": "Float64" if halves else "Int64"} | ({"pga": "Int64"} if "pga" in table else {}))


def _every_visit(visits: pd.DataFrame, keys: Keys) -> pd.DataFrame:
    """Name every patient at every visit."""
    n_patients, n_weeks = len(keys.patients), len(keys.weeks)
    whole = bool((keys.weeks == np.rint(keys.weeks)).all())
    names = _like(_visit_names(visits, keys), visits["visit"])
    table = {
        "patient": keys.patients.repeat(n_weeks),
        "visit": names.take(np.tile(np.arange(n_weeks), n_patients)),
        "week": np.tile(keys.weeks.astype(np.int64) if whole else keys.weeks, n_patients),
    }
    arms = read_arms(visits, keys)
    if arms is not None:
        table["arm"] = _like(arms, visits["arm"]).take(np.repeat(np.arange(n_patients), n_weeks))
    return pd.DataFrame(table)


def _like(labels: np.ndarray, column: pd.Series) -> np.ndarray | pd.Categorical:
    """Give labels the categories of the column they came from, so that plots keep their order."""
    return pd.Categorical(labels, dtype=column.dtype) if isinstance(column.dtype, pd.CategoricalDtype) else labels


def _visit_names(visits: pd.DataFrame, keys: Keys) -> np.ndarray:
    """Return the visit name of each week; one week has one name and the other way round."""
    weeks = keys.weeks
    if weeks[0] != 0 or len(weeks) < 2:
        listed = ", ".join(f"{week:g}" for week in weeks)
        wanted = "the rule compares with baseline, so the table needs week 0 and at least one later week"
        raise InputError(f"visits has the week(s) {listed}: {wanted}.")
    code, names = pd.factorize(visits["visit"])
    pair, first = np.unique(keys.week * len(names) + code, return_index=True)
    week, name = divmod(pair, len(names))
    pairs = [(int(week[k]), names[name[k]]) for k in np.lexsort((first, week))]
    weeks_of, names_of = (Counter(part) for part in zip(*pairs, strict=True))
    bad = [f"week {weeks[k]:g} {name!r}" for k, name in pairs if weeks_of[k] > 1 or names_of[name] > 1]
    if bad:
        wanted = "each visit name must have one week, and each week one name"
        raise InputError(f"columns 'visit' and 'week' disagree: {wanted}; there are {', '.join(bad[:12])}.")
    return np.array([name for _, name in pairs], dtype=object)


def with_baseline(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two tables of equal length: each later visit's baseline row of the same patient, and the visit's own row."""
    at_baseline = (table["week"] == 0).to_numpy()
    later, first = np.flatnonzero(~at_baseline), np.flatnonzero(at_baseline)
    baseline, visit = table.take(np.repeat(first, len(later) // len(first))), table.take(later)
    baseline.index = visit.index = pd.RangeIndex(len(later))
    return baseline, visit


def carried_forward(table: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """Fill missing values in some rows with the patient's last recorded ones, baseline included; ``made`` stays."""
    values = [name for name in table if name not in (*KEYS, "arm", "made")]
    filled = table.groupby("patient", observed=True, sort=False)[values].ffill()
    return table.assign(**{name: table[name].where(~rows, filled[name]) for name in values})
