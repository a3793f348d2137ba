"""From raw findings (counts, laboratory values, signs) to the 24 yes/no descriptors that ``sledai`` adds up."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lupus_kit.core.cells import BadCells, raise_together, require_choice
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints.rules.logic import NO, UNKNOWN, all_of, any_of, boolean_column, negate
from lupus_kit.endpoints.sledai.inputs import (
    DERIVED,
    SCALE,
    SELENA_FORMS,
    SLEDAI_FINDINGS,
    Recorded,
    SledaiFinding,
    either_test,
    excluded,
    fill,
    laboratory_limits,
    read_findings,
)
from lupus_kit.endpoints.sledai.items import ITEM_IDS, STABLE_IDS, STABLE_SCORES_ZERO

__all__ = ["SLEDAI_FINDINGS", "SledaiFinding", "sledai_descriptors"]

#: For each protein test: the limit in its unit, and what one unit is in milligrams a day. The kit's reading of a
#: spot ratio: 100 mg/mmol stands for 1 g in 24 hours.
PROTEIN_TESTS: dict[str, tuple[float, int]] = {"protein_24h": (0.5, 1000), "upcr": (50, 10)}

#: A rise of proteinuria must be more than this many milligrams a day to count as recent.
PROTEIN_RISE_MG = 500

_SEROSITIS = {
    "pleurisy": ("pleuritic_pain", ("pleural_rub", "pleural_effusion", "pleural_thickening")),
    "pericarditis": ("pericardial_pain", ("pericardial_rub", "pericardial_effusion", "pericarditis_ecg_echo")),
}


def sledai_descriptors(
    findings: pd.DataFrame,
    version: str = "2K",
    previous: pd.DataFrame | None = None,
    *,
    limits: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Decide the 24 descriptors from what was measured and seen.

    Parameters
    ----------
    findings : pandas.DataFrame
        One row per patient and visit, with any of the columns in ``SLEDAI_FINDINGS["column"]``; their units and
        allowed ranges stand beside them. Yes/no cells are True/False, 1/0, or missing. Other columns are ignored,
        but a name that is nearly one of these raises.
    version : {"2K", "SELENA", "SLEDAI", "hybrid"}
        Whose definitions are used, see Notes. ``"hybrid"`` is SELENA-SLEDAI with the proteinuria item of SLEDAI-2K.
    previous : pandas.DataFrame, optional
        Protein of the visit before, in columns ``protein_24h`` and ``upcr``, aligned by index; other columns are
        ignored. Rows that it lacks have no previous value. Not together with the columns
        ``protein_24h_previous`` and ``upcr_previous``.
    limits : mapping of str to float, optional
        Lower limits of the laboratory for ``"c3"``, ``"c4"`` and ``"ch50"`` and the upper limit for
        ``"anti_dsdna"``, in the unit of the column. Used where the limit column is empty or not there.

    Returns
    -------
    pandas.DataFrame
        The index of `findings`; 24 nullable ``boolean`` columns in the order of the form, then ``proteinuria_stable``,
        ``rash_stable``, ``alopecia_stable`` and ``mucosal_ulcer_stable``: ready for ``sledai(..., version)`` with the
        same `version`.

    Raises
    ------
    InputError
        If the version is unknown, a column is there twice or nearly misspelt, a limit is not known, the indexes do
        not fit, or cells are bad (wrong kind, outside the allowed range, stable but absent). Bad cells are listed
        together with row, column and value.

    Notes
    -----
    *Limits* are strict: above 0.5 g/24 h, above 5 cells per field, above 38 °C, above 25 % in the Farr assay, below
    100 × 10⁹/L platelets, below 3 × 10⁹/L white cells, complement below and anti-dsDNA above the limit of the
    laboratory. They are compared in whole millionths of the unit, a rise of protein in whole milligrams.

    *Differences between the versions.* Joints with pain and inflammation: two or more in 2K, more than two in the
    others. Less surely known, and worth a check against the form of a trial: pleurisy and pericarditis need pain and
    a sign in SLEDAI and 2K, but pain or any one sign in SELENA and hybrid; SELENA and hybrid also count
    scleritis and vertigo, and leave out seizures from past damage and strokes from high blood pressure; a drug cause
    takes low platelets away in all versions but SLEDAI.

    *Stable proteinuria* is above 0.5 g both now and before, and has not risen by more than 0.5 g. Proteinuria that
    was not above 0.5 g before is new, however small the rise. Lasting rash, hair loss or ulcers come from the
    ``_stable`` columns; as in ``sledai``, without such a column nothing is stable. Where protein was measured without
    a previous value, as at a first visit, ``proteinuria_stable`` decides; without it the answer is missing.

    *Missing values.* A descriptor is missing only where the missing cell could change it; one sign that holds decides
    an "any of". Readings of the kit:

    - A finding column that is not there is a finding that is unknown, except ``scleritis`` and ``vertigo``: without
      them the answers in ``visual`` and ``cranial_nerve`` stand.
    - An exclusion column (``..._other_cause``, ``seizure_past_damage``, ``cva_hypertensive``) that is not there
      excludes nothing; an empty cell in one that is there leaves a present finding undecided.
    - Complement is judged by the tests whose columns are there; each of them must be recorded, unless one is low.
    - The Farr assay and the other anti-dsDNA assay are alternatives: one of them is enough, and one above decides.
    - The spot ratio is used only in rows without 24-hour protein (50 mg/mmol for 0.5 g/24 h, a common but rough
      exchange), and each test is compared with its own previous value, never with the other test.
    - A yes/no column with the name of a measured descriptor (``fever``) is used where the findings do not decide.

    The findings must belong to the window of the index (10 days, or 30 in some trials); the table cannot show that.
    A finding that is not from lupus is recorded as no by the rater.

    References
    ----------
    Bombardier C, et al. Arthritis Rheum 1992;35:630-640. Gladman DD, et al. J Rheumatol 2002;29:288-291.
    Petri M, et al. N Engl J Med 2005;353:2550-2558.

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit.endpoints import sledai_descriptors
    >>> visit = pd.DataFrame(
    ...     {"inflamed_joints": [2], "protein_24h": [1.2], "protein_24h_previous": [0.7], "platelets": [100]}, index=["Ann"]
    ... )
    >>> seen = ["arthritis", "proteinuria", "proteinuria_stable", "thrombocytopenia", "rash"]
    >>> sledai_descriptors(visit, "SELENA").loc["Ann", seen].tolist()
    [False, True, True, False, <NA>]
    >>> bool(sledai_descriptors(visit, "2K").loc["Ann", "arthritis"])
    True
    """
    require_choice("SLEDAI version", version, STABLE_SCORES_ZERO)
    problems, earlier = BadCells("the SLEDAI findings"), BadCells("previous")
    now = read_findings(findings, "findings", problems)
    before = _previous(findings, now, previous, earlier)
    limit = laboratory_limits(findings, now, limits, problems)
    present = _present(now, limit, version)
    for name in STABLE_IDS:
        wrong = (now.flag(f"{name}_stable") == 1) & (present[name] == 0)
        problems.add(findings, f"{name}_stable", wrong, f"a finding cannot be stable where {name!r} is absent")
    raise_together(problems, earlier)
    columns = {name: boolean_column(present[name]) for name in ITEM_IDS}
    for name in STABLE_IDS:
        stable = _stable(now, name)
        if name == "proteinuria":
            stable = fill(_not_risen(now, before), stable)
        columns[f"{name}_stable"] = boolean_column(all_of(present[name], stable))
    return pd.DataFrame(columns, index=findings.index)


def _present(now: Recorded, limit: Mapping[str, np.ndarray], version: str) -> dict[str, np.ndarray]:
    """Decide every descriptor: its rule, else the answer of the rater, and no exclusion."""
    rules = _measured(now, version) | _signs(now, version)
    rules["low_complement"] = _low_complement(now, limit)
    rules["dna_binding"] = either_test(now.above("dna_farr_percent", 25), now.above("anti_dsdna", limit["anti_dsdna"]))
    present = {}
    for name in ITEM_IDS:
        verdict = rules.get(name, now.flag(name))
        if name in DERIVED:
            verdict = fill(verdict, now.flag(name))
        present[name] = all_of(verdict, *(negate(cause) for cause in excluded(now, name, version)))
    return present


def _measured(now: Recorded, version: str) -> dict[str, np.ndarray]:
    protein = {test: now.above(test, limit) for test, (limit, _) in PROTEIN_TESTS.items()}
    return {
        "arthritis": now.above("inflamed_joints", 1 if version == "2K" else 2),
        "haematuria": now.above("urine_red_cells", 5),
        "proteinuria": fill(protein["protein_24h"], protein["upcr"]),
        "pyuria": now.above("urine_white_cells", 5),
        "fever": now.above("temperature", 38),
        "thrombocytopenia": now.below("platelets", 100),
        "leukopenia": now.below("white_cells", 3),
    }


def _signs(now: Recorded, version: str) -> dict[str, np.ndarray]:
    """Decide serositis, and what SELENA adds to the eye and cranial nerve descriptors."""
    selena = version in SELENA_FORMS
    join = any_of if selena else all_of
    rules = {
        name: join(now.flag(pain), any_of(*(now.flag(sign) for sign in signs)))
        for name, (pain, signs) in _SEROSITIS.items()
    }
    for name, sign in (("visual", "scleritis"), ("cranial_nerve", "vertigo")):
        if selena and sign in now.flags:  # without the column, the rater's answer already holds it
            rules[name] = any_of(now.flag(name), now.flag(sign))
    return rules


def _low_complement(now: Recorded, limit: Mapping[str, np.ndarray]) -> np.ndarray:
    low = [now.below(test, limit[test]) for test in ("c3", "c4", "ch50") if test in now.values]
    return any_of(*low) if low else np.full(now.rows, UNKNOWN, dtype=np.int8)


def _not_risen(now: Recorded, before: Mapping[str, np.ndarray]) -> np.ndarray:
    """Tell in three values where proteinuria was there before and has not risen; only asked where it is there now."""
    verdict = {}
    for test, (limit, milligrams) in PROTEIN_TESTS.items():
        rise = _milligrams(now.value(test), milligrams) - _milligrams(before[test], milligrams)
        kept = (before[test] > limit * SCALE) & (rise <= PROTEIN_RISE_MG)
        verdict[test] = np.where(np.isnan(rise), UNKNOWN, kept).astype(np.int8)
    return np.where(np.isnan(now.value("protein_24h")), verdict["upcr"], verdict["protein_24h"])


def _stable(now: Recorded, name: str) -> np.ndarray:
    """Return what the rater says; without a column nothing is stable, save protein that was measured."""
    column = f"{name}_stable"
    measured = name == "proteinuria" and any(test in now.values for test in PROTEIN_TESTS)
    return now.flag(column) if column in now.flags or measured else np.full(now.rows, NO, dtype=np.int8)


def _milligrams(millionths: np.ndarray, factor: int) -> np.ndarray:
    return np.rint(millionths * factor / SCALE)


def _previous(
    findings: pd.DataFrame, now: Recorded, previous: pd.DataFrame | None, problems: BadCells
) -> dict[str, np.ndarray]:
    """Return the previous protein values in the rows of `findings`, in whole millionths."""
    if previous is None:
        return {test: now.value(f"{test}_previous") for test in PROTEIN_TESTS}
    twice = [f"{test}_previous" for test in PROTEIN_TESTS if f"{test}_previous" in now.values]
    if twice:
        raise InputError(f"previous is given, and findings has {twice[0]!r} too. Give the previous values only once.")
    before = read_findings(previous, "previous", problems, only=tuple(PROTEIN_TESTS))
    if not before.values:
        raise InputError(f"previous has none of the columns {', '.join(map(repr, PROTEIN_TESTS))}.")
    if previous.index.has_duplicates:
        row = previous.index[previous.index.duplicated()][0]
        raise InputError(
            f"previous has the row {row} more than once: give one previous visit for each row of findings."
        )
    place = previous.index.get_indexer(findings.index)
    if len(findings) and len(previous) and (place < 0).all():
        raise InputError("previous has no row of findings: give both the same index, for example patient numbers.")
    values = {test: np.append(before.value(test), np.nan) for test in PROTEIN_TESTS}  # place -1: no previous visit
    return {test: column[place] for test, column in values.items()}
