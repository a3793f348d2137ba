"""The latent course: every descriptor of every patient has an activity that moves over the visits.

For patient i, item k and week t the activity is

    L = c_k + x_ik(t) - w_k * D_i(t),

where c_k sets how common the item is, x_ik(t) is a fixed part plus a passing swing, D_i(t) the improvement and w_k how much of
it reaches the organ. The item is present where L > 0, and the more severe the larger L is. Complement drives anti-dsDNA, and
goes with the kidney and the blood: part of their x is that of complement, and nephritis raises the c of serology. Because everybody
must enter with a high score, some of the passing swings are high at entry, and fall later without any treatment:
regression to the mean. Rescue adds to D_i(t); remission of nephritis is laid over the renal items.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import SLEDAI_ITEMS

IDS: list[str] = list(SLEDAI_ITEMS["id"])
WEIGHTS = SLEDAI_ITEMS["weight"].to_numpy()
RENAL = np.flatnonzero(SLEDAI_ITEMS["domain"] == "renal")
SEROLOGY = np.flatnonzero(SLEDAI_ITEMS["domain"] == "immunological")
SKIN = np.flatnonzero(SLEDAI_ITEMS["domain"] == "mucocutaneous")
JOINTS = np.flatnonzero(SLEDAI_ITEMS["domain"] == "musculoskeletal")
_PROTEIN = RENAL.tolist().index(IDS.index("proteinuria"))

#: Two more latent activities beside the 24 descriptors: the gut, a BILAG system without one, and haemoglobin below 9 g/dL.
GUT, ANAEMIA = len(IDS), len(IDS) + 1
_GUT_SHARE, _ANAEMIA_SHARE = 0.01, 0.07

_COMPLEMENT = IDS.index("low_complement")
#: How much of an activity is that of complement (correlation): complement with protein -0.23, platelets 0.18 and white cells
#: 0.12 in 1,012 patients; no number was found for anti-dsDNA.
_PARTS = {"dna_binding": 0.5, "proteinuria": 0.25, "thrombocytopenia": 0.2, "leukopenia": 0.15}
_WITH_COMPLEMENT = {IDS.index(name): part for name, part in _PARTS.items()}

#: Chance that a renal descriptor appears in a patient without nephritis, at any one visit.
_NEW_RENAL = 0.002

_MAX_ROUNDS = 400
#: Patients handled together.
_ROWS = 2048

#: Invented: the first and the last day of rescue.
_RESCUE_DAYS = 14, 77
#: Rescue works at once, as a course of steroids does: time constant in days.
_ONSET_DAYS = 7.0
#: The random numbers of each part of the model.
Streams = dict[str, np.random.Generator]


@dataclass(frozen=True)
class Course:
    """Latent activity, shape (patients, visits, 26), the weeks of the visits, and the days of rescue (NaN: none)."""

    latent: np.ndarray
    weeks: np.ndarray
    rescue_day: np.ndarray

    @property
    def present(self) -> np.ndarray:
        """Which descriptors are present, shape (patients, visits, 24)."""
        return self.latent[:, :, :GUT] > 0


def total_points(present: np.ndarray) -> np.ndarray:
    """SLEDAI of descriptors, the last axis; single precision is quick, and exact for such small whole numbers."""
    return np.asarray((present.astype(np.float32) @ WEIGHTS.astype(np.float32)).astype(np.int64))


def effect(weeks: np.ndarray, onset: float, at_week12: float, at_week24: float) -> np.ndarray:
    """Size of an effect: 0 at entry, a curve with time constant ``onset`` to week 12, then a straight line."""
    rise = -np.expm1(-np.minimum(weeks, 12) / onset) / -np.expm1(-12 / onset)
    return np.asarray(at_week12 * rise + (at_week24 - at_week12) * np.clip((weeks - 12) / 12, 0, None))


def _levels(a: Assumptions) -> np.ndarray:
    """c_k without and with nephritis, shape (2, 26): a share of p means the activity exceeds zero with chance p."""
    share = np.array([*(a.item_share[name] for name in IDS), _GUT_SHARE, _ANAEMIA_SHARE])
    with np.errstate(divide="ignore"):
        usual, calm = ndtri(share), share.copy()
        calm[RENAL] = np.minimum(calm[RENAL], _NEW_RENAL)
        levels = np.stack([ndtri(calm), usual])
    levels[1, [*SEROLOGY, ANAEMIA]] += a.serology_lift
    return np.asarray(np.clip(levels, -9, 9))


def _entry(
    a: Assumptions, levels: np.ndarray, nephritis: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw patients until all are eligible: enough points, and renal findings exactly in those with nephritis."""
    n, k = len(nephritis), levels.shape[1]
    fixed, swing = np.empty((n, k)), np.empty((n, k))
    waiting = np.arange(n)
    for _ in range(_MAX_ROUNDS):
        u = rng.standard_normal((len(waiting), k))
        accepted = np.zeros(len(waiting), dtype=bool)
        for rows in _parts(len(waiting)):
            who, own = waiting[rows], _linked(u[rows])
            passing, ill = _linked(rng.standard_normal(own.shape)), nephritis[who]
            present = _activity(a, levels[ill.astype(np.intp)], own, passing)[:, :GUT] > 0
            fits = (total_points(present) >= a.entry_sledai) & (present[:, RENAL].any(axis=1) == ill)
            fixed[who[fits]], swing[who[fits]], accepted[rows] = own[fits], passing[fits], fits
        waiting = waiting[~accepted]
        if not len(waiting):
            return fixed, swing
    raise InputError(
        f"after {_MAX_ROUNDS} rounds of screening {len(waiting)} of {n} patients still do not reach entry_sledai == "
        f"{a.entry_sledai} (or have no renal finding although nephritis was assumed): lower entry_sledai or raise "
        "item_share."
    )


def _activity(a: Assumptions, levels: np.ndarray, fixed: np.ndarray, swing: np.ndarray) -> np.ndarray:
    return np.asarray(levels + np.sqrt(a.static_share) * fixed + np.sqrt(1 - a.static_share) * swing)


def _linked(draws: np.ndarray) -> np.ndarray:
    """Let what goes with complement have its part of it, in place; the variance stays 1."""
    for item, part in _WITH_COMPLEMENT.items():
        draws[:, item] = part * draws[:, _COMPLEMENT] + np.sqrt(1 - part**2) * draws[:, item]
    return draws


def _parts(n: int) -> list[slice]:
    """Cut rows into parts that stay in the processor's cache."""
    return [slice(start, min(start + _ROWS, n)) for start in range(0, n, _ROWS)]


def pulls(a: Assumptions) -> np.ndarray:
    """Return how much of an improvement reaches each of the 26 latent activities."""
    pull = np.ones(ANAEMIA + 1)
    for items, share in (
        (SKIN, a.skin_share), (JOINTS, a.joint_share), ([*RENAL, ANAEMIA], a.renal_share), (SEROLOGY, a.serology_share),
    ):  # fmt: skip
        pull[items] = share
    return pull


def draw_course(
    a: Assumptions, weeks: np.ndarray, treated: np.ndarray, nephritis: np.ndarray, streams: Streams
) -> Course:
    """Draw the latent course of every patient.

    Parameters
    ----------
    a : Assumptions
        What is assumed.
    weeks : numpy.ndarray
        Weeks of the visits, rising, the first is 0.
    treated, nephritis : numpy.ndarray of bool
        One entry per patient.
    streams : dict of numpy.random.Generator
        ``entry``, ``course``, ``rescue`` and ``remission``: apart, so that a change of effect keeps the same patients.

    Returns
    -------
    Course
        Activity of 24 descriptors, the gut and haemoglobin at each visit.
    """
    levels = _levels(a)
    fixed, swing = _entry(a, levels, nephritis, streams["entry"])
    n, k = fixed.shape
    rng = streams["course"]
    luck = rng.standard_normal((n,))
    rescue_day = rescue_days(a, treated, luck, int(7 * weeks[-1]), streams["rescue"])
    improvement = _improvement(a, weeks, treated, luck) + rescue_pull(a, weeks, rescue_day)
    pull, kind = pulls(a), nephritis.astype(np.intp)
    latent = np.empty((n, len(weeks), k))
    for t, week in enumerate(weeks):
        keep = np.exp(-(week - weeks[t - 1]) / a.memory_weeks) if t else 1.0
        for rows in _parts(n):
            if t:
                new = _linked(rng.standard_normal(swing[rows].shape))
                swing[rows] = keep * swing[rows] + np.sqrt(1 - keep**2) * new
            latent[rows, t] = (
                _activity(a, levels[kind[rows]], fixed[rows], swing[rows]) - improvement[rows, t, None] * pull
            )
    who = np.flatnonzero(nephritis)
    remits, margin = remitters(a, treated[who], luck[who], streams["remission"])
    place = np.ix_(who, np.arange(len(weeks)), RENAL)
    latent[place] = lay_remission(latent[place], _PROTEIN, weeks, a.remission_onset_weeks, remits, margin)
    return Course(latent=latent, weeks=weeks, rescue_day=rescue_day)


def _improvement(a: Assumptions, weeks: np.ndarray, treated: np.ndarray, luck: np.ndarray) -> np.ndarray:
    """Improvement of each patient at each visit: usual care, the drug, and the patient's own good or bad course."""
    care = effect(weeks, a.onset_weeks, a.care_week12, a.care_week24)
    drug = effect(weeks, a.onset_weeks, a.drug_effect, a.drug_effect * a.drug_persistence)
    own = effect(weeks, a.onset_weeks, a.response_sd, a.response_sd * a.divergence)
    return np.asarray(care + treated[:, None] * drug + luck[:, None] * own)


# --- rescue and remission: who has them, and what both do to the course ------------------------------------------


def moved_rate(treated: np.ndarray, drug: float, placebo: float, share: float) -> np.ndarray:
    """Rate of each patient when the drug works ``share`` as strongly as where its own rate is ``drug``.

    The distance from placebo's rate is scaled on the probit scale: 0 gives placebo's rate, 1 the drug's.
    """
    if share in (0.0, 1.0):
        active = drug if share else placebo
    else:
        z_drug, z_placebo = ndtri(np.clip([drug, placebo], 1e-12, 1 - 1e-12))
        active = float(ndtr(z_placebo + share * (z_drug - z_placebo)))
    return np.where(treated, active, placebo)


def _happens(rate: np.ndarray, luck: np.ndarray, lean: float, noise: np.ndarray) -> np.ndarray:
    """Whether it happens to each patient: exactly with the rate, and likelier where ``lean`` times ``luck`` is low."""
    with np.errstate(divide="ignore"):
        return np.asarray(lean * luck + np.sqrt(1 - lean**2) * noise < ndtri(rate))


def rescue_days(
    a: Assumptions, treated: np.ndarray, luck: np.ndarray, last_day: int, rng: np.random.Generator
) -> np.ndarray:
    """Day of rescue of each patient, NaN for none.

    The chance is exactly that of the arm; a bad course (low ``luck``, standard normal) makes it likelier.
    """
    rate = moved_rate(treated, a.rescue_il2, a.rescue_placebo, a.drug_share)
    rescued = _happens(rate, luck, a.rescue_selection, -rng.standard_normal(len(treated)))
    days = rng.integers(_RESCUE_DAYS[0], min(_RESCUE_DAYS[1], last_day) + 1, len(treated)).astype(float)
    return np.where(rescued, days, np.nan)


def rescue_pull(a: Assumptions, weeks: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Improvement by rescue at each visit, shape (patients, visits): it comes quickly and wears off."""
    since = np.nan_to_num(np.maximum(7 * weeks - day[:, None], 0), nan=0.0)
    return np.asarray(a.rescue_effect * -np.expm1(-since / _ONSET_DAYS) * np.exp(-since / (7 * a.rescue_weeks)))


def rescued(weeks: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Whether rescue was given by each visit, shape (patients, visits)."""
    return 7 * weeks >= np.where(np.isnan(day), np.inf, day)[:, None]


def remitters(
    a: Assumptions, treated: np.ndarray, luck: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw who remits by the last visit, and how far each kidney ends from the threshold (latent SD).

    The chance is exactly that of the arm. A good course (``luck``, standard normal) makes it likelier.
    """
    rate = moved_rate(treated, a.remission_il2, a.remission_placebo, a.drug_share)
    remits = _happens(rate, luck, a.remission_selection, rng.standard_normal(len(luck)))
    return remits, 0.1 + 0.4 * rng.random(len(luck))


def lay_remission(
    renal: np.ndarray, protein: int, weeks: np.ndarray, onset: float, remits: np.ndarray, margin: np.ndarray
) -> np.ndarray:
    """Bring the kidney to rest by the last visit in exactly those who remit, and keep it active in all others.

    Parameters
    ----------
    renal : numpy.ndarray
        Latent activity, shape (patients, visits, renal items); present above zero.
    protein : int
        Position of proteinuria among the items.
    weeks : numpy.ndarray
        Weeks of the visits, the first is 0.
    onset : float
        Time constant of the fall, in weeks.
    remits, margin : numpy.ndarray
        One entry per patient: who remits, and the distance from the threshold.

    Returns
    -------
    numpy.ndarray
        The activity, same shape. Where the kidney of a patient who does not remit would be at rest after entry by
        chance, proteinuria stays above its threshold.
    """
    done = (np.expm1(-weeks / onset) / np.expm1(-weeks[-1] / onset))[:, None]
    # A path from the activity at entry to the distance below the threshold, never above what it would be anyway.
    path = renal[:, :1] * (1 - done) - margin[:, None, None] * done
    at_rest = (renal <= 0).all(axis=2) & (weeks > 0)
    staying = renal.copy()
    staying[:, :, protein] = np.where(at_rest, margin[:, None], renal[:, :, protein])
    return np.where(remits[:, None, None], np.minimum(renal, path), staying)
