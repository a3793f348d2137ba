"""Lupus nephritis response: the requirements that published definitions are made of, and the definitions as data.

``renal_requirements.csv`` holds a row for each comparison, ``renal_definitions.csv`` the source of each definition and, where
it leaves a word open ("near normal"), the kit's reading.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from lupus_kit.core.errors import require_choice
from lupus_kit.endpoints.words import WORDS

#: Measures and their units in words. Creatinine's unit is an argument.
MEASURES = WORDS["renal_measures"]
#: Yes/no measures with the rule that a no meets; the words of the two are the requirement.
ANSWERS = {"sediment_active": "inactive", "treatment_failure": "no"}
CREATININE_UNITS = {"mg/dL": "creatinine_mg_dl", "umol/L": "creatinine_umol_l"}


_FOLDER = Path(__file__).parent

#: Ways to judge a value, a row each: symbol (how the value now must stand to its bound: ``"<="``, ``"<"``, ``">="`` or ``">"``),
#: against (what the bound is made of: ``"limit"``, or a multiple of the value at ``"baseline"``, at ``"preflare"``, before the
#: flare, or of the laboratory's upper limit, ``"upper normal"``; ``"high baseline"`` is a limit that is asked for only where the
#: baseline was not below it), change (the multiple: 1 - limit, 1 or 1 + limit for -1, 0 and 1), words (what is asked for).
RULES: dict[str, Any] = {str(row.rule): row for row in pd.read_csv(_FOLDER / "renal_rules.csv").itertuples()}


@dataclass(frozen=True)
class RenalRequirement:
    """One comparison of a definition.

    Attributes
    ----------
    measure : str
        A column of the visit table: a key of ``MEASURES``, or of ``ANSWERS``.
    rule : str
        How it is judged: ``"at most"``, ``"below"``, ``"at least"`` (a value), ``"fall at least"``, ``"fall more than"``,
        ``"rise at most"``, ``"loss at most"``, ``"loss less than"``, ``"gain at least"`` (a fraction of baseline),
        ``"below if nephrotic"`` (a value, asked where baseline was that high), ``"near preflare"`` (a fraction),
        ``"back to preflare"``, ``"normal"`` (at most the laboratory's upper limit), or the one rule of
        a yes/no measure: ``"inactive"``, ``"no"``.
    limit : float
        The value or fraction.
    """

    measure: str
    rule: str
    limit: float = 0.0

    def __post_init__(self) -> None:
        require_choice("measure", self.measure, [*MEASURES, *ANSWERS])
        require_choice("rule", self.rule, [ANSWERS.get(self.measure, name) for name in RULES])

    @property
    def text(self) -> str:
        """The requirement in words."""
        words = RULES[self.rule].words.format(x=self.limit, percent=100 * self.limit)
        return words if self.measure in ANSWERS else f"{MEASURES[self.measure]} {words}"

    @property
    def slug(self) -> str:
        """The requirement as part of a column name, for example ``"upcr_at_most"``."""
        if self.measure == "treatment_failure":
            return "no_treatment_failure"
        return f"{self.measure.removesuffix('_active')}_{self.rule.replace(' ', '_')}"

    @property
    def baseline_column(self) -> str:
        """The column of the baseline table that it compares with; empty where it needs none."""
        against = RULES[self.rule].against
        return f"{self.measure}_preflare" if against == "preflare" else self.measure if "baseline" in against else ""


#: Requirements of which one is enough.
Group = tuple[RenalRequirement, ...]


@dataclass(frozen=True)
class RenalDefinition:
    """Requirements for a response: every group must hold, and a group holds where one of its members does.

    Attributes
    ----------
    name : str
        Name in the result.
    complete, partial : tuple of tuple of RenalRequirement
        The groups. A definition without a partial response has none in `partial`.
    note : str
        The kit's reading where the source leaves a word open.
    source : str
        Where the requirements come from, and what of it was read.
    """

    name: str
    complete: tuple[Group, ...]
    partial: tuple[Group, ...]
    note: str
    source: str = ""

    @property
    def columns(self) -> dict[str, Group]:
        """The column of each group in the result of :func:`renal_response`, and the group."""
        levels = (("complete", self.complete), ("partial", self.partial))
        return {f"{level}_{'_or_'.join(n.slug for n in group)}": group for level, groups in levels for group in groups}


#: The requirements of the published definitions, a row each: definition, level, any_of (of the rows with one letter one is
#: enough), measure, rule, limit.
RENAL_REQUIREMENTS: pd.DataFrame = pd.read_csv(_FOLDER / "renal_requirements.csv", keep_default_na=False)


def _read_definitions() -> dict[str, RenalDefinition]:
    """Put the rows of the two tables together."""
    rows, about = RENAL_REQUIREMENTS, pd.read_csv(_FOLDER / "renal_definitions.csv").set_index("definition")

    def groups(name: str, level: str) -> tuple[Group, ...]:
        found: dict[object, Group] = {}
        for row in rows[(rows["definition"] == name) & (rows["level"] == level)].itertuples():
            need = RenalRequirement(str(row.measure), str(row.rule), float(row.limit))
            found[row.any_of or row.Index] = (*found.get(row.any_of or row.Index, ()), need)
        return tuple(found.values())

    return {
        name: RenalDefinition(
            name, groups(name, "complete"), groups(name, "partial"), about.note[name], about.source[name]
        )
        for name in map(str, about.index)
    }


#: The published definitions by name.
RENAL_DEFINITIONS: dict[str, RenalDefinition] = _read_definitions()


def eular_2019(months: float) -> RenalDefinition:
    """Make the definition whose target for the fall of protein moves with the months since treatment began.

    Examples
    --------
    >>> eular_2019(3).partial[0][0].text
    '24-hour protein in g fallen by at least 25%'
    """
    whole = RENAL_DEFINITIONS["EULAR 2019"]
    (fall,), *others = whole.partial
    return replace(whole, partial=((replace(fall, limit=0.25 if months < 6 else 0.5),), *others))
