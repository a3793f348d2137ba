"""The imputed data sets behind multiple imputation of the SRI: who gives to whom, and the rule on what was filled."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from lupus_kit.core.errors import InputError, is_whole, require_choice, unknown_name
from lupus_kit.core.seeds import as_generator
from lupus_kit.endpoints.pga import PGA_UNITS
from lupus_kit.endpoints.rules.intercurrent import STEROIDS
from lupus_kit.endpoints.rules.sri import SriEvaluation, SriOptions, evaluate_sri, sri_clauses
from lupus_kit.endpoints.words import WORDS

#: Smaller than any difference between two patients: breaks ties between equally similar donors at random.
_TIE = 1e-6


@dataclass(frozen=True)
class Step:
    """One draw: recipients of one visit with the same gaps, and the donors they may draw from.

    Attributes
    ----------
    visit : int
        Position of the visit.
    recipients, donors : numpy.ndarray
        Positions of patients.
    gaps : numpy.ndarray of bool
        Which parts are missing, shape (parts,).
    history : bool
        Whether similar also means: in the parts of the visit before.
    """

    visit: int
    recipients: np.ndarray
    donors: np.ndarray
    gaps: np.ndarray
    history: bool


@dataclass(frozen=True)
class Pool:
    """Who gives to whom.

    Attributes
    ----------
    receives : numpy.ndarray of bool
        Shape (patients, visits).
    gives : numpy.ndarray of bool
        Shape (patients,).
    forgets : bool
        Whether a recipient starts afresh here: the visit before is matched on only where this pool filled it too.
    """

    receives: np.ndarray
    gives: np.ndarray
    forgets: bool = False


def left_for_good(known: np.ndarray) -> np.ndarray:
    """Say from which visit on a patient has nothing on record, of shape (patients, visits, parts) to (patients, visits)."""
    nothing = ~np.any(known, axis=2)
    return np.asarray(np.minimum.accumulate(nothing[:, ::-1], axis=1)[:, ::-1])


def plan(known: np.ndarray, pools: list[Pool]) -> list[Step]:
    """List the draws in the order of the visits.

    Parameters
    ----------
    known : numpy.ndarray of bool
        Shape (patients, visits, parts).
    pools : list of Pool
        Recipients and possible donors.

    Returns
    -------
    list of Step
        A donor has every part of the visit on record; a step may have no donor.
    """
    steps = []
    for k in range(known.shape[1]):
        gaps = ~known[:, k]
        complete = ~gaps.any(axis=1)
        for pool in pools:
            donors = np.flatnonzero(complete & pool.gives)
            here = pool.receives[:, k]
            remembers = here & (pool.receives[:, k - 1] if k else False) if pool.forgets else here
            for receives, history in ((remembers, k > 0), (here & ~remembers, False)):
                patterns = np.unique(gaps[receives & ~complete][:, ::-1], axis=0)[:, ::-1]  # by the last part first
                for pattern in patterns:
                    recipients = np.flatnonzero(receives & (gaps == pattern).all(axis=1))
                    steps.append(Step(k, recipients, donors, pattern, history))
    return steps


def fill(
    parts: np.ndarray, baseline: np.ndarray, steps: list[Step], nearest: int, rng: np.random.Generator
) -> np.ndarray:
    """Fill every gap once.

    Parameters
    ----------
    parts : numpy.ndarray
        Changes since baseline, shape (patients, visits, parts); NaN is a gap.
    baseline : numpy.ndarray
        Baseline values to match on, shape (patients, values); NaN where not recorded.
    steps : list of Step
        The draws, each with at least one donor.
    nearest : int
        How many similar donors each recipient draws from.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    numpy.ndarray
        A filled copy.

    Notes
    -----
    Each step first draws the donors themselves with replacement (the approximate Bayesian bootstrap, which makes the
    imputation proper), then gives each recipient one of the nearest drawn donors at random, and all its missing
    parts from that one donor. Similar means close in the baseline values, in the parts of the visit before
    (unless a step forgets them), and in the recorded parts of this visit, each divided by its standard deviation among the donors.
    """
    filled = parts.copy()
    for step in steps:
        # Matching values: history, then what this visit records.
        before = [filled[:, step.visit - 1]] if step.history else []
        history = np.hstack([baseline, *before, parts[:, step.visit][:, ~step.gaps]])
        drawn = rng.choice(step.donors, size=len(step.donors))
        near, far = _scaled(history[step.donors], history[drawn], history[step.recipients])
        near += _TIE * rng.random(near.shape)
        k = min(nearest, len(drawn))
        found = scipy.spatial.cKDTree(near).query(far, k=[*range(1, k + 1)])[1]
        pick = found[np.arange(len(far)), rng.integers(k, size=len(far))]
        into = np.ix_(step.recipients, np.flatnonzero(step.gaps))
        filled[:, step.visit][into] = parts[:, step.visit][drawn[pick]][:, step.gaps]
    return filled


def _scaled(donors: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Put values on the scale of the donors; a missing value counts as their mean."""
    recorded = ~np.isnan(donors)
    count = np.maximum(recorded.sum(axis=0), 1)
    mean = np.where(recorded, donors, 0).sum(axis=0) / count
    spread = np.sqrt(np.where(recorded, (donors - mean) ** 2, 0).sum(axis=0) / count)
    spread[spread == 0] = 1
    return [np.nan_to_num((values - mean) / spread) for values in others]


#: What is assumed of patients whose values are missing, which says where their donors come from.
DONORS = tuple(WORDS["donors"])
_OTHER_NAMES = {"arm": "mar", "reference": "jump_to_reference", "j2r": "jump_to_reference", "cr": "copy_reference"}
# An arm of this name is the reference where none is given.
_CONTROL = re.compile(r"placebo|control|sham|standard", re.IGNORECASE)
_PGA_TOP = 3 * PGA_UNITS  # the scale ends at 3


@dataclass(frozen=True)
class Arms:
    """The arms of a trial, the reference last, or one group of all patients; `member` has shape (arms, patients)."""

    names: list[Any]
    member: np.ndarray
    given: bool


@dataclass(frozen=True)
class Filled:
    """Imputed data sets before the rule: ``values`` has shape (imputations, patients, visits, parts)."""

    values: np.ndarray
    changes: pd.DataFrame
    found: SriEvaluation
    options: SriOptions
    arms: Arms
    method: str


def fill_gaps(
    visits: pd.DataFrame,
    points: int,
    n_imputations: int = 100,
    seed: int | np.random.Generator = 0,
    donors: str = "mar",
    reference: object = None,
    nearest: int = 5,
    **rule: Any,
) -> Filled:
    """Read the visits and fill every gap as often as asked; the parameters are those of ``impute_responders``."""
    donors = _check(n_imputations, nearest, donors)
    options = SriOptions(points, **rule)
    rng = as_generator(seed)
    table, intercurrent = options.read(visits)
    found = evaluate_sri(table, options, intercurrent)
    arms = _read_arms(table, reference, donors)

    changes = _changes(found)
    n_patients = arms.member.shape[1]
    gaps = changes.to_numpy(dtype=float).reshape(n_patients, len(changes) // n_patients, -1)
    known = ~np.isnan(gaps)
    measured = known[..., : known.shape[2] - len(intercurrent.clauses)]
    steps = plan(known, _pools(arms, donors, left_for_good(measured)))
    _require_donors(steps, found, arms, donors)
    start = table[table["week"] == 0].reindex(columns=["sledai", "pga"])
    baseline = start.to_numpy(dtype=float, na_value=np.nan)
    filled = np.stack([fill(gaps, baseline, steps, nearest, rng) for _ in range(n_imputations)])
    return Filled(filled, changes, found, options, arms, _method(donors, nearest, n_imputations, arms))


def _check(n_imputations: object, nearest: object, donors: str) -> str:
    """Return the assumption by its first name."""
    for name, value, least in (("n_imputations", n_imputations, 2), ("nearest", nearest, 1)):
        if not is_whole(value, least):
            raise InputError(f"{name} is {value!r}: give a whole number of at least {least}.")
    donors = _OTHER_NAMES.get(donors.lower(), donors) if isinstance(donors, str) else donors
    require_choice("choice of donors", donors, DONORS)
    return donors


def _read_arms(table: pd.DataFrame, reference: object, donors: str) -> Arms:
    start = table[table["week"] == 0]
    if "arm" not in start:
        if reference is not None:
            raise InputError(f"reference is {reference!r}, but visits has no column 'arm'.")
        return Arms(["all patients"], np.ones((1, len(start)), dtype=bool), given=False)
    without = start.loc[start["arm"].isna(), "patient"]
    if len(without):
        first = without.iloc[0]
        raise InputError(f"{len(without)} patient(s) have no arm, the first is {first!r}: give every patient one.")
    found = set(start["arm"])
    categorical = isinstance(start["arm"].dtype, pd.CategoricalDtype)
    ordered = start["arm"].cat.categories if categorical else sorted(found, key=str)
    names = [arm for arm in ordered if arm in found]
    if reference is None:
        controls = [arm for arm in names if _CONTROL.search(str(arm))]
        if len(controls) != 1 and donors.endswith("_reference"):
            wanted = f"the arm that others are taken to resemble: one of {names}"
            raise InputError(f"donors={donors!r} needs reference=, {wanted}.")
        reference = controls[0] if len(controls) == 1 else names[-1]
    if reference not in names:
        raise unknown_name("arm", reference, map(str, names))
    names = [arm for arm in names if arm != reference] + [reference]
    return Arms(names, np.array([start["arm"] == arm for arm in names]), given=True)


def _pools(arms: Arms, donors: str, left: np.ndarray) -> list[Pool]:
    """Return who receives and who gives; `left` says at which visits a patient had left for good."""
    always = np.ones_like(left)
    if donors == "all":
        return [Pool(always, always[:, 0])]
    if donors == "mar":
        return [Pool(always & own[:, None], own) for own in arms.member]
    if not arms.given:
        raise InputError(f"donors={donors!r} needs a column 'arm' in visits.")
    reference = arms.member[-1]
    if donors == "copy_reference":
        return [Pool(always, reference)]
    jumped = left & ~reference[:, None]
    stayed = [Pool(~jumped & own[:, None], own) for own in arms.member]
    return [*stayed, Pool(jumped, reference, forgets=True)]


def _changes(found: SriEvaluation) -> pd.DataFrame:
    """Return what is imputed: changes since baseline and events, missing where not on record."""
    change = found.change
    parts = {"sledai_drop": change["sledai_drop"]}
    if "new_a" in change:
        known = change["grades_known"].fillna(False)
        parts |= {name: change[name].where(known) for name in ("new_a", "new_b")}
    if "pga_rise" in change:
        parts["pga_rise"] = change["pga_rise"]
    parts |= {name: found.visit[name] for name in found.events.clauses}
    return pd.DataFrame(parts).astype("Float64").astype(float)


def _require_donors(steps: list[Step], found: SriEvaluation, arms: Arms, donors: str) -> None:
    """Refuse where nobody can give; list every visit at once."""
    lines = []
    for visit, receiver in sorted({(s.visit, int(s.recipients[0])) for s in steps if not len(s.donors)}):
        own = arms.names[int(arms.member[:, receiver].argmax())]
        group = {"mar": own, "all": "any arm"}.get(donors, arms.names[-1])
        lines.append(f"{found.visit['visit'].iloc[visit]}: nobody of {group} has every value on record")
    if lines:
        hint = " donors='all' draws from every arm." if donors != "all" and arms.given else ""
        listed = "\n".join(dict.fromkeys(lines))
        raise InputError(f"some gaps have no donor:\n{listed}\nAsk for fewer components, or leave out the visit.{hint}")


def decide(of: Filled, worse: np.ndarray) -> np.ndarray:
    """Apply the rule to the filled data sets; `worse` is a shift for each patient and visit."""
    filled, recorded, found, events = of.values, of.changes, of.found, of.found.events.clauses
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
    responds = sri_clauses(change, of.options.points, events).all(axis=1)
    return np.reshape(responds.to_numpy(), (n_imputations, -1))


def _method(donors: str, nearest: int, n_imputations: int, arms: Arms) -> str:
    most = f"each gap takes the changes of one of the {nearest} most similar patients of"
    last = arms.names[-1]
    jump = f"whoever has left goes on like one of the {nearest} patients of {last} with the most similar start"
    own = "the same arm" if arms.given else "the cohort"
    pool_of = WORDS["donors"][donors].format(most=most, own=own, last=last, jump=jump)
    return f"{n_imputations} imputations; {pool_of}; pooled by Rubin's rules."
