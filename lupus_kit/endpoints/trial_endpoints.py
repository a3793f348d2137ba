"""The endpoints of a trial by name: the rule of each, what it reads, and the options that it takes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from lupus_kit.core.templates import toml_beside
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
    needs : sequence of str
        Of ``"total"``, ``"items"`` and ``"grades"``; ``"maybe grades"`` where they are there.
    name : str
        In print; options stand in braces.
    options : sequence of str
        Beside `missing` and `events`.
    verdict : str
        The column of the verdict; other than ``"responder"`` where the endpoint is a state at each visit.
    components : sequence of str
        What multiple imputation is to ask for, where the endpoint is an SRI that it knows.
    """

    rule: Callable[..., pd.DataFrame]
    needs: Sequence[str]
    name: str
    options: Sequence[str] = ()
    verdict: str = "responder"
    components: Sequence[str] = ()


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


_RULES = (sri, sri50, bicla, lldas, doris, flare_free, renal_state, all_definitions)


def _read() -> dict[str, TrialEndpoint]:
    rules = {rule.__name__: rule for rule in _RULES}
    tables: dict[str, dict[str, Any]] = toml_beside(__file__, "trial_endpoints.toml")
    for table in tables.values():
        table["rule"] = partial(rules[table["rule"]], **table.pop("fixed", {}))
    return {name: TrialEndpoint(**table) for name, table in tables.items()}


#: The rows of ``trial_endpoints.toml``, by name.
TRIAL_ENDPOINTS: dict[str, TrialEndpoint] = _read()
