"""Lupus nephritis response: the requirements that published definitions are made of, and the definitions as data.

Where a source leaves a word open ("near normal"), the kit's reading is written in ``note``.
"""

from dataclasses import dataclass

from lupus_kit.core.cells import require_choice

#: Measures, their units in words and the largest value that is believed. Creatinine's unit is an argument.
MEASURES = {
    "upcr": ("urine protein/creatinine in g/g", 50.0),
    "protein_24h": ("24-hour protein in g", 60.0),
    "creatinine": ("serum creatinine", 3000.0),
    "egfr": ("eGFR", 250.0),
    "albumin": ("serum albumin in g/L", 80.0),
}
CREATININE_LIMITS = {"mg/dL": (0.1, 30.0), "umol/L": (10.0, 3000.0)}


@dataclass(frozen=True)
class Rule:
    """One way to judge a value.

    Attributes
    ----------
    symbol : str
        How the value now must stand to its bound: ``"<="``, ``"<"`` or ``">="``.
    against : str
        What the bound is made of: ``"limit"``, or a multiple of the value at ``"baseline"``, at ``"preflare"`` (before the
        flare), or of the laboratory's upper limit (``"upper normal"``). ``"high baseline"`` is a limit that is asked for
        only where the baseline was not below it.
    change : int
        The multiple: 1 - limit, 1 or 1 + limit for -1, 0 and 1.
    words : str
        What is asked for.
    """

    symbol: str
    against: str
    change: int
    words: str


RULES = {
    "at most": Rule("<=", "limit", 0, "at most {x:g}"),
    "below": Rule("<", "limit", 0, "below {x:g}"),
    "at least": Rule(">=", "limit", 0, "at least {x:g}"),
    "fall at least": Rule("<=", "baseline", -1, "fallen by at least {percent:g}%"),
    "fall more than": Rule("<", "baseline", -1, "fallen by more than {percent:g}%"),
    "below if nephrotic": Rule("<", "high baseline", 0, "below {x:g} where baseline was {x:g} or more"),
    "rise at most": Rule("<=", "baseline", 1, "not more than {percent:g}% above baseline"),
    "loss at most": Rule(">=", "baseline", -1, "not more than {percent:g}% below baseline"),
    "gain at least": Rule(">=", "baseline", 1, "at least {percent:g}% above baseline"),
    "near preflare": Rule(">=", "preflare", -1, "not more than {percent:g}% below its pre-flare value"),
    "back to preflare": Rule("<=", "preflare", 0, "not above its pre-flare value"),
    "normal": Rule("<=", "upper normal", 0, "within the laboratory's normal range"),
    "inactive": Rule("<=", "limit", 0, "inactive"),
}


@dataclass(frozen=True)
class RenalRequirement:
    """One comparison of a definition.

    Attributes
    ----------
    measure : str
        A column of the visit table: a key of ``MEASURES``, or ``"sediment_active"``.
    rule : str
        How it is judged: ``"at most"``, ``"below"``, ``"at least"`` (a value), ``"fall at least"``, ``"fall more than"``,
        ``"rise at most"``, ``"loss at most"``, ``"gain at least"`` (a fraction of baseline), ``"below if nephrotic"``
        (a value, asked where baseline was that high), ``"near preflare"`` (a fraction), ``"back to preflare"``,
        ``"normal"`` (at most the laboratory's upper limit) or ``"inactive"``.
    limit : float
        The value or fraction.
    """

    measure: str
    rule: str
    limit: float = 0.0

    def __post_init__(self) -> None:
        require_choice("measure", self.measure, [*MEASURES, "sediment_active"])
        require_choice("rule", self.rule, RULES)

    @property
    def text(self) -> str:
        """The requirement in words."""
        name = "urinary sediment" if self.measure == "sediment_active" else MEASURES[self.measure][0]
        return f"{name} {RULES[self.rule].words.format(x=self.limit, percent=100 * self.limit)}"

    @property
    def slug(self) -> str:
        """The requirement as part of a column name, for example ``"upcr_at_most"``."""
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
        The groups.
    note : str
        The kit's reading where the source leaves a word open.
    """

    name: str
    complete: tuple[Group, ...]
    partial: tuple[Group, ...]
    note: str

    @property
    def columns(self) -> dict[str, Group]:
        """The column of each group in the result of :func:`renal_response`, and the group."""
        levels = (("complete", self.complete), ("partial", self.partial))
        return {f"{level}_{'_or_'.join(n.slug for n in group)}": group for level, groups in levels for group in groups}


_R = RenalRequirement
_NORMAL = _R("creatinine", "normal")
_INACTIVE = (_R("sediment_active", "inactive"),)
_NEAR_GFR = (_R("egfr", "near preflare", 0.10),)


def eular_2019(months: float) -> RenalDefinition:
    """Make the definition whose targets move with the months since treatment began."""
    fall = 0.25 if months < 6 else 0.50
    return RenalDefinition(
        "EULAR 2019",
        ((_R("protein_24h", "below", 0.5),),),
        ((_R("protein_24h", "fall at least", fall),),),
        "targets in time: a fall of 25% by 3 months, 50% by 6, below 0.5-0.7 g/day by 12; the kit takes 0.5 as "
        "complete and the fall that is due as partial",
    )


#: The published definitions by name.
RENAL_DEFINITIONS: dict[str, RenalDefinition] = {
    d.name: d
    for d in (
        RenalDefinition(
            "KDIGO 2012",
            ((_R("upcr", "at most", 0.5),), (_R("creatinine", "back to preflare"),)),
            (
                (_R("upcr", "fall more than", 0.5),),
                (_R("upcr", "below if nephrotic", 3.0),),
                (_R("creatinine", "rise at most", 0.25),),
            ),
            "creatinine must be back to its pre-flare value without any tolerance, and one that fell by more than 25% counts as "
            "better, not as unstable",
        ),
        RenalDefinition(
            "ACR 2006",
            ((_R("upcr", "below", 0.2),), (_NORMAL, _R("egfr", "gain at least", 0.25)), _INACTIVE),
            ((_R("upcr", "at most", 2.0),), (_R("egfr", "loss at most", 0.25),), _INACTIVE),
            "the kit reads a held eGFR as a loss of at most 25%",
        ),
        RenalDefinition(
            "EULAR/ERA-EDTA 2012",
            ((_R("upcr", "below", 0.5),), _NEAR_GFR),
            ((_R("upcr", "fall at least", 0.5),), (_R("upcr", "below", 3.0),), _NEAR_GFR),
            "the kit reads sub-nephrotic as below 3 g/g and near-normal as within 10% of the pre-flare eGFR",
        ),
        eular_2019(12),
        RenalDefinition(
            "Chinese multitarget",
            ((_R("protein_24h", "at most", 0.4),), _INACTIVE, (_R("albumin", "at least", 35),), (_NORMAL,)),
            (
                (_R("protein_24h", "fall at least", 0.5),),
                (_R("protein_24h", "below", 3.5),),
                (_R("albumin", "at least", 30),),
                (_NORMAL, _R("creatinine", "rise at most", 0.25)),
            ),
            "from a secondary summary of Liu 2015, not checked against the article",
        ),
    )
}
