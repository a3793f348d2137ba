"""The endpoints of a trial by name: the rule of each, what it reads, and the options that it takes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd

from lupus_kit.endpoints.compare.definitions import compare_definitions
from lupus_kit.endpoints.rules.bicla import bicla
from lupus_kit.endpoints.rules.doris import doris
from lupus_kit.endpoints.rules.flare_and_renal import flare_free, renal_state
from lupus_kit.endpoints.rules.lldas import lldas
from lupus_kit.endpoints.rules.sri import sri
from lupus_kit.endpoints.rules.sri50 import sri50
from lupus_kit.endpoints.rules.steroids import SteroidRule


@dataclass(frozen=True)
class TrialEndpoint:
    """One endpoint: its rule, what it reads, its name, the options it takes, and the column of its verdict.

    Attributes
    ----------
    rule : callable
        From visits and options to a table with a verdict.
    needs : tuple of str
        Of ``"total"``, ``"items"`` and ``"grades"``; ``"maybe grades"`` where they are there.
    name : str
        In print; options stand in braces.
    options : tuple of str
        Beside `missing` and `events`.
    verdict : str
        The column of the verdict; other than ``"responder"`` where the endpoint is a state at each visit.
    components : tuple of str
        What multiple imputation is to ask for, where the endpoint is an SRI that it knows.
    """

    rule: Callable[..., pd.DataFrame]
    needs: tuple[str, ...]
    name: str
    options: tuple[str, ...] = ()
    verdict: str = "responder"
    components: tuple[str, ...] = ()


def all_definitions(
    table: pd.DataFrame, *, missing: str, events: str, steroids: str | SteroidRule | None
) -> pd.DataFrame:
    """Score every definition that the columns allow, one row per definition, patient and visit.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``compare_definitions`` takes it.
    missing, events, steroids
        As for ``compare_definitions``.

    Returns
    -------
    pandas.DataFrame
        ``definition``, keys, ``responder``; ``.attrs["notes"]`` says what could not be computed.
    """
    found = compare_definitions(table, missing=missing, events=events, steroids=steroids)
    keys = [name for name in ("patient", "visit", "week", "arm") if name in found.verdicts]
    long = found.verdicts.melt(keys, found.definitions, "definition", "responder").astype({"responder": "boolean"})
    lacking = zip(found.not_computed["definition"], found.not_computed["reason"], strict=True)
    long.attrs["notes"] = [f"{name} was not computed: {why}." for name, why in lacking]
    return long


_SRI_OPTIONS = ("points", "b_to_a_is_new", "steroids")
_RENAL_OPTIONS = ("definition", "creatinine_upper_normal")
TRIAL_ENDPOINTS = {
    "sri": TrialEndpoint(
        sri, ("total", "grades"), "SRI-{points}", _SRI_OPTIONS, components=("sledai", "bilag", "pga")
    ),
    "modified-sri": TrialEndpoint(
        partial(sri, components=("sledai", "pga")), ("total",), "modified SRI-{points} (no BILAG)", _SRI_OPTIONS,
        components=("sledai", "pga"),
    ),
    "sri-50": TrialEndpoint(sri50, ("items", "grades"), "SRI-50, {points} points", _SRI_OPTIONS),
    "bicla": TrialEndpoint(bicla, ("total", "grades"), "BICLA", ("steroids",)),
    "lldas": TrialEndpoint(lldas, ("items",), "LLDAS", verdict="lldas"),
    "doris": TrialEndpoint(doris, ("items",), "DORIS", verdict="doris"),
    "flare": TrialEndpoint(flare_free, ("total",), "no SELENA flare since baseline", verdict="flare_free"),
    "severe-flare": TrialEndpoint(
        partial(flare_free, severe=True), ("total",), "no severe SELENA flare since baseline", verdict="flare_free"
    ),
    "renal": TrialEndpoint(
        renal_state, (), "complete renal response, {definition}", _RENAL_OPTIONS, verdict="renal_response"
    ),
    "renal-partial": TrialEndpoint(
        partial(renal_state, level="partial"), (), "partial or complete renal response, {definition}", _RENAL_OPTIONS,
        verdict="renal_response",
    ),
    "all": TrialEndpoint(all_definitions, ("total", "maybe grades"), "all definitions", ("steroids",)),
}  # fmt: skip
