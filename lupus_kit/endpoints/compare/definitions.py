"""Many definitions of response on one cohort, side by side."""

import html
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.core.columns import require_columns, require_frame
from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.core.templates import toml_beside
from lupus_kit.endpoints.bilag.grades import GRADE_COLUMNS
from lupus_kit.endpoints.rules.bicla import bicla
from lupus_kit.endpoints.rules.doris import CLINICAL_IDS, doris
from lupus_kit.endpoints.rules.lldas import lldas
from lupus_kit.endpoints.rules.sri import sri
from lupus_kit.endpoints.rules.sri50 import sri50
from lupus_kit.endpoints.rules.states import MISSING
from lupus_kit.endpoints.rules.steroids import SteroidRule
from lupus_kit.endpoints.sledai.items import ITEM_IDS
from lupus_kit.endpoints.sledai.total import sledai
from lupus_kit.endpoints.visits.keys import KEYS, at_week
from lupus_kit.endpoints.visits.visit_table import read_visits

_RULES: dict[str, Callable[..., pd.DataFrame]] = {rule.__name__: rule for rule in (bicla, lldas, doris)}
_RULES |= {rule.__name__: partial(rule, reasons=False) for rule in (sri, sri50)}
_COLUMNS = {"grades": GRADE_COLUMNS, "items": ITEM_IDS, "clinical": CLINICAL_IDS}
#: The rows of ``definitions.toml``, by name.
_DEFINITIONS: dict[str, dict[str, Any]] = toml_beside(__file__, "definitions.toml")

#: Names of the definitions that :func:`compare_definitions` knows, in the order in which they are shown.
DEFINITIONS: tuple[str, ...] = tuple(_DEFINITIONS)


@dataclass(frozen=True)
class DefinitionComparison:
    """Verdicts of many definitions on the same patients and visits.

    Attributes
    ----------
    verdicts : pandas.DataFrame
        One row per patient and post-baseline visit: ``patient``, ``visit``, ``week``, ``arm`` (if given), and one
        nullable boolean column per definition.
    not_computed : pandas.DataFrame
        ``definition`` and ``reason`` of each definition that was asked for and could not be computed.

    Examples
    --------
    >>> from lupus_kit import endpoints
    >>> read = endpoints.read_visit_file(endpoints.example_visit_file())
    >>> found = endpoints.compare_definitions(read.visits, definitions=["SRI-4", "SLEDAI fall of 4 alone"])
    >>> found.definitions
    ['SRI-4', 'SLEDAI fall of 4 alone']
    >>> found.to_frame().shape
    (24, 6)
    >>> list(found.responders(week=12).columns)
    ['definition', 'visit', 'week', 'arm', 'responders', 'assessed', 'rate']
    """

    verdicts: pd.DataFrame
    not_computed: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the verdicts."""
        return self.verdicts.copy()

    @property
    def definitions(self) -> list[str]:
        """Names of the definitions that were computed."""
        return [c for c in self.verdicts.columns if c in _DEFINITIONS]

    def responders(self, week: float | None = None) -> pd.DataFrame:
        """Count responders under each definition.

        Parameters
        ----------
        week : number, optional
            One visit; every visit where it is left out.

        Returns
        -------
        pandas.DataFrame
            One row per definition, visit and arm: ``definition``, ``visit``, ``week``, ``arm`` (if given),
            ``responders``, ``assessed`` (patients with a verdict) and ``rate``.
        """
        rows = at_week(self.verdicts, week, "the verdicts have")
        keys = [c for c in ("visit", "week", "arm") if c in rows.columns]
        long = rows.melt(keys, self.definitions, "definition", "answer")
        long["answer"] = long["answer"].astype("boolean")
        long["definition"] = pd.Categorical(long["definition"], self.definitions, ordered=True)
        counts = long.groupby(["definition", *keys], observed=True)["answer"].agg(responders="sum", assessed="count")
        table = counts.astype(np.int64).reset_index()
        table = table.sort_values(["definition", "week"], kind="stable", ignore_index=True)
        table["definition"] = table["definition"].astype(object)
        table["rate"] = table["responders"] / table["assessed"].where(table["assessed"] > 0)
        return table

    def _repr_html_(self) -> str:
        counts = self.responders()
        counts["x/n"] = [f"{x}/{n}" for x, n in zip(counts["responders"], counts["assessed"], strict=True)]
        last = counts[counts["week"] == counts["week"].max()]
        columns = [c for c in ("visit", "arm") if c in last.columns]
        wide = last.pivot(index="definition", columns=columns, values="x/n")
        table = wide.loc[[d for d in self.definitions if d in wide.index]].to_html(border=0)
        listed = "".join(f"<li>{html.escape(f'{name}: {why}')}</li>" for name, why in self.not_computed.to_numpy())
        missing = f"Not computed:<ul>{listed}</ul>" if listed else ""
        return f"Responders at the last visit.{table}{missing}"


def compare_definitions(
    visits: pd.DataFrame,
    items: pd.DataFrame | None = None,
    *,
    definitions: Collection[str] = DEFINITIONS,
    missing: str = "nonresponder",
    events: str = "composite",
    steroids: str | SteroidRule | None = "auto",
) -> DefinitionComparison:
    """Apply many definitions of response to one cohort.

    Parameters
    ----------
    visits : pandas.DataFrame
        The table that ``sri`` takes. Each definition is computed where its columns are there. Without a column
        ``sledai`` the total is added up from the 24 descriptors as SLEDAI-2K.
    items : pandas.DataFrame, optional
        The 24 descriptors and what else LLDAS, DORIS and SRI-50 read, one row per ``patient`` and ``week``, where
        they stand in a table of their own. Columns that `visits` already has are not taken.
    definitions : collection of str
        Which of ``DEFINITIONS``.
    missing : {"nonresponder", "observed"}
        How every definition counts an answer that missing data leave open. The two that are named for a way of
        their own keep it.
    events, steroids
        The strategy for intercurrent events and the rule on steroids of every definition, as for ``sri``; LLDAS and
        DORIS have limits of dose of their own, and take the strategy alone.

    Returns
    -------
    DefinitionComparison
        Verdicts side by side, and a list of what could not be computed, with the reason.

    Raises
    ------
    InputError
        If cells are not allowed, keys are missing or doubled, a definition is unknown, or none can be computed.

    See Also
    --------
    deciding_clauses, sri, bicla

    Notes
    -----
    SRI-n, BICLA and SRI-50 ask for a change since baseline; LLDAS and DORIS ask for a state at the visit, whatever
    baseline was. A visit without a row counts as a visit where nothing was recorded, for every definition. SRI-50
    without a column of improvement would be SRI-4 on the total of the descriptors, so it is not computed then.

    Examples
    --------
    >>> import pandas as pd
    >>> visits = pd.DataFrame({"patient": ["Ann"] * 2, "visit": ["baseline", "week 12"], "week": [0, 12],
    ...                        "sledai": [12, 8], "pga": [1.1, 1.4]})
    >>> result = compare_definitions(visits)
    >>> result.verdicts.iloc[0, 3:].to_dict()
    {'modified SRI-4 (no BILAG)': False, 'SLEDAI fall of 4 alone': True}
    >>> result.not_computed["reason"].iloc[0][:31]
    'lacks the columns bilag_constit'
    """
    require_choice("way to handle missing data", missing, MISSING)
    if isinstance(definitions, str):
        raise InputError(f"definitions is {definitions!r}: give a collection such as ['SRI-4', 'BICLA'].")
    for name in definitions:
        require_choice("definition", name, DEFINITIONS)
    require_columns(require_frame(visits, "visits"), ("patient", "visit", "week"), "visits")
    table = visits if items is None else _with_items(visits, items)
    if "sledai" not in table.columns and set(ITEM_IDS) <= set(table.columns):
        table = table.assign(sledai=sledai(table))
    asked = [name for name in DEFINITIONS if name in definitions]
    left_out = [(name, why) for name in asked if (why := _why_not(name, table))]
    if len(left_out) == len(asked):
        listed = "\n".join(f"{name}: {reason}" for name, reason in left_out)
        raise InputError(f"none of the {len(left_out)} definition(s) can be computed:\n{listed}")
    wide = _later_visits(table)
    for name in (name for name in asked if name not in dict(left_out)):
        rule = _DEFINITIONS[name]
        way, verdict = rule.get("missing", missing), rule.get("verdict", "responder")
        options = rule.get("fixed", {}) | ({"steroids": steroids} if verdict == "responder" else {})
        found = _RULES[rule["rule"]](table, missing=way, events=events, **options)
        found = found[["patient", "week", verdict]].rename(columns={verdict: name})
        wide = wide.merge(found, "left", ["patient", "week"])
        if way == "nonresponder":  # a visit without a row is a visit where nothing was recorded
            wide[name] = wide[name].fillna(False)
    return DefinitionComparison(wide, pd.DataFrame(left_out, columns=["definition", "reason"]))


def _with_items(visits: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    keys = ["patient", "week"]
    require_columns(require_frame(items, "items"), keys, "items")
    if items.duplicated(keys).any():
        who = items.loc[items.duplicated(keys), "patient"].iloc[0]
        raise InputError(f"items has two rows for one visit of patient {who!r}: keep one row per patient and week.")
    new = [c for c in items.columns if c not in visits.columns]
    return visits.merge(items[[*keys, *new]], on=keys, how="left", validate="many_to_one").set_index(visits.index)


def _why_not(name: str, table: pd.DataFrame) -> str:
    """Say why a definition cannot be computed; nothing where it can."""
    needs = [c for need in _DEFINITIONS[name]["needs"] for c in _COLUMNS.get(need, (need,))]
    lacking = [c for c in needs if c not in table.columns]
    if lacking:
        shown = ", ".join(lacking[:3]) + (f" and {len(lacking) - 3} more" if len(lacking) > 3 else "")
        return f"lacks the column{'s' * (len(lacking) > 1)} {shown}"
    if name == "SRI-50" and not any(str(c).endswith(("_improved50", "_improvement_percent")) for c in table.columns):
        names = "<descriptor>_improved50 or <descriptor>_improvement_percent"
        return f"no column says how far a descriptor improved ({names})"
    return ""


def _later_visits(table: pd.DataFrame) -> pd.DataFrame:
    """Name every patient at every post-baseline visit, made or not."""
    every = read_visits(table.assign(_nothing=np.nan), components=(), event_columns=(), score="_nothing")
    keys = [name for name in (*KEYS, "arm") if name in every]
    return every.loc[every["week"] > 0, keys].reset_index(drop=True)
