"""Cohorts from adjustable assumptions: invented patients, drawn so that items, grades and values cohere.

They are drawn block by block, so one larger than memory can be written to Parquet as it comes.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit import design
from lupus_kit.cohort.columns import ARMS, EVENT_NAMES, GRADES, MEDICINES, TABLES, VISIT_TABLES, tidy
from lupus_kit.cohort.files.schema import check_tables
from lupus_kit.cohort.files.storage import MANIFEST, file_sum, write_folder, write_manifest
from lupus_kit.cohort.tables import Cohort
from lupus_kit.cohort.what_if import treatment
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.cohort.what_if.course import IDS, WEIGHTS, Course, draw_course, rescued
from lupus_kit.cohort.what_if.organs import bilag_grades, global_assessment, lab_values
from lupus_kit.core.errors import InputError
from lupus_kit.core.seeds import as_generator
from lupus_kit.endpoints import BILAG_CODING, BILAG_SYSTEMS

_AGES = (18, 65)

#: Patients of each arm drawn together. Fixed: the same seed gives the same patients in memory and on disk.
BLOCK = 10_000

_STREAMS = ("arms", "nephritis", "entry", "course", "people", "grades", "pga", "steroids", "dropout", "events", "immune",
            "rescue", "remission")  # fmt: skip
#: The random numbers of each part of the model.
Streams = dict[str, np.random.Generator]


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
    parts = list(blocks(a, n_per_arm, seed))
    # Each part is let go as soon as it is joined.
    tables = parts[0] if len(parts) == 1 else {
        name: pd.concat([part.pop(name) for part in parts], ignore_index=True) for name in list(parts[0])
    }  # fmt: skip
    kept = int(seed) if isinstance(seed, (int, np.integer)) else None
    return Cohort(**tables, assumptions=a, seed=kept)


def write_what_if(
    directory: str | Path,
    assumptions: Assumptions | None = None,
    n_per_arm: int = 30,
    seed: int | np.random.Generator = 0,
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

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputError
        As for :func:`what_if`, and if the folder cannot be written or holds something else.

    Examples
    --------
    >>> import tempfile
    >>> from lupus_kit import cohort
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = cohort.write_what_if(f"{place}/big", n_per_arm=40, seed=3)
    ...     again = cohort.Cohort.load(folder)
    >>> again.visits.equals(cohort.what_if(n_per_arm=40, seed=3).visits)
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

    return write_folder(Path(directory), MANIFEST, "a cohort", write)


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


def blocks(a: Assumptions, n_per_arm: int, seed: int | np.random.Generator) -> Iterator[dict[str, pd.DataFrame]]:
    """Draw the cohort in blocks of fixed size, each the eight tables of its patients.

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
        yield _block(here, trial, names, streams)


def _block(a: Assumptions, trial: design.TrialDesign, names: list[str], streams: Streams) -> dict[str, pd.DataFrame]:
    """Draw the eight tables of one block of patients."""
    n = len(names)
    treated = streams["arms"].permutation(n) < n // 2
    nephritis = streams["nephritis"].random(n) < a.nephritis_share
    weeks = np.array(sorted({visit.week for visit in trial.visits} | set(a.extra_weeks)))
    course = draw_course(a, weeks, treated, nephritis, streams)
    found = _recorded(a, course, streams) | _immune(a, treated, trial, weeks, streams["immune"])
    left = treatment.dropout_days(a, treated, found["sledai"], weeks, streams["dropout"])
    until = np.where(np.isnan(left), np.inf, left)
    who = {
        "patient": pd.array(names, dtype="str"),
        "arm": pd.Categorical.from_codes((~treated).astype(np.int8), categories=list(ARMS)),
    }
    people = who | _baseline(a, n, streams["people"]) | {"nephritis": nephritis, "dropout_day": left}
    return {
        "patients": tidy("patients", people),
        **_visit_tables(found, course, who, until, trial),
        "doses": _doses(who, until, trial),
        "adverse_events": _events(a, who, until, trial, streams["events"]),
    }


def _rows(who: Mapping[str, Any], patient: np.ndarray) -> dict[str, Any]:
    """Patient and arm columns for the given positions of patients."""
    return {name: column.take(patient) for name, column in who.items()}


def _baseline(a: Assumptions, n: int, rng: np.random.Generator) -> dict[str, object]:
    spread = a.age_mean - _AGES[0]
    age = _AGES[0] + rng.gamma((spread / a.age_sd) ** 2, a.age_sd**2 / spread, n)
    weight = np.round(np.clip(a.weight_mean + a.weight_sd * rng.standard_normal(n), 35, 140), 1)
    height = np.round(np.clip(a.height_mean + a.height_sd * rng.standard_normal(n), 135, 205), 1)
    log_variance = np.log1p((a.duration_sd / a.duration_mean) ** 2)
    duration = a.duration_mean * np.exp(np.sqrt(log_variance) * rng.standard_normal(n) - log_variance / 2)
    medicine = rng.random((n, len(MEDICINES))) < np.array([a.medication_share[m] for m in MEDICINES])
    return {
        "age_years": np.clip(np.rint(age), *_AGES),
        "sex": pd.Categorical.from_codes((rng.random(n) >= a.female_share).astype(np.int8), ["female", "male"]),
        "weight_kg": weight,
        "height_cm": height,
        "bsa_m2": np.round(np.sqrt(weight * height / 3600), 2),
        "disease_duration_months": np.clip(np.rint(duration), 2, 600),
        **dict(zip(MEDICINES, medicine.T, strict=True)),
    }


def _recorded(a: Assumptions, course: Course, streams: Streams) -> dict[str, np.ndarray]:
    """Make what is recorded of the disease, by column; each shape (patients, visits)."""
    labs = lab_values(a, course)
    stable = _stable_proteinuria(course, labs["protein_24h_g"])
    total = course.present @ WEIGHTS
    if a.sledai_version == "SELENA":  # stable proteinuria does not count
        total = total - WEIGHTS[IDS.index("proteinuria")] * stable
    grades = bilag_grades(a, course, labs, streams["grades"])
    return {
        **dict(zip(IDS, np.moveaxis(course.present, 2, 0), strict=True)),
        **{f"bilag_{s}": grades[:, :, j] for j, s in enumerate(BILAG_SYSTEMS)},
        **labs,
        "proteinuria_stable": stable,
        "sledai": total,
        "bilag_total": np.array(BILAG_CODING)[grades].sum(axis=2),
        "pga": global_assessment(a, course, streams["pga"]),
        "rescue": rescued(course.weeks, course.rescue_day),
        "prednisone_mg_day": treatment.prednisone(a, total, course.weeks, course.rescue_day, streams["steroids"]),
    }


def _visit_tables(
    found: dict[str, np.ndarray], course: Course, who: Mapping[str, Any], until: np.ndarray, trial: design.TrialDesign
) -> dict[str, pd.DataFrame]:
    """Make the five tables with one row per patient and attended visit."""
    weeks = course.weeks
    patient, visit = np.nonzero(7 * weeks <= until[:, None])
    names = {v.week: v.name for v in trial.visits}
    labels = pd.CategoricalDtype([names.get(w, f"week {w}") for w in weeks], ordered=True)
    rows = _rows(who, patient) | {name: value[patient, visit] for name, value in found.items()}
    rows |= {
        f"bilag_{s}": pd.Categorical.from_codes(found[f"bilag_{s}"][patient, visit], list(GRADES))
        for s in BILAG_SYSTEMS
    }
    rows |= {
        "visit": pd.Categorical.from_codes(visit.astype(np.int8), dtype=labels),
        "week": weeks[visit],
        "published_visit": np.array([w in names for w in weeks])[visit],
    }
    return {table: tidy(table, rows) for table in VISIT_TABLES}


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
    day = treatment.event_days(rates, a.event_correlation, names, dosing_days, 7 * trial.follow_up_week, rng)
    patient, event = np.nonzero(day <= until[:, None])  # an event after dropout is never seen
    order = np.lexsort((event, day[patient, event], patient))
    patient, event = patient[order], event[order]
    return tidy("adverse_events", _rows(who, patient) | treatment.event_columns(event, day[patient, event]))
