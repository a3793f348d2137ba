"""Flares and renal response as endpoints of a trial: at every visit a yes or no, with events and missing answers handled."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells
from lupus_kit.core.errors import require_choice
from lupus_kit.endpoints.nullable import any_of, known_true, yes_no
from lupus_kit.endpoints.rules.flare_index import OPTIONAL, selena_flare
from lupus_kit.endpoints.rules.intercurrent import handle, require_strategy
from lupus_kit.endpoints.rules.reasons import words_where
from lupus_kit.endpoints.rules.renal_response import RENAL_DEFINITIONS, renal_response
from lupus_kit.endpoints.rules.states import MISSING, Clause, State, read_rows, state_table
from lupus_kit.endpoints.visits.units import FORM_UNITS
from lupus_kit.endpoints.visits.visit_table import EVENTS

#: What renal response reads, as a table of visits holds it: without a unit in the name, in the units of the index forms.
_MEASURED = ("upcr", "protein_24h", "creatinine", "gfr", "albumin")
_RENAL = {own + role: FORM_UNITS[own] + role for own in _MEASURED for role in ("", "_preflare")}


def flare_free(
    visits: pd.DataFrame, *, severe: bool = False, missing: str = "nonresponder", events: str = "composite"
) -> pd.DataFrame:
    """Decide for every visit whether the patient has had no SELENA flare since baseline.

    Parameters
    ----------
    visits : pandas.DataFrame
        The table that ``selena_flare`` takes, with a row for every visit that was planned.
    severe : bool
        Ask for severe flares alone.
    missing : {"nonresponder", "observed"}
        How an open answer is counted.
    events : {"composite", "while_on_treatment", "treatment_policy", "hypothetical"}
        The strategy for intercurrent events, as for ``sri``.

    Returns
    -------
    pandas.DataFrame
        Keys, ``flare`` of the visit, ``flare_clause``, events, ``flare_free``, ``imputed``, ``reason``.

    Notes
    -----
    A flare counts at every later visit. A visit that was made and whose grade is open leaves this and later visits open until
    there is a flare; one that was missed leaves later visits decided, because the next is graded against the last on record.
    """
    state, ordered, recorded = _read(visits, missing, events, ["sledai", "pga", "prednisone_mg_day"], OPTIONAL)
    graded = selena_flare(ordered.reset_index(drop=True))
    asked = [name for name in graded if name.startswith(("severe_",) if severe else ("severe_", "mild_"))]
    flared = any_of(graded[name] for name in asked).mask(state.rows.week <= 0, False)
    yes, patient = pd.Series(known_true(flared)), state.rows.patient
    open_ = pd.Series(flared.isna().to_numpy())
    had = yes.groupby(patient).cummax()
    unsure = ((open_ & recorded).groupby(patient).cummax() | open_) & ~had
    first = graded["visit"].where(yes).groupby(patient).ffill().groupby(patient).transform("first")
    words = words_where(had, lambda visit: f"{'severe ' if severe else ''}flare at {visit}", first)
    clause = Clause((~had).astype("boolean").mask(unsure), words,
                    words_where(unsure, "it is not recorded whether there was a flare"))  # fmt: skip
    values = {"flare": graded["flare"].astype("string")}
    return state_table(state, "the flare-free group", values, {"flare_clause": clause}, missing, "flare_free")


def renal_state(
    visits: pd.DataFrame, *, definition: str = "KDIGO 2012", level: str = "complete",
    creatinine_upper_normal: float | None = None, missing: str = "nonresponder", events: str = "composite",
) -> pd.DataFrame:  # fmt: skip
    """Decide for every visit whether there is a renal response.

    Parameters
    ----------
    visits : pandas.DataFrame
        One row per patient and visit, week 0 among them, with what the definition reads, in the units of a visit file.
    definition : str
        A key of ``RENAL_DEFINITIONS``. EULAR 2019 is asked with the month of each visit, its week times 12/52, rounded.
    level : {"complete", "partial"}
        What is asked for; whoever has a complete response has at least a partial one.
    creatinine_upper_normal : float, optional
        The laboratory's upper limit, µmol/L, where the definition asks for it.
    missing, events
        As for :func:`flare_free`.

    Returns
    -------
    pandas.DataFrame
        Keys, ``response``, the requirements, events, ``renal_response``, ``imputed``, ``reason``; ``.attrs["notes"]`` says
        where the definition comes from and what was assumed.
    """
    require_choice("renal definition", definition, RENAL_DEFINITIONS)
    state, ordered, _ = _read(visits, missing, events, [*_MEASURED, "egfr", "sediment_active", "treatment_failure"])
    named = ordered.reset_index(drop=True).rename(columns=_RENAL)
    baseline, notes = named[named["week"] == 0], []
    groups = [named]
    if definition == "EULAR 2019":
        groups = [rows for _, rows in named.groupby("week", sort=False)]
        notes.append("EULAR 2019 was asked with the month of each visit: its week times 12/52, rounded, at least 1.")
    parts = [
        renal_response(baseline, rows, definition, creatinine_unit="umol/L", creatinine_upper_normal=creatinine_upper_normal,
                       months=max(round(float(rows["week"].iloc[0]) * 12 / 52), 1))
        for rows in groups
    ]  # fmt: skip
    found = pd.concat(parts).sort_index()
    rule = RENAL_DEFINITIONS[definition]
    notes += [f"{rule.name}: {rule.source} {rule.note}", *(note for part in parts for note in part.attrs["notes"])]
    no, unknown = (~found[level]).fillna(False), found[level].isna()
    said = found["reason"].str.rstrip(".")
    clause = Clause(found[level], words_where(no, str, said), words_where(unknown, str, said))
    values = {name: found[name] for name in found if name == "response" or name.startswith(("complete_", "partial_"))}
    name = f"{level} renal response" if level == "complete" else "partial or complete renal response"
    table = state_table(state, name, values, {f"{level}_clause": clause}, missing, "renal_response")
    table.attrs["notes"] = list(dict.fromkeys(notes))
    return table


def _read(
    visits: pd.DataFrame, missing: str, events: str, reads: Sequence[str], optional: Sequence[str] = ()
) -> tuple[State, pd.DataFrame, np.ndarray]:
    """Read keys and events; return them, the table in order of patient and week, and which visits were made."""
    require_choice("way to handle missing data", missing, MISSING)
    require_strategy(events)
    rows = read_rows(visits, [], [*EVENTS, *optional])
    problems, ordered = BadCells("the visit table"), visits.iloc[rows.position]
    names = [name for name in EVENTS if name in rows.table]
    flags = pd.DataFrame({name: yes_no(rows.table, name, problems) for name in names}, index=range(len(rows.week)))
    problems.raise_if_any()
    recorded = ordered[ordered.columns.intersection([*reads, *optional, *EVENTS])].notna().any(axis=1).to_numpy()
    found = handle(rows.table.reset_index(drop=True), flags, recorded, events)
    nothing = pd.Series(pd.NA, index=flags.index)
    return State(rows, pd.DataFrame(index=flags.index), nothing, nothing, found), ordered, recorded
