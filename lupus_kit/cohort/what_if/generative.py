"""Cohorts from adjustable assumptions: invented patients, drawn so that items, grades and values cohere.

They are drawn block by block, so one larger than memory can be written to Parquet as it comes.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit import design
from lupus_kit.cohort.columns import ARMS, EVENT_NAMES, GRADES, MEDICINES, TABLES, VISIT_TABLES, tidy
from lupus_kit.cohort.files.schema import check_tables
from lupus_kit.cohort.files.storage import COHORT_FILES, MANIFEST, file_sum, write_folder, write_manifest
from lupus_kit.cohort.tables import Cohort
from lupus_kit.cohort.what_if import treatment
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.cohort.what_if.course import IDS, WEIGHTS, Course, Streams, draw_course, rescued, total_points
from lupus_kit.cohort.what_if.organs import bilag_grades, bilag_items, global_assessment, lab_values
from lupus_kit.core.errors import InputError
from lupus_kit.core.seeds import as_generator
from lupus_kit.endpoints import BILAG_CODING, BILAG_SYSTEMS

_AGES = (18, 65)
#: How much likelier a medicine is with nephritis than without: cohorts with and without nephritis (LSM 139158, PMC9615980,
#: PMC6567280), rounded. The share in all stays as assumed.
_FOR_NEPHRITIS = {"mycophenolate_mofetil": 4.0, "cyclophosphamide": 5.0, "azathioprine": 2.3}
#: Prednisone with nephritis, relative to without (16.3 v 12.5 mg, PMC9615980).
_MORE_PREDNISONE = 1.3
#: Men are taller by so many cm; correlation of weight and height, and of age and duration: choices of the kit.
_TALLER, _BODY, _LONGER = 10.0, 0.4, 0.35
#: Nobody fell ill before this age, in years.
_YOUNGEST = 5

#: Patients of each arm drawn together. Fixed: the same seed gives the same patients in memory and on disk.
BLOCK = 10_000
_GRADE = pd.CategoricalDtype(list(GRADES))
#: The first columns of every table of visits: patient, arm, visit and week.
_KEYS = 4

_STREAMS = ("arms", "nephritis", "entry", "course", "people", "grades", "pga", "steroids", "dropout", "events", "immune",
            "rescue", "remission", "labs")  # fmt: skip


def what_if(assumptions: Assumptions | None = None, n_per_arm: int = 30, seed: int | np.random.Generator = 0) -> Cohort:
    """Invent a two-arm cohort under given assumptions.

    Parameters
    ----------
    assumptions : Assumptions, optional
        What is assumed; the defaults are tuned to the paper on average, see :class:`Assumptions`.
    n_per_arm : int
        Patients in each arm, at least 1.
    seed : int or numpy.random.Generator
        Same seed, same cohort. Each part of the model has its own stream of random numbers, so a change of, say, the
        drug effect keeps the same patients.

    Returns
    -------
    Cohort
        Eight tidy tables. All patients are invented. A patient who drops out has no rows after that day.

    Raises
    ------
    InputError
        If `n_per_arm` is not a whole number of at least 1, `seed` cannot be used, or no patient can become eligible.

    See Also
    --------
    write_what_if, calibration_table, plausibility

    Notes
    -----
    Responders are not drawn: apply :func:`lupus_kit.endpoints.sri` to ``cohort.visits``. For many trials, one cohort
    with ``n_per_arm`` times the number of trials is quicker than many small ones.

    Examples
    --------
    >>> from lupus_kit import cohort, endpoints
    >>> trial = cohort.what_if(seed=1)
    >>> bool((trial.visits["sledai"] == endpoints.sledai(trial.sledai)).all())
    True
    >>> answer = endpoints.sri(trial.visits).query("week == 12")
    >>> len(answer)
    60
    """
    a, n_per_arm = checked(assumptions, n_per_arm)
    kept = int(seed) if isinstance(seed, (int, np.integer)) else None
    return Cohort(**drawn_tables(a, n_per_arm, seed), assumptions=a, seed=kept)


def drawn_tables(
    a: Assumptions, n_per_arm: int, seed: int | np.random.Generator, wanted: Sequence[str] = tuple(TABLES)
) -> dict[str, pd.DataFrame]:
    """Draw some tables of a cohort, ``visits`` before others of its rows; each is the same whichever are wanted."""
    parts = list(blocks(a, n_per_arm, seed, wanted))
    return parts[0] if len(parts) == 1 else _joined(parts)


def _joined(parts: list[dict[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """Join the blocks; each is let go as soon as it is joined, and the tables of visits share their keys."""
    tables: dict[str, pd.DataFrame] = {}
    for name in list(parts[0]):
        keys = tables["visits"].iloc[:, :_KEYS] if name in VISIT_TABLES[1:] else None
        own = [part.pop(name).iloc[:, 0 if keys is None else _KEYS :] for part in parts]
        joined = pd.concat(own, ignore_index=True)
        tables[name] = joined if keys is None else pd.concat([keys, joined], axis=1)
    return tables


def write_what_if(
    directory: str | Path,
    assumptions: Assumptions | None = None,
    n_per_arm: int = 30,
    seed: int | np.random.Generator = 0,
    force: bool = False,
) -> Path:
    """Invent a cohort of any size and write it to Parquet, a block of patients at a time.

    Memory stays flat: no more than one block of 20 000 patients is held. The cohort is the same, cell by cell, as
    ``what_if`` with the same arguments gives in memory, and ``Cohort.load`` reads it.

    Parameters
    ----------
    directory : str or pathlib.Path
        Folder to write, all or nothing. An existing cohort there is replaced.
    assumptions : Assumptions, optional
        What is assumed.
    n_per_arm : int
        Patients in each arm, at least 1.
    seed : int or numpy.random.Generator
        Same seed, same cohort.
    force : bool
        Write into a folder that holds other files, too; they stay.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputError
        As for :func:`what_if`, and if the folder cannot be written or holds something else.

    See Also
    --------
    what_if, calibration_table, plausibility

    Examples
    --------
    >>> import tempfile
    >>> from lupus_kit import cohort
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = cohort.write_what_if(f"{place}/big", n_per_arm=5, seed=3)
    ...     again = cohort.Cohort.load(folder)
    >>> again.visits.equals(cohort.what_if(n_per_arm=5, seed=3).visits)
    True
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    a, n_per_arm = checked(assumptions, n_per_arm)
    kept = int(seed) if isinstance(seed, (int, np.integer)) else None

    def write(folder: Path) -> None:
        visits = pd.DataFrame()
        with ExitStack() as stack:
            writers: dict[str, pq.ParquetWriter] = {}
            for tables in blocks(a, n_per_arm, seed):
                check_tables(tables, a, "table {!r}", 0)
                visits = tables["visits"].head(0)
                for name in TABLES:
                    part = pa.Table.from_pandas(tables.pop(name), preserve_index=False)
                    if name not in writers:
                        path = folder / f"{name}.parquet"
                        writers[name] = stack.enter_context(pq.ParquetWriter(path, part.schema))
                    writers[name].write_table(part.cast(writers[name].schema))
        sums = {name: file_sum(folder / f"{name}.parquet") for name in TABLES}
        write_manifest(folder, "parquet", visits, kept, a, sums)

    return write_folder(Path(directory), MANIFEST, COHORT_FILES, "a cohort", write, force)


def checked(assumptions: Assumptions | None, n_per_arm: int) -> tuple[Assumptions, int]:
    """Return usable assumptions and size, or say what is wrong with them."""
    a = Assumptions() if assumptions is None else assumptions
    if not isinstance(a, Assumptions):
        raise InputError(f"assumptions must be an Assumptions object, got {type(a).__name__}.")
    if isinstance(n_per_arm, bool) or not isinstance(n_per_arm, (int, np.integer)) or n_per_arm < 1:
        raise InputError(f"n_per_arm == {n_per_arm!r}, must be a whole number of at least 1.")
    if a.dropouts is not None and max(a.dropouts) > n_per_arm:
        raise InputError(f"dropouts == {a.dropouts}: more than the {n_per_arm} patients of an arm cannot leave.")
    return a, int(n_per_arm)


def blocks(
    a: Assumptions, n_per_arm: int, seed: int | np.random.Generator, wanted: Sequence[str] = tuple(TABLES)
) -> Iterator[dict[str, pd.DataFrame]]:
    """Draw the cohort in blocks of fixed size, each the wanted tables of its patients.

    The blocks have their own random streams and do not depend on who reads them, so a cohort is the same whether it
    is kept in memory or written in pieces. In each block both arms have the same number of patients.
    """
    rng, trial = as_generator(seed), design.he2020()
    width = max(3, len(str(2 * n_per_arm)))
    for first in range(0, n_per_arm, BLOCK):
        size = min(BLOCK, n_per_arm - first)
        streams = dict(zip(_STREAMS, rng.spawn(len(_STREAMS)), strict=True))
        here = a
        if a.dropouts is not None:  # exact numbers are spread evenly over the blocks
            il2, placebo = (k * (first + size) // n_per_arm - k * first // n_per_arm for k in a.dropouts)
            here = replace(a, dropouts=(il2, placebo))
        names = [f"P{i:0{width}d}" for i in range(2 * first + 1, 2 * (first + size) + 1)]
        yield _block(here, trial, names, streams, wanted)


def _block(
    a: Assumptions, trial: design.TrialDesign, names: list[str], streams: Streams, wanted: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """Draw the wanted tables of one block of patients; each part has a stream of its own, so others may be left out."""
    n = len(names)
    treated = streams["arms"].permutation(n) < n // 2
    nephritis = streams["nephritis"].random(n) < a.nephritis_share
    weeks = np.array(sorted({visit.week for visit in trial.visits} | set(a.extra_weeks)))
    course = draw_course(a, weeks, treated, nephritis, streams)
    body = _baseline(a, nephritis, streams["people"])
    found = _recorded(a, course, body, streams)
    if "immune" in wanted:
        found |= _immune(a, treated, trial, weeks, streams["immune"])
    left = treatment.dropout_days(a, treated, found["sledai"], weeks, streams["dropout"])
    until = np.where(np.isnan(left), np.inf, left)
    who = {
        "patient": pd.array(names, dtype="str"),
        "arm": pd.Categorical.from_codes((~treated).astype(np.int8), categories=list(ARMS)),
    }
    people = who | body | {"nephritis": nephritis, "dropout_day": left}
    others = {
        "patients": lambda: tidy("patients", people),
        "doses": lambda: _doses(who, until, trial),
        "adverse_events": lambda: _events(a, who, until, trial, streams["events"]),
    }
    read = {column.name for name in wanted for column in TABLES[name]}
    rows = _visit_rows({name: found[name] for name in found.keys() & read}, course, who, until, trial)
    return {name: others[name]() if name in others else tidy(name, rows) for name in wanted}


def _rows(who: Mapping[str, Any], patient: np.ndarray) -> dict[str, Any]:
    """Patient and arm columns for the given positions of patients."""
    return {name: column.take(patient) for name, column in who.items()}


def _baseline(a: Assumptions, nephritis: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """Draw who comes in: sex, age, size, duration and medicines that fit each other, with the means and SDs assumed."""
    n = len(nephritis)
    spread = a.age_mean - _AGES[0]
    age = np.clip(np.rint(_AGES[0] + rng.gamma((spread / a.age_sd) ** 2, a.age_sd**2 / spread, n)), *_AGES)
    man = rng.random(n) >= a.female_share
    between = a.female_share * (1 - a.female_share) * _TALLER**2
    z = rng.standard_normal((n, 2))
    own = np.sqrt(max(a.height_sd**2 - between, 1))
    height = np.clip(a.height_mean + _TALLER * (man - (1 - a.female_share)) + own * z[:, 0], 135, 205)
    part = _BODY * (height - a.height_mean) / a.height_sd + np.sqrt(1 - _BODY**2) * z[:, 1]
    weight = np.clip(_lognormal(a.weight_mean, a.weight_sd, part), 15 * (height / 100) ** 2, 42 * (height / 100) ** 2)
    # Duration goes with age; the first of eight draws in which the disease began late enough.
    older = (age - a.age_mean) / a.age_sd
    draws = _LONGER * older[:, None] + np.sqrt(1 - _LONGER**2) * rng.standard_normal((n, 8))
    months, most = np.rint(_lognormal(a.duration_mean, a.duration_sd, draws)), 12 * (age - _YOUNGEST)
    fits = months <= most[:, None]
    duration = np.where(fits.any(axis=1), months[np.arange(n), fits.argmax(axis=1)], most)
    return {
        "age_years": age,
        "sex": pd.Categorical.from_codes(man.astype(np.int8), ["female", "male"]),
        "weight_kg": np.round(weight, 1),
        "height_cm": np.round(height, 1),
        "bsa_m2": np.round(np.sqrt(weight * height / 3600), 2),
        "disease_duration_months": np.clip(duration, 2, 600),
        **{
            m: rng.random(n) < _by_indication(a.medication_share[m], m, a.nephritis_share, nephritis) for m in MEDICINES
        },
        "more_prednisone": _MORE_PREDNISONE ** (nephritis - a.nephritis_share),
    }


def _lognormal(mean: float, sd: float, z: np.ndarray) -> np.ndarray:
    variance = np.log1p((sd / mean) ** 2)
    return np.asarray(mean * np.exp(np.sqrt(variance) * z - variance / 2))


def _by_indication(share: float, medicine: str, nephritis_share: float, nephritis: np.ndarray) -> np.ndarray:
    """Chance of a medicine: larger with nephritis where it treats it, and together what is assumed."""
    ratio, q = _FOR_NEPHRITIS.get(medicine, 1.0), nephritis_share
    within = min(ratio * share / (ratio * q + 1 - q), 1.0)
    return np.where(nephritis, within, min((share - q * within) / (1 - q), 1.0) if q < 1 else share)


def _recorded(a: Assumptions, course: Course, body: dict[str, Any], streams: Streams) -> dict[str, np.ndarray]:
    """Make what is recorded of the disease, by column; each shape (patients, visits)."""
    labs = lab_values(a, course, body, streams["labs"])
    items = bilag_items(a, course)
    stable = _stable_proteinuria(course, labs["protein_24h_g"])
    present = course.present
    total = total_points(present)
    if a.sledai_version == "SELENA":  # stable proteinuria does not count
        total = total - WEIGHTS[IDS.index("proteinuria")] * stable
    dose = treatment.prednisone(a, total, course, body["more_prednisone"], streams["steroids"])
    grades = bilag_grades(a, items, labs, streams["grades"])
    return {
        **dict(zip(IDS, np.moveaxis(present, 2, 0), strict=True)),
        **{f"bilag_{s}": grades[:, :, j] for j, s in enumerate(BILAG_SYSTEMS)},
        **labs,
        **items,
        "active_sediment": labs["sediment_active"],
        "proteinuria_stable": stable,
        "sledai": total,
        "bilag_total": np.array(BILAG_CODING)[grades].sum(axis=2),
        "pga": global_assessment(a, course, streams["pga"]),
        "rescue": rescued(course.weeks, course.rescue_day),
        "prednisone_mg_day": dose,
    }


def _visit_rows(
    found: dict[str, np.ndarray], course: Course, who: Mapping[str, Any], until: np.ndarray, trial: design.TrialDesign
) -> dict[str, Any]:
    """Make the columns of the tables with one row per patient and attended visit."""
    weeks = course.weeks
    patient, visit = np.nonzero(7 * weeks <= until[:, None])
    names = {v.week: v.name for v in trial.visits}
    labels = pd.CategoricalDtype([names.get(w, f"week {w}") for w in weeks], ordered=True)
    flat = patient * len(weeks) + visit
    rows = _rows(who, patient) | {name: value.reshape(-1).take(flat) for name, value in found.items()}
    grades = [f"bilag_{system}" for system in BILAG_SYSTEMS if f"bilag_{system}" in rows]
    rows |= {name: pd.Categorical.from_codes(rows[name], dtype=_GRADE) for name in grades}
    return rows | {
        "visit": pd.Categorical.from_codes(visit.astype(np.int8), dtype=labels),
        "week": weeks[visit],
        "published_visit": np.array([w in names for w in weeks])[visit],
    }


def _stable_proteinuria(course: Course, protein: np.ndarray) -> np.ndarray:
    """Present at every visit so far, not at entry, and not risen by more than 0.5 g since the visit before."""
    present = course.present[:, :, IDS.index("proteinuria")]
    rise = np.diff(protein, axis=1, prepend=-np.inf)
    return np.logical_and.accumulate(present, axis=1) & (np.round(rise, 2) <= 0.5)


def _immune(
    a: Assumptions, treated: np.ndarray, trial: design.TrialDesign, weeks: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    acting = treatment.acting_intervals(trial.dosing.days()["day"].to_numpy(), a.action_days)
    treg, nk = (
        treatment.cell_counts(mean, gain, treatment.turnover(7 * weeks, *acting, half_life), treated, a, rng)
        for mean, gain, half_life in (
            (a.treg_mean, a.treg_gain, a.treg_half_life),
            (a.nk_mean, a.nk_gain, a.nk_half_life),
        )
    )
    return {"treg_percent_cd4": np.round(np.minimum(treg, 95), 2), "nk_per_ul": np.round(np.minimum(nk, 9999), 0)}


def _doses(who: Mapping[str, Any], until: np.ndarray, trial: design.TrialDesign) -> pd.DataFrame:
    patient, columns = treatment.doses_given(trial.dosing.days(), until)
    rows = _rows(who, patient)
    dose = {arm.name: arm.dose_miu for arm in trial.arms}
    return tidy("doses", rows | columns | {"dose_miu": np.array([dose[arm] for arm in ARMS])[rows["arm"].codes]})


def _events(
    a: Assumptions, who: Mapping[str, Any], until: np.ndarray, trial: design.TrialDesign, rng: np.random.Generator
) -> pd.DataFrame:
    names = list(EVENT_NAMES)
    il2, placebo = ([share[name] for name in names] for share in (a.event_share_il2, a.event_share_placebo))
    rates = np.array([il2, placebo])[who["arm"].codes]
    dosing_days = trial.dosing.days()["day"].to_numpy()
    day = treatment.event_days(rates, names, dosing_days, 7 * trial.follow_up_week, rng)
    patient, event = np.nonzero(day <= until[:, None])  # an event after dropout is never seen
    order = np.lexsort((event, day[patient, event], patient))
    patient, event = patient[order], event[order]
    return tidy("adverse_events", _rows(who, patient) | treatment.event_columns(event, day[patient, event]))
