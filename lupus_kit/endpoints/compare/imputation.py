"""Multiple imputation of the SRI: what the open answers may have been, many times, pooled by Rubin's rules."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.core.cells import require_choice
from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.core.seeds import as_generator
from lupus_kit.endpoints.compare.donors import Step, fill, plan
from lupus_kit.endpoints.compare.rubin import Pooled, pool
from lupus_kit.endpoints.pga import PGA_UNITS
from lupus_kit.endpoints.rules.intercurrent import STEROIDS
from lupus_kit.endpoints.rules.sri import SriEvaluation, SriOptions, evaluate_sri, sri_clauses
from lupus_kit.endpoints.visits.keys import KEYS

#: Where donors may come from.
DONORS = ("arm", "all", "reference")
_PGA_TOP = 3 * PGA_UNITS  # the scale ends at 3


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
    **rule: Any,
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
    **rule
        What else the rule asks for, as for ``sri``: `b_to_a_is_new`, `components`, `events`, `event_columns`,
        `steroids`, `score`. Under ``events="hypothetical"`` what was set missing after an event is imputed too.

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
    options = SriOptions(points, **rule)
    rng = as_generator(seed)
    table, intercurrent = options.read(visits)
    events = intercurrent.clauses
    found = evaluate_sri(table, options, intercurrent)
    arms = _read_arms(table, reference)
    worse = _shifts(arms, delta)

    changes = _changes(found, events)
    n_visits = len(changes) // arms.n_patients
    gaps = changes.to_numpy(dtype=float).reshape(arms.n_patients, n_visits, -1)
    steps = plan(~np.isnan(gaps), _pools(arms, donors))
    _require_donors(steps, found, arms, donors)
    start = table[table["week"] == 0].reindex(columns=["sledai", "pga"])
    baseline = start.to_numpy(dtype=float, na_value=np.nan)
    filled = np.stack([fill(gaps, baseline, steps, nearest, rng) for _ in range(n_imputations)])

    imputed = _decide(filled, changes, found, options, events, np.repeat(worse, n_visits))
    answer = found.answer.to_numpy(dtype=float, na_value=np.nan)
    responds = np.where(np.isnan(answer), imputed, answer == 1).reshape(n_imputations, arms.n_patients, n_visits)
    return _results(responds, found, arms, level, _method(donors, nearest, n_imputations, arms, delta))


def _check(n_imputations: object, nearest: object, donors: str, level: object) -> None:
    for name, value, least in (("n_imputations", n_imputations, 2), ("nearest", nearest, 1)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise InputError(f"{name} is {value!r}: give a whole number of at least {least}.")
    require_choice("choice of donors", donors, DONORS)
    if isinstance(level, bool) or not isinstance(level, (int, float, np.number)) or not 0 < level < 1:
        raise InputError(f"level is {level!r}: give a confidence level between 0 and 1, such as 0.95.")


@dataclass(frozen=True)
class _Arms:
    """The arms of a trial, the reference last, or one group of all patients; `member` has shape (arms, patients)."""

    names: list[Any]
    member: np.ndarray
    given: bool

    @property
    def n_patients(self) -> int:
        return int(self.member.shape[1])


def _read_arms(table: pd.DataFrame, reference: object) -> _Arms:
    start = table[table["week"] == 0]
    if "arm" not in start:
        if reference is not None:
            raise InputError(f"reference is {reference!r}, but visits has no column 'arm'.")
        return _Arms(["all patients"], np.ones((1, len(start)), dtype=bool), given=False)
    without = start.loc[start["arm"].isna(), "patient"]
    if len(without):
        raise InputError(
            f"{len(without)} patient(s) have no arm, the first is {without.iloc[0]!r}: give every patient one."
        )
    found = set(start["arm"])
    categorical = isinstance(start["arm"].dtype, pd.CategoricalDtype)
    ordered = start["arm"].cat.categories if categorical else sorted(found, key=str)
    names = [arm for arm in ordered if arm in found]
    if reference is not None:
        if reference not in names:
            raise unknown_name("arm", reference, map(str, names))
        names = [arm for arm in names if arm != reference] + [reference]
    return _Arms(names, np.array([start["arm"] == arm for arm in names]), given=True)


def _pools(arms: _Arms, donors: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return who receives and who gives, pool by pool."""
    if donors == "arm":
        return [(own, own) for own in arms.member]
    if donors == "reference" and not arms.given:
        raise InputError("donors='reference' needs a column 'arm' in visits.")
    everybody = np.ones(arms.n_patients, dtype=bool)
    return [(everybody, everybody if donors == "all" else arms.member[-1])]


def _shifts(arms: _Arms, delta: object) -> np.ndarray:
    """Return the shift of each patient."""
    if isinstance(delta, Mapping) and not arms.given:
        raise InputError(f"delta is {dict(delta)!r}, one shift for each arm, but visits has no column 'arm'.")
    named = delta if isinstance(delta, Mapping) else dict.fromkeys(arms.names, delta)
    shift = np.zeros(arms.n_patients)
    for arm, value in named.items():
        if arm not in arms.names:
            raise unknown_name("arm", arm, map(str, arms.names))
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not np.isfinite(value):
            raise InputError(f"delta is {delta!r}: give SLEDAI points, or a mapping of arm to SLEDAI points.")
        shift[arms.member[arms.names.index(arm)]] = value
    return shift


def _changes(found: SriEvaluation, events: Sequence[str]) -> pd.DataFrame:
    """Return what is imputed: changes since baseline and events, missing where not on record."""
    change = found.change
    parts = {"sledai_drop": change["sledai_drop"]}
    if "new_a" in change:
        known = change["grades_known"].fillna(False)
        parts |= {name: change[name].where(known) for name in ("new_a", "new_b")}
    if "pga_rise" in change:
        parts["pga_rise"] = change["pga_rise"]
    return pd.DataFrame(parts | {name: found.visit[name] for name in events}).astype("Float64").astype(float)


def _require_donors(steps: list[Step], found: SriEvaluation, arms: _Arms, donors: str) -> None:
    """Refuse where nobody can give; list every visit at once."""
    lines = []
    for visit, receiver in sorted({(s.visit, int(s.recipients[0])) for s in steps if not len(s.donors)}):
        own = arms.names[int(arms.member[:, receiver].argmax())]
        group = {"arm": own, "all": "any arm", "reference": arms.names[-1]}[donors]
        lines.append(f"{found.visit['visit'].iloc[visit]}: nobody of {group} has every value on record")
    if lines:
        hint = " donors='all' draws from every arm." if donors != "all" and arms.given else ""
        listed = "\n".join(dict.fromkeys(lines))
        raise InputError(f"some gaps have no donor:\n{listed}\nAsk for fewer components, or leave out the visit.{hint}")


def _decide(
    filled: np.ndarray,
    recorded: pd.DataFrame,
    found: SriEvaluation,
    options: SriOptions,
    events: Sequence[str],
    worse: np.ndarray,
) -> np.ndarray:
    """Apply the rule to the filled data sets; shape (imputations, patients × visits)."""
    n_imputations = len(filled)
    made = {name: filled[..., k].reshape(n_imputations, -1) for k, name in enumerate(recorded)}
    before = found.change["sledai_baseline"].to_numpy(dtype=float, na_value=np.nan)
    drop = made["sledai_drop"] - np.where(recorded["sledai_drop"].isna(), worse, 0)
    made["sledai_drop"] = np.fmin(drop, before)  # SLEDAI does not fall below 0
    made["sledai_baseline"] = np.where(np.isnan(before), drop, before)  # at least what it falls by
    if "new_a" in made:
        for name in ("new_a", "new_b"):  # what is on record stays: a donor cannot take a new A or B away
            made[name] = np.maximum(made[name], found.change[name].to_numpy())
        made["grades_known"] = np.ones_like(drop, dtype=bool)
    if "pga_rise" in made:
        room = _PGA_TOP - found.baseline["pga"].to_numpy(dtype=float, na_value=np.nan)
        made["pga_rise"] = np.fmin(made["pga_rise"], room)
    for name in events:
        happened = filled[..., recorded.columns.get_loc(name)] == 1
        happened = happened if name == STEROIDS else np.maximum.accumulate(happened, axis=2)
        made[name] = happened.reshape(n_imputations, -1)
    change = pd.DataFrame({name: values.ravel() for name, values in made.items()})
    responds = sri_clauses(change, options.points, events).all(axis=1)
    return np.reshape(responds.to_numpy(), (n_imputations, -1))


def _results(responds: np.ndarray, found: SriEvaluation, arms: _Arms, level: float, method: str) -> ImputedResponders:
    n_imputations, _, n_visits = responds.shape
    n = arms.member.sum(axis=1)
    counts = np.stack([responds[:, own].sum(axis=1) for own in arms.member], axis=1)  # (imputations, arms, visits)
    rates = counts / n[:, None]
    variances = rates * (1 - rates) / n[:, None]
    patients = found.visit[[name for name in (*KEYS, "arm") if name in found.visit]]
    patients = patients.assign(observed=found.answer, share=responds.mean(axis=0).ravel())
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
    columns = {"visit": first["visit"].array, "week": first["week"].array, "quantity": name}
    return pd.DataFrame(columns | {field: values[k] for field, values in vars(pooled).items()})


def _method(donors: str, nearest: int, n_imputations: int, arms: _Arms, delta: object) -> str:
    pool_of = {"arm": "the same arm" if arms.given else "the cohort", "all": "any arm"}.get(donors, str(arms.names[-1]))
    text = (
        f"{n_imputations} imputations; each gap takes the changes of one of the {nearest} most similar patients of "
        f"{pool_of}; pooled by Rubin's rules."
    )
    if isinstance(delta, Mapping):
        each = ", ".join(f"{v:+g} on {arm}" for arm, v in delta.items() if v)
        return f"{text} Imputed SLEDAI shifted: {each}." if each else text
    return f"{text} Imputed SLEDAI shifted by {delta:+g}." if delta else text
