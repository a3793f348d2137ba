"""What a table of visits says about patients, events and steroids, in notes: who it is, and what was done about them."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lupus_kit.core.strategies import EVENT_STRATEGIES
from lupus_kit.core.text import listing, plural
from lupus_kit.endpoints.bilag.grades import GRADE_COLUMNS
from lupus_kit.endpoints.nullable import known_true
from lupus_kit.endpoints.rules.intercurrent import STEROIDS
from lupus_kit.endpoints.rules.steroids import DOSE, steroid_rule
from lupus_kit.endpoints.visits.keys import recorded_rows
from lupus_kit.endpoints.visits.visit_table import EVENTS
from lupus_kit.endpoints.words import WORDS


def _named(text: str, patients: pd.Series) -> list[str]:
    """Say something of patients, with their number and names; nothing where there are none."""
    who = pd.unique(patients)
    return [f"{text} ({len(who)}): {listing(who)}."] if len(who) else []


def about_patients(table: pd.DataFrame) -> list[str]:
    """Name the patients without a baseline row, and those without an arm.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per patient and visit, cells read.

    Returns
    -------
    list of str
        Sentences.
    """
    if not {"patient", "week"} <= {*table.columns} or not table.columns.is_unique:
        return []  # the rule says what is missing, or there twice
    everyone = table["patient"].dropna()
    started = table.loc[(table["week"] == 0) & recorded_rows(table), "patient"]
    notes = _named("No baseline visit", everyone[~everyone.isin(started)])
    if "arm" in table:
        placed = table.loc[table["arm"].notna(), "patient"]
        notes += _named("No arm, so in no comparison", everyone[~everyone.isin(placed)])
    return notes


def about_open_answers(verdicts: pd.DataFrame) -> list[str]:
    """Name the patients of whom missing values leave an answer open that is counted all the same.

    Parameters
    ----------
    verdicts : pandas.DataFrame
        What the rule of response returned.

    Returns
    -------
    list of str
        Sentences.
    """
    counted = verdicts.get("imputed", pd.Series(False, verdicts.index))
    said = "An answer is open for missing values and counted as the estimand says"
    return _named(said, verdicts.loc[known_true(counted), "patient"])


def about_descriptors(table: pd.DataFrame, decided: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Name the patients in whom a descriptor is recorded otherwise than the raw findings beside it say.

    Parameters
    ----------
    table, decided : pandas.DataFrame
        The visits as recorded, and with the descriptors that the findings decide.
    names : sequence of str
        The descriptors that are recorded.

    Returns
    -------
    list of str
        Sentences.
    """
    sums = [pd.to_numeric(table[name], errors="coerce") + decided[name].astype("Float64") for name in names]
    said = "A descriptor was recorded otherwise than the raw findings say, which count"
    return _named(said, table.loc[known_true(pd.concat(sums, axis=1).eq(1).any(axis=1)), "patient"]) if sums else []


def with_unasked_events(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Count an event as not there where the file did not ask for it, and say so.

    A column without any entry is one that nobody filled in, and a visit at which no patient of several has an entry is
    one at which nobody asked, as where a wide file has ``rescue_week12`` alone. An empty cell among others stays open.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per patient and visit.

    Returns
    -------
    table : pandas.DataFrame
        The same, without columns that are empty, and with a no where nobody was asked.
    notes : list of str
        Sentences.
    """
    if not {"patient", "week"} <= {*table.columns}:
        return table, []  # the rule says what is missing
    notes, several = [], table["patient"].nunique() > 1
    for name in [name for name in EVENTS if name in table]:
        given = table[name].notna()
        if not given.any():
            table = table.drop(columns=name)
            notes.append(f"Nobody filled in the column {name}: it was not asked for.")
            continue
        unasked = ~given.groupby(table["week"]).transform("any") & (table["week"].astype(float) > 0)
        if several and unasked.any():
            table = table.assign(**{name: table[name].astype(object).where(~unasked, 0)})
            visits = table.loc[unasked, "week"].astype(float).unique()
            notes.append(f"Nobody has an entry for {name} at week {listing(f'{w:g}' for w in sorted(visits))}: "
                         "it was counted as no.")  # fmt: skip
    return table, notes


def about_events(table: pd.DataFrame, strategy: str) -> list[str]:
    """Say which patients have intercurrent events, and what the strategy does with them.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per patient and visit, cells read.
    strategy : str
        Key of ``EVENT_STRATEGIES``.

    Returns
    -------
    list of str
        Sentences.
    """
    flags = table.reindex(columns=[name for name in EVENTS if name in table]).apply(pd.to_numeric, errors="coerce")
    patient, week = table["patient"], table["week"].astype(float)
    recorded = recorded_rows(table)
    how = f"Events, {strategy.replace('_', ' ')}: {EVENT_STRATEGIES[strategy]}."
    notes = []
    for name in flags:
        notes += _named(f"{how} {name}", patient[(flags[name] == 1) & (week > 0)])
        blank = flags[name].isna() & (week > 0) & recorded
        notes += _named(f"{name} has empty cells, which are open and not a no", patient[blank])
    early = (flags == 1).any(axis=1) & (week == 0)
    notes += _named("An event at week 0 is before treatment and was not counted", patient[early])
    if "withdrawn" in flags and strategy != "treatment_policy":
        left = week.where((flags["withdrawn"] == 1) & (week > 0)).groupby(patient).transform("min")
        assessed = table[table.columns.intersection(["sledai", "pga", *GRADE_COLUMNS])].notna().any(axis=1)
        notes += _named("Visits after withdrawal were not judged", patient[(week > left) & assessed])
    return notes


def about_steroids(table: pd.DataFrame, verdicts: pd.DataFrame, strategy: str, steroids: object) -> list[str]:
    """Say which rule on steroids was used, whom it made a non-responder, and whose dose nobody judged.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per patient and visit, cells read.
    verdicts : pandas.DataFrame
        What the rule of response returned.
    strategy : str
        Key of ``EVENT_STRATEGIES``.
    steroids : str, SteroidRule or None
        The rule that was asked for.

    Returns
    -------
    list of str
        Sentences.
    """
    rule, patient = steroid_rule(steroids, table), table["patient"]
    if rule is None or strategy == "treatment_policy":
        if DOSE not in table:
            return []
        dose = pd.to_numeric(table[DOSE], errors="coerce")
        start = dose.where(table["week"].astype(float) == 0).groupby(patient).transform("first")
        above = _named("Above the dose of prednisone at baseline, which was not judged", patient[dose > start])
        return above or ["Prednisone was not judged; no dose is above that of baseline."]
    read = f" {rule.source} Checked: {rule.checked}." if rule.checked else ""
    notes = [f"Steroids: {rule.label}.{read}"]
    if STEROIDS in verdicts:
        broken = known_true(verdicts[STEROIDS])
        notes += _named("Non-response by the rule on steroids", verdicts.loc[broken, "patient"])
    if rule.reads_dose:
        counted = "not judged" if rule.unknown_dose_passes else "which leaves the answer open where it counts"
        notes += _named(f"The dose of prednisone is not recorded at a visit, {counted}", patient[table[DOSE].isna()])
    if lacking := [name for name in rule.additions if name not in table]:
        notes.append(f"Without a column {listing(lacking, 'or')} it was not judged whether such a medicine was added.")
    if steroids == "auto":
        notes.append("Choose another rule on steroids (steroids=, --steroids), or none, where the protocol says so.")
    if rule.visit_within_days:
        days = rule.visit_within_days
        notes.append(f"The trial asked for a visit within {days} days of the planned one: read the visits so.")
    return notes


_OPEN = WORDS["open_answers"]


def estimand_table(
    table: pd.DataFrame, verdicts: pd.DataFrame, endpoint: str, arms: Sequence[str], *, missing: str | Mapping[str, str],
    events: str, steroids: object, strata: Sequence[str] = (),
) -> pd.DataFrame:  # fmt: skip
    """Say what is estimated.

    Parameters
    ----------
    table, verdicts : pandas.DataFrame
        The visits as they were scored, and what the rule returned.
    endpoint : str
        Name of the endpoint.
    arms : sequence of str
        First and second arm; none where there are not two.
    missing, events, steroids
        As for ``score_visits``; `steroids` is None where the rule judges none.
    strata : sequence of str
        What the comparison is stratified by.

    Returns
    -------
    pandas.DataFrame
        ``attribute`` and ``choice``, one row an attribute.
    """
    who = verdicts.drop_duplicates("patient")
    each = [f"{arm} {(who['arm'].astype(str) == arm).sum()}" for arm in arms]
    if arms and (nowhere := who["arm"].isna().sum()):
        each.append(f"without an arm {nowhere}")
    visits = verdicts.drop_duplicates("week").sort_values("week", kind="stable")["visit"]
    here = [name for name in EVENTS if name in table]
    rule = steroid_rule(steroids, table)
    handled = (
        f"{listing(here)}: {events.replace('_', ' ')}: {EVENT_STRATEGIES[events]}" if here else "no column names any"
    )
    if rule and events != "treatment_policy":
        handled += f"; rule on steroids: {rule.label}"
    difference = f"difference of response rates at each visit, {arms[0]} minus {arms[1]}" if arms else ""
    within = f"; also within strata of {listing(strata)}" if strata and arms else ""
    rows = {
        "population": f"every patient of the table: {plural(len(who), 'patient')}"
        + f" ({', '.join(each)})" * bool(each),
        "treatment": f"{arms[0]} against {arms[1]}" if arms else "not compared",
        "endpoint": f"{endpoint} at {listing(visits)}",
        "intercurrent events": handled,
        "summary measure": difference + within or "response rate at each visit",
        "missing answers": "; ".join(f"{arm}: {_OPEN[way]}" for arm, way in missing.items())
        if isinstance(missing, Mapping)
        else _OPEN[missing],
    }
    return pd.DataFrame(rows.items(), columns=["attribute", "choice"])
