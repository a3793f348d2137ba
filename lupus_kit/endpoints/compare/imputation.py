"""Multiple imputation of the SRI: what the open answers may have been, many times, pooled by Rubin's rules."""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.core.seeds import as_generator
from lupus_kit.endpoints.compare import donors as _donors
from lupus_kit.endpoints.compare.rubin import Pooled, pool
from lupus_kit.endpoints.rules import sri as sri_rule
from lupus_kit.endpoints.rules.logic import UNKNOWN, YES, boolean_column
from lupus_kit.endpoints.visits.visit_table import COMPONENTS, EVENTS, VisitGrid, key_columns, read_visits

#: Where donors may come from.
DONORS = ("arm", "all", "reference")
_PGA_TOP = 300  # the scale ends at 3, here in hundredths


@dataclass(frozen=True)
class ImputedResponders:
    """Responders after multiple imputation.

    Attributes
    ----------
    pooled : pandas.DataFrame
        One row per visit and quantity: ``visit``, ``week``, ``quantity`` (the rate of an arm, or a difference of two),
        ``estimate``, ``within``, ``between``, ``total`` (variances), ``df``, ``low``, ``high``, ``p`` (differences only).
    counts : pandas.DataFrame
        One row per imputation, visit and arm: ``imputation`` (from 1), ``visit``, ``week``, ``arm`` (if given),
        ``responders``, ``patients``.
    patients : pandas.DataFrame
        One row per patient and visit: keys, ``observed`` (the verdict, missing where it is open) and ``share`` (of the
        imputations in which the patient responds).
    n_imputations : int
        How many data sets were imputed.
    method : str
        In words.
    """

    pooled: pd.DataFrame
    counts: pd.DataFrame
    patients: pd.DataFrame
    n_imputations: int
    method: str

    def to_frame(self) -> pd.DataFrame:
        """Return the pooled rates and differences."""
        return self.pooled.copy()

    def _repr_html_(self) -> str:
        table = self.pooled
        shown = table[["visit", "quantity"]].copy()
        for name in ("estimate", "low", "high"):
            shown[name] = [f"{100 * x:.1f}%" if np.isfinite(x) else "–" for x in table[name]]
        lost = table["between"] * (1 + 1 / self.n_imputations) / table["total"].where(table["total"] > 0)
        shown["variance from missing data"] = [f"{100 * x:.0f}%" if np.isfinite(x) else "–" for x in lost]
        shown["p"] = ["" if np.isnan(p) else f"{p:.4f}" for p in table["p"]]
        return f"{shown.to_html(index=False, border=0)}<small>{html.escape(self.method)}</small>"


def impute_responders(
    visits: pd.DataFrame,
    points: int = 4,
    *,
    n_imputations: int = 100,
    seed: int | np.random.Generator = 0,
    donors: str = "arm",
    reference: object = None,
    nearest: int = 5,
    delta: float | Mapping[str, float] = 0,
    level: float = 0.95,
    b_to_a_is_new: bool = True,
    components: Collection[str] = COMPONENTS,
    events: Sequence[str] = EVENTS,
    events_persist: bool = False,
) -> ImputedResponders:
    """Impute what missing visits and values may have been, decide the SRI each time, and pool the results.

    Parameters
    ----------
    visits : pandas.DataFrame
        The table that ``sri`` takes.
    points : int
        The drop in SLEDAI that is asked for, 4 to 8.
    n_imputations : int
        How many data sets to impute, at least 2.
    seed : int or numpy.random.Generator
        Same seed, same result.
    donors : {"arm", "all", "reference"}
        Whose values fill a gap: patients of the same arm (a patient who left went on like similar patients of the
        arm), of any arm, or of the reference arm (a patient who left lost all benefit of treatment).
    reference : arm, optional
        The arm that the others are compared with; the last one where it is left out.
    nearest : int
        How many of the most similar donors a gap is filled from, at random.
    delta : float or mapping of arm to float
        SLEDAI points by which every imputed SLEDAI is made worse (negative: better), to see how much worse missing
        patients must be before the conclusion changes. Arms that are not named get 0.
    level : float
        Confidence level of the intervals.
    b_to_a_is_new, components, events, events_persist
        As for ``sri``.

    Returns
    -------
    ImputedResponders
        Pooled rates and differences, counts of every imputation, and each patient's share.

    Raises
    ------
    InputError
        As for ``sri``; if some patients have no arm and others do; or if a gap has no donor: nobody in the pool has
        every value of that visit on record.

    Notes
    -----
    Visits are filled in order of time. A gap takes the change since baseline of one donor who has every value of the
    visit on record: fall of SLEDAI, newly A and newly B systems, rise of PGA, events. All missing parts of one
    patient and visit come from one donor, so that they fit together. The donor is one of the `nearest` in baseline
    SLEDAI and PGA, the changes at the visit before, and what this visit does record. Donors are first drawn with
    replacement (approximate Bayesian bootstrap), so that the uncertainty about the donors is part of the result.
    Nothing leaves its scale: SLEDAI does not fall below 0, PGA stays within 0 to 3.

    Only open answers are imputed. Where recorded values fail a clause, or all are recorded, the answer stands. So a
    result always lies between the worst and the best case, and without missing data it is that of ``sri``.

    The method assumes that, given what is matched on, missing patients do not differ from the donors; `delta` and
    ``donors="reference"`` relax that. The latter follows the idea of reference-based imputation (Carpenter 2013), with
    the patient's own history in the match. It often overstates the variance when pooled by Rubin's rules.

    Within one data set the variance of a rate is p(1−p)/n, of a difference their sum. Rubin's rules add the variance
    between data sets; degrees of freedom follow Barnard and Rubin, from n−1 (a rate) or n₁+n₂−2 (a difference)
    complete-data ones. Intervals are estimate ± t·√total, rates cut at 0 and 1; they are missing where the total is 0.
    With few patients the normal approximation behind them is rough.

    References
    ----------
    Rubin DB, Schenker N. J Am Stat Assoc 1986;81:366-374. Barnard J, Rubin DB. Biometrika 1999;86:948-955.
    Carpenter JR, Roger JH, Kenward MG. J Biopharm Stat 2013;23:1352-1371.

    Examples
    --------
    >>> import pandas as pd
    >>> visits = pd.DataFrame({"patient": [1, 2, 3, 4] * 2, "visit": ["baseline"] * 4 + ["week 12"] * 4,
    ...                        "week": [0] * 4 + [12] * 4, "sledai": [10, 12, 8, 10, 4, 12, 2, None]})
    >>> result = impute_responders(visits, components=["sledai"], seed=1)
    >>> result.patients["observed"].tolist()
    [True, False, True, <NA>]
    >>> bool(0 < result.patients["share"].iloc[3] < 1)
    True
    """
    _check(n_imputations, nearest, donors, level)
    sri_rule._check_options(points, components)
    rng = as_generator(seed)
    grid = read_visits(visits, components, events)
    if events_persist:
        grid = replace(grid, events={name: sri_rule._persist(values) for name, values in grid.events.items()})
    arms = _Arms(grid, visits, reference)
    worse = arms.of_patients(delta)
    scored = sri_rule._score(grid, points, b_to_a_is_new, components)
    answer = scored["answer"]
    parts = _parts(scored, grid)
    names = list(parts)
    stacked = np.stack(list(parts.values()), axis=2)
    known = ~np.isnan(stacked)
    steps = _donors.plan(known, arms.pools(donors))
    _require_donors(steps, grid, arms, donors)
    baseline = np.column_stack([grid.sledai[:, 0], grid.pga[:, 0]])

    responds = np.empty((n_imputations, *answer.shape), dtype=bool)
    is_open = answer == UNKNOWN
    for m in range(n_imputations):
        filled = _donors.fill(stacked, baseline, steps, nearest, rng) if steps else stacked
        made = {name: filled[:, :, k] for k, name in enumerate(names)}
        imputed = _decide(made, known, names, scored, grid, points, worse, events_persist)
        responds[m] = np.where(is_open, imputed, answer == YES)
    return _results(responds, answer, visits, grid, arms, level, _words(donors, nearest, n_imputations, arms, delta))


def _check(n_imputations: object, nearest: object, donors: object, level: object) -> None:
    for name, value, least in (("n_imputations", n_imputations, 2), ("nearest", nearest, 1)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise InputError(f"{name} is {value!r}: give a whole number of at least {least}.")
    if donors not in DONORS:
        raise unknown_name("choice of donors", donors, DONORS)
    if isinstance(level, bool) or not isinstance(level, (int, float, np.number)) or not 0 < level < 1:
        raise InputError(f"level is {level!r}: give a confidence level between 0 and 1, such as 0.95.")


class _Arms:
    """The arms of a trial, or one group of all patients where there is no arm."""

    def __init__(self, grid: VisitGrid, visits: pd.DataFrame, reference: object) -> None:
        n = len(grid.patients)
        self.given = grid.arms is not None
        if grid.arms is None:
            if reference is not None:
                raise InputError(f"reference is {reference!r}, but visits has no column 'arm'.")
            self.names: list[object] = ["all patients"]
            self.member = np.ones((1, n), dtype=bool)
            return
        without = [p for p, arm in zip(grid.patients, grid.arms, strict=True) if arm is None]
        if without:
            raise InputError(
                f"{len(without)} patient(s) have no arm, the first is {without[0]!r}: give every patient one."
            )
        found = pd.unique(pd.Series(grid.arms))
        column = visits["arm"]
        ordered = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else sorted(found, key=str)
        self.names = [arm for arm in ordered if arm in set(found)]
        if reference is not None:
            if reference not in self.names:
                raise unknown_name("arm", reference, map(str, self.names))
            self.names = [arm for arm in self.names if arm != reference] + [reference]
        self.member = np.array([grid.arms == arm for arm in self.names])

    def pools(self, donors: str) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return who receives and who gives, pool by pool."""
        if donors == "arm":
            return [(own, own) for own in self.member]
        everybody = np.ones(self.member.shape[1], dtype=bool)
        if donors == "all":
            return [(everybody, everybody)]
        if not self.given:
            raise InputError("donors='reference' needs a column 'arm' in visits.")
        return [(everybody, self.member[-1])]

    def of_patients(self, delta: object) -> np.ndarray:
        """Return the shift of each patient."""
        if isinstance(delta, Mapping) and not self.given:
            raise InputError(f"delta is {dict(delta)!r}, one shift for each arm, but visits has no column 'arm'.")
        named = delta if isinstance(delta, Mapping) else dict.fromkeys(self.names, delta)
        shift = np.zeros(self.member.shape[1])
        for arm, value in named.items():
            if arm not in self.names:
                raise unknown_name("arm", arm, map(str, self.names))
            if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not np.isfinite(value):
                raise InputError(f"delta is {delta!r}: give SLEDAI points, or a mapping of arm to SLEDAI points.")
            shift[self.member[self.names.index(arm)]] = value
        return shift


def _parts(scored: Mapping[str, np.ndarray], grid: VisitGrid) -> dict[str, np.ndarray]:
    """Name what is imputed: changes since baseline and events, NaN where not on record."""
    parts = {name: scored[name] for name in ("drop", "new_a", "new_b", "rise") if name in scored}
    return parts | {
        f"event {name}": np.where(values[:, 1:] < 0, np.nan, values[:, 1:]) for name, values in grid.events.items()
    }


def _require_donors(steps: list[_donors.Step], grid: VisitGrid, arms: _Arms, donors: str) -> None:
    """Refuse where nobody can give; list every visit at once."""
    lines = []
    for visit, receivers in sorted({(s.visit, int(s.recipients[0])) for s in steps if not len(s.donors)}):
        own = arms.names[int(arms.member[:, receivers].argmax())]
        group = {"arm": own, "all": "any arm", "reference": arms.names[-1]}[donors]
        lines.append(f"{grid.visit_names[visit + 1]}: nobody of {group} has every value on record")
    if lines:
        hint = " donors='all' draws from every arm." if donors != "all" and arms.given else ""
        listed = "\n".join(dict.fromkeys(lines))
        raise InputError(f"some gaps have no donor:\n{listed}\nAsk for fewer components, or leave out the visit.{hint}")


def _decide(
    made: Mapping[str, np.ndarray],
    known: np.ndarray,
    names: list[str],
    scored: Mapping[str, np.ndarray],
    grid: VisitGrid,
    points: int,
    worse: np.ndarray,
    events_persist: bool,
) -> np.ndarray:
    """Apply the clauses to a filled data set."""
    was_known = {name: known[:, :, k] for k, name in enumerate(names)}
    drop = np.where(was_known["drop"], made["drop"], made["drop"] - worse[:, None])
    before = scored["sledai_baseline"]
    drop = np.where(np.isnan(before), drop, np.minimum(drop, before))
    responds = ~scored["too_low"] & (drop >= points)
    if "new_a" in made:
        # What is on record stays: a donor cannot take a new A or B away.
        new_a = np.maximum(made["new_a"], np.bitwise_count(scored["mask_a"]))
        new_b = np.maximum(made["new_b"], np.bitwise_count(scored["mask_b"]))
        responds &= (new_a == 0) & (new_b < sri_rule.NEW_B_LIMIT)
    if "rise" in made:
        # Above the end of the scale there is nothing: a donor's rise stops there.
        room = np.where(np.isnan(scored["pga_baseline"]), np.inf, _PGA_TOP - scored["pga_baseline"])
        responds &= np.minimum(made["rise"], room) < sri_rule.PGA_LIMIT_HUNDREDTHS
    for name, recorded in grid.events.items():
        happened = made[f"event {name}"] == 1
        if events_persist:
            happened = np.maximum.accumulate(np.column_stack([recorded[:, 0] == 1, happened]), axis=1)[:, 1:]
        responds &= ~happened
    return responds


def _results(
    responds: np.ndarray,
    answer: np.ndarray,
    visits: pd.DataFrame,
    grid: VisitGrid,
    arms: _Arms,
    level: float,
    method: str,
) -> ImputedResponders:
    n_imputations, _, n_visits = responds.shape
    n = arms.member.sum(axis=1)
    counts = np.stack([responds[:, own].sum(axis=1) for own in arms.member], axis=1)  # (imputations, arms, visits)
    rates = counts / n[:, None]
    variances = rates * (1 - rates) / n[:, None]
    keys = key_columns(visits, grid)
    patients = pd.DataFrame(keys | {"observed": boolean_column(answer), "share": responds.mean(axis=0).ravel()})
    first = patients.iloc[:n_visits]

    one = pool(rates, variances, np.broadcast_to(n[:, None] - 1.0, rates.shape[1:]), level)
    one = replace(one, low=np.maximum(one.low, 0), high=np.minimum(one.high, 1), p=np.full(one.p.shape, np.nan))
    blocks = [(str(arm), one, k) for k, arm in enumerate(arms.names)]
    if len(n) > 1:
        df = np.broadcast_to((n[:-1] + n[-1] - 2.0)[:, None], rates[0, :-1].shape)
        difference = pool(rates[:, :-1] - rates[:, -1:], variances[:, :-1] + variances[:, -1:], df, level)
        blocks += [(f"{arm} minus {arms.names[-1]}", difference, k) for k, arm in enumerate(arms.names[:-1])]
    pooled = pd.concat([_block(first, *block) for block in blocks], ignore_index=True)
    pooled = pooled.sort_values("week", kind="stable", ignore_index=True)

    m, a, v = (axis.ravel() for axis in np.indices(counts.shape))
    table: dict[str, object] = {"imputation": m + 1, "visit": first["visit"].array[v], "week": first["week"].array[v]}
    if arms.given:
        table["arm"] = np.array(arms.names, dtype=object)[a]
    table |= {"responders": counts.ravel(), "patients": n[a]}
    return ImputedResponders(pooled, pd.DataFrame(table), patients, n_imputations, method)


def _block(first: pd.DataFrame, name: str, pooled: Pooled, k: int) -> pd.DataFrame:
    fields = ("estimate", "within", "between", "total", "df", "low", "high", "p")
    columns = {"visit": first["visit"].array, "week": first["week"].array, "quantity": name}
    return pd.DataFrame(columns | {field: getattr(pooled, field)[k] for field in fields})


def _words(donors: str, nearest: int, n_imputations: int, arms: _Arms, delta: object) -> str:
    pool_of = {"arm": "the same arm" if arms.given else "the cohort", "all": "any arm"}.get(donors, str(arms.names[-1]))
    said = (
        f"{n_imputations} imputations; each gap takes the changes of one of the {nearest} most similar patients of "
        f"{pool_of}; pooled by Rubin's rules."
    )
    shifted = {k: v for k, v in delta.items() if v} if isinstance(delta, Mapping) else delta
    if not shifted:
        return said
    if isinstance(shifted, Mapping):
        each = ", ".join(f"{v:+g} on {arm}" for arm, v in shifted.items())
        return f"{said} Imputed SLEDAI shifted: {each}."
    return f"{said} Imputed SLEDAI shifted by {shifted:+g}."
