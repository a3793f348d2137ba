"""Score a table of visits: totals and grades where only items are given, then any endpoint, counted by arm."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, names_of, require_columns, require_frame
from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.core.templates import fill
from lupus_kit.endpoints import event_notes
from lupus_kit.endpoints.analysis import Analysis, analyse, compare_arms, two_arms
from lupus_kit.endpoints.bilag.bilag2004 import bilag2004
from lupus_kit.endpoints.bilag.grades import GRADE_COLUMNS
from lupus_kit.endpoints.bilag.items import ITEMS as BILAG_FORM
from lupus_kit.endpoints.pga import PGA_SCALES, rescale_pga
from lupus_kit.endpoints.rules.steroids import SteroidRule
from lupus_kit.endpoints.sledai.findings import FIRST_VISIT_PROTEIN, SLEDAI_FINDINGS, sledai_descriptors
from lupus_kit.endpoints.sledai.items import ITEM_IDS, STABLE_IDS, STABLE_SCORES_ZERO
from lupus_kit.endpoints.sledai.total import sledai
from lupus_kit.endpoints.trial_endpoints import TRIAL_ENDPOINTS
from lupus_kit.endpoints.visits.keys import KEYS
from lupus_kit.endpoints.visits.missing_codes import MissingCodes
from lupus_kit.endpoints.visits.visit_file import read_known
from lupus_kit.endpoints.visits.windows import Plan, Windows, plan_visits

NOTE = "For teaching and research. Check the rules against the official index forms before any clinical use."


#: Endpoints by name; each takes visits and options and returns a table with a verdict and a reason.
ENDPOINTS = tuple(TRIAL_ENDPOINTS)

#: Columns that are measured or seen, so that descriptors have to be decided from them.
_MEASURED = frozenset(SLEDAI_FINDINGS["column"]) - {*ITEM_IDS, *(f"{name}_stable" for name in STABLE_IDS)}
_BILAG_NAMES = {f"bilag_item_{item.id}": item.id for item in BILAG_FORM}
#: What only the form of BILAG holds; a laboratory value alone is no BILAG.
_BILAG_ONLY = {item.id for item in BILAG_FORM if item.kind != "number"} - set(SLEDAI_FINDINGS["column"])


@dataclass(frozen=True)
class Scored:
    """Verdicts of one endpoint.

    Attributes
    ----------
    endpoint : str
        Name of the endpoint, such as ``"SRI-4"``.
    verdicts : pandas.DataFrame
        What the rule returned: one row per patient and visit, clauses, verdict and reason.
    verdict : str
        The column of the verdict.
    notes : tuple of str
        How totals and grades were made, and what was assumed.
    estimand : pandas.DataFrame
        What is estimated, in the words of ICH E9(R1): ``attribute`` and ``choice``.
    arms : tuple of str
        The first and the second arm; empty where there are not two.
    analysis : Analysis, optional
        Strata, model and imputation, where they were asked for.

    Examples
    --------
    >>> from lupus_kit import endpoints
    >>> read = endpoints.read_visit_file(endpoints.example_visit_file())
    >>> scored = endpoints.score_visits(read.visits)
    >>> scored.endpoint
    'SRI-4'
    >>> len(scored.to_frame()) == len(scored.verdicts)
    True
    >>> scored.responders()[["visit", "arm", "responders", "assessed"]].values.tolist()[0]
    ['week 12', 'drug', 4, 6]
    >>> scored.comparison()["visit"].tolist()
    ['week 12', 'week 24']
    """

    endpoint: str
    verdicts: pd.DataFrame
    verdict: str
    notes: tuple[str, ...]
    estimand: pd.DataFrame = field(default_factory=pd.DataFrame)
    arms: tuple[str, ...] = ()
    analysis: Analysis | None = None

    def to_frame(self) -> pd.DataFrame:
        """Return the verdicts."""
        return self.verdicts.copy()

    def responders(self) -> pd.DataFrame:
        """Count by visit and arm.

        Returns
        -------
        pandas.DataFrame
            ``definition`` (where several are scored), ``visit``, ``week``, ``arm`` (if given), ``responders``,
            ``assessed`` (patients with a verdict), ``open``
            (without one), ``rate``.
        """
        keys = [name for name in ("definition", "visit", "week", "arm") if name in self.verdicts]
        # A patient without an arm is counted too, in a row of its own.
        groups = self.verdicts.groupby(keys, observed=True, sort=False, dropna=False)[self.verdict]
        table = groups.agg(responders="sum", assessed="count", rows="size").reset_index()
        table["responders"] = table["responders"].astype(np.int64)
        table["open"] = table.pop("rows") - table["assessed"]
        table["rate"] = table["responders"] / table["assessed"].where(table["assessed"] > 0)
        # Arms stay in the order in which they come.
        return table.sort_values("week", kind="stable", ignore_index=True)

    def comparison(self) -> pd.DataFrame:
        """Compare the two arms at every visit, the first minus the second.

        Returns
        -------
        pandas.DataFrame
            ``visit``, responders and patients of each arm, ``difference`` with the Miettinen–Nurminen interval ``low`` to
            ``high``, and the p-values of Pearson's, Fisher's and Boschloo's tests; no rows where there are not two arms.
        """
        return compare_arms(self.responders(), self.arms)

    def _repr_html_(self) -> str:
        columns = ["definition", "patient", "visit", "arm", self.verdict, "reason"]
        counts, shown = self.responders().round({"rate": 3}), self.verdicts.filter(items=columns)
        return fill(Path(__file__).with_name("scored.html.j2"), scored=self, counts=counts, shown=shown, note=NOTE)


def score_visits(
    visits: pd.DataFrame,
    endpoint: str = "sri",
    *,
    points: int = 4,
    missing: str = "nonresponder",
    b_to_a_is_new: bool = True,
    sledai_version: str = "2K",
    pga_scale: str = "0-3",
    first_visit_protein: str = "present",
    planned: Plan = None,
    windows: Windows = None,
    screening: str = "apart",
    missing_codes: MissingCodes = None,
    events: str = "composite",
    steroids: str | SteroidRule | None = "auto",
    definition: str | None = None,
    creatinine_upper_normal: float | None = None,
    strata: str | Sequence[str] | None = None,
    covariates: str | Sequence[str] | None = None,
    first_arm: str | None = None,
    n_imputations: int = 0,
    seed: int = 0,
) -> Scored:
    """Score a table of visits from whatever it holds: totals or items, grades or items.

    Parameters
    ----------
    visits : pandas.DataFrame
        One row per patient and visit, as ``read_visit_file`` makes it. ``sledai`` is added up from the 24 descriptors
        where there is no such column, and these are decided from raw findings where such columns are there; a recorded
        total stands where they do not make one. Grades are made from the 97 items of BILAG-2004 where there is no grade
        column. The visit before is the patient's row before. For LLDAS and DORIS a visit that a patient did not make is
        added as an empty row, so that it is counted like any other missing answer.
    endpoint : str
        Which rule: ``"sri"``, ``"modified-sri"`` (without BILAG), ``"sri-50"``, ``"bicla"``, ``"lldas"``, ``"doris"``;
        ``"flare"`` and ``"severe-flare"`` (no such SELENA flare since baseline); ``"renal"`` and ``"renal-partial"``
        (complete response; at least partial); ``"all"``, every definition of ``DEFINITIONS`` that the columns allow.
    points : int
        The drop in SLEDAI that the SRI asks for, 4 to 8.
    missing : str
        How an open answer is counted: for the SRI ``"nonresponder"``, ``"observed"``, ``"locf"``, ``"worst"`` or
        ``"best"``; for the others the first two.
    b_to_a_is_new : bool
        For the SRI: whether a system that goes from B to A counts as a new A.
    sledai_version : {"2K", "SELENA", "SLEDAI", "hybrid"}
        Whose definitions decide descriptors and totals.
    pga_scale : {"0-3", "0-10", "0-100"}
        Scale on which PGA was recorded.
    first_visit_protein : {"present", "absent", "missing"}
        For raw findings in the versions ``"SLEDAI"`` and ``"SELENA"``: what protein above its limit is without an earlier value
        (see ``sledai_descriptors``). A note says how many patients it touches.
    planned, windows, screening, missing_codes
        Visits as they happened, visits before baseline and codes for missing; as for
        :func:`lupus_kit.endpoints.read_visit_file`.
    events : {"composite", "while_on_treatment", "treatment_policy", "hypothetical"}
        The strategy for the intercurrent events ``rescue``, ``disallowed_medication`` and ``withdrawn``; see ``sri``.
    steroids : str, SteroidRule or None
        The rule on steroids of the SRI and BICLA; see ``sri``. LLDAS and DORIS have limits of dose of their own. A note
        names the patients, and ``"none"`` judges no dose.
    definition : str, optional
        For renal response: a key of ``RENAL_DEFINITIONS``, by default ``"KDIGO 2012"``.
    creatinine_upper_normal : float, optional
        For renal response: the laboratory's upper limit in µmol/L, which ACR 2006 and Chinese multitarget ask for.
    strata, covariates : str or sequence of str, optional
        Columns whose value at baseline belongs into the analysis. Arms are then compared within the strata, and in a
        logistic model that holds both; see :func:`lupus_kit.inference.stratified` and ``adjusted``.
    first_arm : str, optional
        The arm from which the other is taken; the first in the table by default.
    n_imputations : int
        For the SRI: how many data sets ``impute_responders`` draws for open answers, and ``delta_grid`` makes worse; 0 for
        none.
    seed : int
        Of the imputations.

    Returns
    -------
    Scored
        Verdicts with reasons, counts by visit and arm, the estimand, and the analysis that was asked for.

    Raises
    ------
    InputError
        If the endpoint lacks columns, a recorded total differs from its descriptors, or cells are bad.

    See Also
    --------
    read_visit_file, visit_template, example_visit_file, renal_response

    Examples
    --------
    >>> from lupus_kit.endpoints import example_visit_file, read_visit_file, score_visits
    >>> scored = score_visits(read_visit_file(example_visit_file()).visits)
    >>> scored.responders()[["visit", "arm", "responders", "assessed"]].head(2).to_numpy().tolist()
    [['week 12', 'drug', 4, 6], ['week 12', 'placebo', 1, 6]]
    """
    require_choice("endpoint", endpoint, ENDPOINTS)
    require_choice("PGA scale", pga_scale, PGA_SCALES)
    notes: list[str] = []
    table = read_known(require_frame(visits, "visits"), pga_scale, missing_codes, notes)
    keyed = table.columns.is_unique and {*KEYS} <= {*table.columns}
    if keyed and pd.api.types.is_numeric_dtype(table["week"]):
        table, _, assumed = plan_visits(table, planned, windows, screening)
        notes += assumed
    asked = TRIAL_ENDPOINTS[endpoint]
    if definition is not None and "definition" not in asked.options:
        but = f"the endpoint is {endpoint!r}: it chooses among renal responses"
        raise InputError(f"definition is {definition!r}, but {but}.")
    within = names_of(() if strata is None else strata, "strata")
    among = names_of(() if covariates is None else covariates, "covariates")
    if "pga" in table and pga_scale != "0-3":
        table = table.assign(pga=rescale_pga(table["pga"], pga_scale))
        notes.append(f"PGA was brought from {pga_scale} to 0-3, with all its decimals.")
    require_choice("SLEDAI version", sledai_version, STABLE_SCORES_ZERO)
    require_choice("first_visit_protein", first_visit_protein, FIRST_VISIT_PROTEIN)
    if asked.needs:
        table = _with_sledai(table, sledai_version, "items" in asked.needs, first_visit_protein, notes)
    if "grades" in asked.needs or ("maybe grades" in asked.needs and _holds_bilag(table)):
        table = _with_grades(table, endpoint, notes)
    notes += event_notes.about_patients(table)
    table, unasked = event_notes.with_unasked_events(table)
    notes += unasked
    is_state = asked.verdict != "responder"
    options: dict[str, Any] = {"points": points, "b_to_a_is_new": b_to_a_is_new, "steroids": steroids}
    options |= {"definition": definition or "KDIGO 2012", "creatinine_upper_normal": creatinine_upper_normal}
    chosen = {name: options[name] for name in asked.options}
    verdicts = asked.rule(_complete(table) if is_state else table, missing=missing, events=events, **chosen)
    remarks = verdicts.attrs.pop("notes", [])
    if is_state:
        verdicts = verdicts[verdicts["week"] > 0].reset_index(drop=True)
    notes += [*event_notes.about_open_answers(verdicts), *event_notes.about_events(table, events)]
    if "steroids" in asked.options:
        notes += event_notes.about_steroids(table, verdicts, events, steroids)
    if asked.verdict == "flare_free" and sledai_version != "SELENA":
        notes.append(f"The flare index reads SELENA-SLEDAI; SLEDAI was taken as {sledai_version} (sledai_version).")
    notes += remarks
    arms, _ = two_arms(table, first_arm)
    name = asked.name.format_map(options)
    judged = steroids if "steroids" in asked.options else None
    ways: dict[str, Any] = {"missing": missing, "events": events, "steroids": judged}
    estimand, analysis = event_notes.estimand_table(table, verdicts, name, arms, **ways, strata=within), None
    if within or among or n_imputations:
        rule = {name: options[name] for name in ("points", "b_to_a_is_new", "steroids")}
        rule |= {"events": events, "components": asked.components}
        analysis = analyse(table, verdicts, asked.verdict, arms, strata=within, covariates=among, seed=seed,
                           n_imputations=n_imputations, rule=rule if asked.components else None)  # fmt: skip
    return Scored(name, verdicts, asked.verdict, tuple(notes), estimand, arms, analysis)


def _complete(table: pd.DataFrame) -> pd.DataFrame:
    """Give every patient a row for every visit, so that a visit that was not made stays in the denominator."""
    if not {*KEYS} <= {*table.columns} or table[[*KEYS]].isna().any(axis=None):
        return table  # the rule lists the empty cells
    visits = table[["visit", "week"]].drop_duplicates()
    keys = pd.DataFrame({"patient": pd.unique(table["patient"])}).merge(visits, how="cross")
    made = pd.MultiIndex.from_frame(table[["patient", "week"]])
    absent = keys[~pd.MultiIndex.from_frame(keys[["patient", "week"]]).isin(made)]
    if "arm" in table:
        absent = absent.assign(arm=absent["patient"].map(table.groupby("patient")["arm"].first()))
    rows = absent.reindex(columns=table.columns)
    kinds = {name: "boolean" if pd.api.types.is_bool_dtype(kind) else kind for name, kind in table.dtypes.items()}
    kinds = {name: "Int64" if pd.api.types.is_integer_dtype(kind) else kind for name, kind in kinds.items()}
    return pd.concat([table, rows.astype(kinds)], ignore_index=True)


def _with_sledai(
    table: pd.DataFrame, version: str, items_needed: bool, first_visit_protein: str, notes: list[str]
) -> pd.DataFrame:
    """Add descriptors and total where they are not given; compare a total that is given with its descriptors."""
    measured = [name for name in table.columns if name in _MEASURED]
    described = [name for name in table.columns if name in ITEM_IDS]
    whole = len(described) == len(ITEM_IDS)
    has_total = "sledai" in table and not items_needed
    if not described and not measured:
        if items_needed:
            raise InputError("this endpoint needs the 24 SLEDAI descriptors (or raw findings); a total is not enough.")
        require_columns(table, ["sledai"], "the visit table")
        return table
    if not measured and not whole and not has_total:
        lacking = ", ".join(name for name in ITEM_IDS if name not in described)
        raise InputError(f"of the 24 SLEDAI descriptors these have no column: {lacking}. Add them (0 for absent).")
    with_items, undecided, first = table, [] if whole else [*ITEM_IDS], ""
    if measured:
        with_items, undecided, first = _decided(table, version, first_visit_protein)
    if undecided:
        if has_total:
            notes.append("The recorded SLEDAI total was used: the descriptors and findings of the file are not all 24.")
            return table
        lacking = f"no column decides {', '.join(undecided)}. Add columns for them (0 for absent)"
        raise InputError(f"SLEDAI cannot be added up in any row: {lacking}.")
    if measured:
        notes.append(f"SLEDAI descriptors were decided from raw findings by the definitions of {version}.")
        notes += [*filter(None, [first]), *event_notes.about_descriptors(table, with_items, described)]
    total = sledai(with_items, version)
    if "sledai" not in table:
        notes.append(f"SLEDAI was added up from its descriptors, version {version}.")
        return with_items.assign(sledai=total)
    _compare_totals(table, total, version)
    given = pd.to_numeric(table["sledai"], errors="coerce").astype("Float64")
    return with_items.assign(sledai=given.fillna(total.astype("Float64")))


def _decided(table: pd.DataFrame, version: str, first_visit_protein: str) -> tuple[pd.DataFrame, list[str], str]:
    """Decide descriptors from findings; name those that are decided in no row; say what was taken at first visits.

    Protein before is the patient's last earlier value, unless the file has columns for it.
    """
    # Bad findings are told by the row of the file, unless several visits share one.
    rows = table if table.index.is_unique else table.reset_index(drop=True)
    findings = rows[[name for name in rows.columns if name in set(SLEDAI_FINDINGS["column"])]]
    protein = [name for name in ("protein_24h", "upcr") if name in findings]
    previous = None
    if protein and not any(f"{name}_previous" in findings for name in ("protein_24h", "upcr")):
        ordered = rows.sort_values(["patient", "week"], kind="stable")
        earlier = ordered.groupby("patient")[protein].ffill()
        previous = earlier.groupby(ordered["patient"]).shift()
    found = sledai_descriptors(findings, version, previous, first_visit_protein=first_visit_protein)
    touched = rows["patient"].iloc[list(found.attrs["first_visit_protein"])].nunique()
    first = (
        f"{version} counts proteinuria that is new or has risen: in {touched} patient{'s' * (touched != 1)} protein was "
        f"above its limit without an earlier value and is taken as {first_visit_protein} (first_visit_protein)."
    )
    found.index = table.index
    kept = table.drop(columns=[name for name in found if name in table])
    undecided = [name for name in ITEM_IDS if found[name].isna().all()]
    return pd.concat([kept, found], axis=1), undecided, first if touched else ""


def _compare_totals(table: pd.DataFrame, total: pd.Series, version: str) -> None:
    """List the recorded totals that differ from their descriptors."""
    problems = BadCells("the visit table; nothing was scored")
    given = pd.to_numeric(table["sledai"], errors="coerce").astype("Float64")
    differs = (given.notna() & total.notna() & (given != total)).fillna(False).to_numpy(dtype=bool)
    for value in sorted({int(v) for v in total[differs]}):
        problems.add(table, "sledai", differs & (total == value).fillna(False).to_numpy(dtype=bool),
                     f"its descriptors add up to {value} in version {version}")  # fmt: skip
    problems.raise_if_any()


def _with_grades(table: pd.DataFrame, endpoint: str, notes: list[str]) -> pd.DataFrame:
    """Add grades from the items of the form where no grade is given."""
    graded = [name for name in GRADE_COLUMNS if name in table]
    items = {name: _BILAG_NAMES.get(str(name), str(name)) for name in table.columns}
    from_form = [name for name, item in items.items() if item in _BILAG_ONLY or name in _BILAG_NAMES]
    if len(graded) == len(GRADE_COLUMNS):
        return table
    if graded:
        lacking = ", ".join(name for name in GRADE_COLUMNS if name not in graded)
        way_out = "Add them (E where never involved)"
        raise InputError(f"of the nine BILAG grades these have no column: {lacking}. {way_out}.")
    if not from_form:
        wanted = f"nine columns with grades ({GRADE_COLUMNS[0]}, ...) or the items of BILAG-2004"
        raise InputError(f"{endpoint} needs BILAG: {wanted}. Without BILAG there is the endpoint 'modified-sri'.")
    form = table[[name for name, item in items.items() if _is_bilag(item) or name in ("patient", "week")]]
    grades = bilag2004(form.rename(columns=items))
    notes.append(
        "BILAG grades were made from items by rules that were not checked against the official scoring sheet; "
        "the visit before is the patient's row before, and every earlier visit is history (D and not E)."
    )
    return pd.concat([table, grades[list(GRADE_COLUMNS)]], axis=1)


def _holds_bilag(table: pd.DataFrame) -> bool:
    """Tell whether grades are given or can be made."""
    return any(name in GRADE_COLUMNS or name in _BILAG_ONLY or name in _BILAG_NAMES for name in table.columns)


def _is_bilag(name: str) -> bool:
    plain = name.removesuffix("_previous").removesuffix("_due_to_sle")
    return plain in {item.id for item in BILAG_FORM} or name.endswith("_before")
