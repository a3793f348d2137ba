"""From raw findings (counts, laboratory values, signs) to the 24 yes/no descriptors that ``sledai`` adds up."""

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, raise_together, refuse_slips, require_columns, require_frame
from lupus_kit.core.errors import InputError, is_number, require_choice, unknown_name
from lupus_kit.endpoints.nullable import any_of, known_true, rounded, yes_no
from lupus_kit.endpoints.sledai.items import ITEM_IDS, SLEDAI_ITEMS, STABLE_IDS, STABLE_SCORES_ZERO
from lupus_kit.endpoints.visits.units import AS_ITS_LIMIT, FORM_UNITS, in_units, same_quantity

#: Tests judged against a limit of the laboratory, with the column that holds that limit.
LAB_LIMITS: dict[str, str] = {test: f"{test}_lower_limit" for test in ("c3", "c4", "ch50")}
LAB_LIMITS["anti_dsdna"] = "anti_dsdna_upper_limit"

#: A complement value this many times its lower limit, or below this part of it, can only be in another unit.
_OTHER_UNIT, _OTHER_UNIT_BELOW = 20, 1 / 50

#: So can a whole column that is nowhere above this part of its limit. For anti-dsDNA it takes so many values, and a column whose
#: median is so many times its limit is in another unit as well.
_NOWHERE_ABOVE = 1 / 20
_ANTI_DSDNA = 3, 100

#: What is measured, seen, or excluded: the rows of ``findings.csv``.
_FINDINGS: pd.DataFrame = pd.read_csv(Path(__file__).with_name("findings.csv"), keep_default_na=False)

#: Descriptors decided by measurements or signs; their own yes/no column only stands in.
DERIVED: set[str] = {*_FINDINGS.loc[_FINDINGS["kind"] != "yes/no", "feeds"], "pleurisy", "pericarditis"}


def _all_findings() -> pd.DataFrame:
    """Put the answers of the rater, descriptor by descriptor, before what is measured, seen, or excluded."""
    rater = "Used only where the findings do not decide: the answer of the rater."
    own = SLEDAI_ITEMS.rename(columns={"id": "column", "definition": "meaning"}).assign(feeds=SLEDAI_ITEMS["id"])
    own["meaning"] = own["meaning"].mask(own["column"].isin(DERIVED), rater)
    stable = pd.DataFrame({"column": [f"{name}_stable" for name in STABLE_IDS], "feeds": STABLE_IDS})
    stable["meaning"] = "Present, but neither new, nor recurrent, nor recently worse."
    yes_no_rows = pd.concat([own, stable]).assign(kind="yes/no", unit="", low=0, high=1)
    return pd.concat([yes_no_rows[list(_FINDINGS)], _FINDINGS], ignore_index=True)


#: Every input column of ``sledai_descriptors``: column, kind (``"yes/no"``, ``"number"`` or ``"count"``, a whole number),
#: unit, low and high (the smallest and largest value that is accepted, wide limits that catch a wrong unit and are a
#: choice of the kit), feeds (the descriptor that it decides), meaning (what to record).
SLEDAI_FINDINGS: pd.DataFrame = _all_findings()

#: Their names.
COLUMNS: tuple[str, ...] = tuple(SLEDAI_FINDINGS["column"])

#: Exclusions: without the column nothing is excluded.
EXCLUSIONS: set[str] = {name for name in COLUMNS if name.endswith("_other_cause")}
EXCLUSIONS |= {"seizure_past_damage", "cva_hypertensive"}


def read_findings(
    frame: pd.DataFrame, what: str, problems: BadCells, only: Collection[str] = COLUMNS
) -> dict[str, pd.Series]:
    """Read the columns named in `only`: nullable booleans, and numbers to six decimals.

    Bad cells go to `problems`. A column that is not there is unknown, except an exclusion, a sign that only SELENA
    counts, and a stable finding: those are no. Stable proteinuria is unknown where protein was measured.
    """
    _check_names(require_frame(frame, what), what)
    require_columns(frame, [name for name in only if name in frame.columns], what)
    no_if_absent = EXCLUSIONS | {"scleritis", "vertigo", "rash_stable", "alopecia_stable", "mucosal_ulcer_stable"}
    if not {"protein_24h", "upcr"} & set(frame.columns):
        no_if_absent.add("proteinuria_stable")
    no, unknown = (pd.Series(answer, index=range(len(frame)), dtype="boolean") for answer in (False, pd.NA))
    no_number = pd.Series(pd.NA, index=range(len(frame)), dtype="Float64")
    found = {}
    for row in SLEDAI_FINDINGS[SLEDAI_FINDINGS["column"].isin(only)].itertuples():
        name, is_number = row.column, row.kind != "yes/no"
        if name not in frame.columns:
            found[name] = no_number if is_number else no if name in no_if_absent else unknown
        elif is_number:
            found[name] = rounded(frame, name, problems, row.low, row.high, whole=row.kind == "count").round(6)
        else:
            found[name] = yes_no(frame, name, problems)
    return found


def _check_names(frame: pd.DataFrame, what: str) -> None:
    """Raise where a column looks like a misspelt finding or a foreign exclusion, or where there is no finding."""
    refuse_slips(frame, COLUMNS, what)
    names = [str(column) for column in frame.columns]
    foreign = [name for name in names if name.endswith("_other_cause") and name not in COLUMNS]
    if foreign:
        why = "The form names no such exclusion: record the finding itself as no, and drop the column"
        raise InputError(f"{what} has columns that would not be read: {', '.join(map(repr, foreign))}. {why}.")
    if not any(name in COLUMNS for name in names):
        raise InputError(f"{what} has no SLEDAI finding; columns are named as in SLEDAI_FINDINGS['column'].")


def laboratory_limits(
    frame: pd.DataFrame, found: Mapping[str, pd.Series], limits: Mapping[str, float] | None, problems: BadCells
) -> dict[str, pd.Series]:
    """Return each limit in the unit of its test: the column where it is recorded, elsewhere the argument."""
    given = _check_limits(limits)
    result = {}
    for test, column in LAB_LIMITS.items():
        answered = "dna_binding" if test == "anti_dsdna" else "low_complement"
        unknown = test not in given and column not in frame.columns and found[test].notna().any()
        if unknown and answered not in frame.columns:
            way_out = f"add the column {column!r}, or pass limits={{{test!r}: ...}} in the unit of {test!r}"
            raise InputError(f"{test!r} is recorded, but its limit is not known: {way_out}.")
        result[test] = found[column].fillna(round(given[test], 6)) if test in given else found[column]
        if test in frame.columns:
            _refuse_other_unit(frame, test, found[test], result[test], problems)
    return result


def _refuse_other_unit(frame: pd.DataFrame, test: str, value: pd.Series, limit: pd.Series, problems: BadCells) -> None:
    """Note values that are in another unit than their limit; raise where the whole column is."""
    part = value / limit
    known = part[part.notna() & (part > 0)]
    few, most = _ANTI_DSDNA if test == "anti_dsdna" else (1, np.inf)
    if len(known) >= few and (known.max() < _NOWHERE_ABOVE or known.median() > most):
        column, other = LAB_LIMITS[test], sorted(unit for own, unit in AS_ITS_LIMIT.items() if own == test)
        example = f" (as in {same_quantity(other[0])[-1]!r} and {other[0].replace(test, column)!r})" if other else ""
        values, limits = (f"from {of.min():g} to {of.max():g}" for of in (value, limit))
        way_out = f"they are in two units. Write both in one unit, or name the unit of each{example}"
        raise InputError(f"{test!r} goes {values} and its limit {limits}: {way_out}.")
    if test != "anti_dsdna":
        above, below = known_true(part > _OTHER_UNIT), known_true((part > 0) & (part < _OTHER_UNIT_BELOW))
        problems.add(frame, test, above, f"more than {_OTHER_UNIT} times its lower limit: check the units")
        problems.add(frame, test, below, f"below a {1 / _OTHER_UNIT_BELOW:g}th of its lower limit: check the units")


def _check_limits(limits: Mapping[str, float] | None) -> Mapping[str, float]:
    given = {} if limits is None else limits
    if not isinstance(given, Mapping):
        raise InputError(f"limits is {limits!r}: give a mapping such as {{'c3': 0.9, 'c4': 0.1}}.")
    for test, limit in given.items():
        if test not in LAB_LIMITS:
            raise unknown_name("test in limits", test, LAB_LIMITS)
        if not is_number(limit) or limit <= 0:
            wanted = f"a number above 0, in the unit of the column {test!r}"
            raise InputError(f"limits[{test!r}] is {limit!r}: give {wanted}.")
    return given


def read_previous(
    findings: pd.DataFrame, found: Mapping[str, pd.Series], previous: pd.DataFrame | None, problems: BadCells
) -> dict[str, pd.Series]:
    """Return the previous values of the two protein tests in the rows of `findings`."""
    tests = ("protein_24h", "upcr")
    if previous is None:
        return {test: found[f"{test}_previous"] for test in tests}
    twice = [f"{test}_previous" for test in tests if f"{test}_previous" in findings.columns]
    if twice:
        raise InputError(f"previous is given, and findings has {twice[0]!r} too. Give the previous values only once.")
    before = read_findings(previous, "previous", problems, tests)
    if not any(test in previous.columns for test in tests):
        raise InputError(f"previous has none of the columns {', '.join(map(repr, tests))}.")
    if previous.index.has_duplicates:
        row = previous.index[previous.index.duplicated()][0]
        way_out = "give one previous visit for each row of findings"
        raise InputError(f"previous has the row {row} more than once: {way_out}.")
    if len(findings) and len(previous) and not findings.index.isin(previous.index).any():
        raise InputError("previous has no row of findings: give both the same index, for example patient numbers.")
    aligned = pd.DataFrame(before).set_axis(previous.index).reindex(findings.index).reset_index(drop=True)
    return {test: aligned[test] for test in tests}


#: Versions that follow the SELENA form in everything but proteinuria.
SELENA_FORMS = ("SELENA", "hybrid")

#: A rise of proteinuria must be more than this many milligrams a day to count as recent.
PROTEIN_RISE_MG = 500

#: The unit of each finding whose column may also name it.
UNIT_OF: dict[str, str] = {name: unit for name, unit in (FORM_UNITS | AS_ITS_LIMIT).items() if name in COLUMNS}

#: Whether proteinuria above its limit is taken as stable where no earlier value says so and nobody marked it.
FIRST_VISIT_PROTEIN: dict[str, bool | None] = {"present": False, "absent": True, "missing": None}


def sledai_descriptors(
    findings: pd.DataFrame,
    version: str = "2K",
    previous: pd.DataFrame | None = None,
    *,
    limits: Mapping[str, float] | None = None,
    first_visit_protein: str = "present",
) -> pd.DataFrame:
    """Decide the 24 descriptors from what was measured and seen.

    Parameters
    ----------
    findings : pandas.DataFrame
        One row per patient and visit, with any of the columns in ``SLEDAI_FINDINGS["column"]``; their units and
        allowed ranges stand beside them. Measured columns may name their unit (``upcr_g_g``, ``c3_mg_dl``,
        ``platelets_10e9_l``: see ``UNITS``) and are converted; ``upcr`` is in mg/mmol. Yes/no cells are True/False, 1/0, or
        missing. Other columns are ignored, but a name that is nearly one of these raises.
    version : {"2K", "SELENA", "SLEDAI", "hybrid"}
        Whose definitions are used, see Notes. ``"hybrid"`` is SELENA-SLEDAI with the proteinuria item of SLEDAI-2K.
    previous : pandas.DataFrame, optional
        Protein of the visit before, in columns ``protein_24h`` and ``upcr``, aligned by index; other columns are
        ignored. Rows that it lacks have no previous value. Not together with the columns
        ``protein_24h_previous`` and ``upcr_previous``.
    limits : mapping of str to float, optional
        Lower limits of the laboratory for ``"c3"``, ``"c4"`` and ``"ch50"`` and the upper limit for
        ``"anti_dsdna"``, in the unit of the column. Used where the limit column is empty or not there.
    first_visit_protein : {"present", "absent", "missing"}
        What holds in ``"SLEDAI"`` and ``"SELENA"`` for protein above its limit that has no earlier value and is not marked
        in ``proteinuria_stable``, as at a first visit: it counts as present (new unless marked stable), it counts as
        stable and scores nothing, or the answer is left open. No form was found that says; the default is a choice of the
        kit. Protein that counts at entry and stays as it is scores nothing at the next visit: a fall of 4 points.

    Returns
    -------
    pandas.DataFrame
        The index of `findings`; 24 nullable ``boolean`` columns in the order of the form, then ``proteinuria_stable``,
        ``rash_stable``, ``alopecia_stable`` and ``mucosal_ulcer_stable``: ready for ``sledai(..., version)`` with the
        same `version`. ``.attrs["first_visit_protein"]`` lists the positions of the rows that `first_visit_protein` touched.

    Raises
    ------
    InputError
        If an option is unknown, a column is there twice or nearly misspelt, a limit is not known, the indexes do not fit, a
        whole column is in another unit than its name says or than its limit, or cells are bad (wrong kind, outside the allowed
        range, stable but absent). Bad cells are listed together with row, column and value.

    See Also
    --------
    sledai, selena_flare

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
    a previous value, as at a first visit, ``proteinuria_stable`` decides; without it, `first_visit_protein`.

    *Missing values.* A descriptor is missing only where the missing cell could change it; one sign that holds decides
    an "any of". Readings of the kit:

    - A finding column that is not there is a finding that is unknown, except ``scleritis`` and ``vertigo``: without
      them the answers in ``visual`` and ``cranial_nerve`` stand.
    - An exclusion column (``..._other_cause``, ``seizure_past_damage``, ``cva_hypertensive``) that is not there
      excludes nothing; an empty cell in one that is there leaves a present finding undecided.
    - Complement is judged by the tests whose columns are there; each of them must be recorded, unless one is low. A test
      without any limit decides nothing: the answer of the rater stands, and where there is no such column it is an error.
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
    require_choice("first_visit_protein", first_visit_protein, FIRST_VISIT_PROTEIN)
    findings = in_units(require_frame(findings, "findings"), UNIT_OF, "findings")
    if previous is not None:
        previous = in_units(require_frame(previous, "previous"), UNIT_OF, "previous", whole=False)
    problems, earlier = BadCells("the SLEDAI findings"), BadCells("previous")
    found = read_findings(findings, "findings", problems)
    before = read_previous(findings, found, previous, earlier)
    limit = laboratory_limits(findings, found, limits, problems)
    present = _present(found, limit, version, findings.columns)
    for name in STABLE_IDS:
        wrong = known_true(found[f"{name}_stable"] & ~present[name])
        problems.add(findings, f"{name}_stable", wrong, f"a finding cannot be stable where {name!r} is absent")
    raise_together(problems, earlier)

    stable = {name: found[f"{name}_stable"] for name in STABLE_IDS}
    stable["proteinuria"] = _protein_not_risen(found, before).fillna(stable["proteinuria"])
    touched = known_true(present["proteinuria"]) & stable["proteinuria"].isna().to_numpy()
    if "proteinuria" not in STABLE_SCORES_ZERO[version]:
        touched[:] = False
    stable["proteinuria"] = stable["proteinuria"].mask(touched, FIRST_VISIT_PROTEIN[first_visit_protein])
    result = present | {f"{name}_stable": present[name] & stable[name] for name in STABLE_IDS}
    decided = pd.DataFrame(result).set_axis(findings.index)
    decided.attrs["first_visit_protein"] = tuple(np.flatnonzero(touched).tolist())
    return decided


def _present(
    found: Mapping[str, pd.Series], limit: Mapping[str, pd.Series], version: str, recorded: Collection[str]
) -> dict[str, pd.Series]:
    """Decide every descriptor: its rule, else the answer of the rater, and no other cause."""
    selena = version in SELENA_FORMS
    complement = [test for test in ("c3", "c4", "ch50") if test in recorded] or ["c3"]
    farr, other_assay = found["dna_farr_percent"] > 25, found["anti_dsdna"] > limit["anti_dsdna"]
    pleural_sign = found["pleural_rub"] | found["pleural_effusion"] | found["pleural_thickening"]
    pericardial_sign = found["pericardial_rub"] | found["pericardial_effusion"] | found["pericarditis_ecg_echo"]
    rules = {
        "arthritis": found["inflamed_joints"] >= (2 if version == "2K" else 3),
        "haematuria": found["urine_red_cells"] > 5,
        "proteinuria": (found["protein_24h"] > 0.5).fillna(found["upcr"] > 50),
        "pyuria": found["urine_white_cells"] > 5,
        "pleurisy": found["pleuritic_pain"] & pleural_sign,
        "pericarditis": found["pericardial_pain"] & pericardial_sign,
        "low_complement": any_of(found[test] < limit[test] for test in complement),
        "dna_binding": (farr | other_assay).fillna(farr).fillna(other_assay),  # one of the two assays is enough
        "fever": found["temperature"] > 38,
        "thrombocytopenia": found["platelets"] < 100,
        "leukopenia": found["white_cells"] < 3,
    }
    if selena:
        rules["pleurisy"] = found["pleuritic_pain"] | pleural_sign
        rules["pericarditis"] = found["pericardial_pain"] | pericardial_sign
    present = {name: rules[name].fillna(found[name]) if name in rules else found[name] for name in ITEM_IDS}
    if selena:
        present["visual"] = present["visual"] | found["scleritis"]
        present["cranial_nerve"] = present["cranial_nerve"] | found["vertigo"]
        present["seizure"] = present["seizure"] & ~found["seizure_past_damage"]
        present["cva"] = present["cva"] & ~found["cva_hypertensive"]
    for name in ITEM_IDS:
        if f"{name}_other_cause" in COLUMNS and (name, version) != ("thrombocytopenia", "SLEDAI"):
            present[name] = present[name] & ~found[f"{name}_other_cause"]
    return present


def _protein_not_risen(found: Mapping[str, pd.Series], before: Mapping[str, pd.Series]) -> pd.Series:
    """Tell where protein was above its limit before and has not risen by more than 0.5 g; missing without both values.

    The kit's reading of a spot ratio: 100 mg/mmol stands for 1 g in 24 hours, so 1 mg/mmol for 10 mg.
    """

    def not_risen(test: str, limit: float, milligrams: int) -> pd.Series:
        rise = (found[test] * milligrams).round(6).round() - (before[test] * milligrams).round(6).round()
        return ((before[test] > limit) & (rise <= PROTEIN_RISE_MG)).where(rise.notna())

    in_24_hours, by_ratio = not_risen("protein_24h", 0.5, 1000), not_risen("upcr", 50, 10)
    return in_24_hours.where(found["protein_24h"].notna(), by_ratio)
