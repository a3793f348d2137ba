"""One printed comparison, and the words a claims file may use for it."""

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from lupus_kit.core.errors import InputError
from lupus_kit.published.printed import PrintedP, PrintedValue, decimals, parse_value, percent_text, read_p

#: What a claim compares. ``binary``: patients with an event; ``paired``: the same patients at two visits; ``mean``: mean±SD;
#: ``median``: median and two ends.
KINDS = ("binary", "paired", "mean", "median")
#: The place of an endpoint in the plan of a trial; an empty role is one that is not stated.
ROLES = ("primary", "secondary", "post hoc", "safety", "baseline", "exploratory")
MET = ("met", "not met")
#: What one patient's value of a ``mean`` is, where that is said: a whole number, or 0 or 1.
SCALES = ("whole", "binary")
#: How a p-value above the level is written where its digits are not printed.
NOT_SIGNIFICANT = "NS"
_MODELLED = re.compile(
    r"(?i)adjust|stratif|logistic|covaria|regression|mantel|\bcmh\b|model|\bglmm\b|\bmmrm\b|ancova|imputat|weight"
)
_OTHER = re.compile(
    r"(?i)(?<!un)(?<!un-)adjusted|\ba(?:OR|RR|RD)\b|inferiority|equivalen|\bcox\b|hazard|\bHR\b|log-?rank|interaction|trend"
)
_STRATIFIED = re.compile(r"stratif|mantel|\bcmh\b", re.IGNORECASE)
_CRUDE = re.compile(r"\bun-?adjusted\b|\bun-?stratified\b|\bcrude\b", re.IGNORECASE)


@dataclass(frozen=True)
class Claim:
    """One comparison as it was printed.

    Attributes
    ----------
    id : str
        Its own name within the study.
    endpoint, visit, role : str
        What was compared, when, and as what (one of ``ROLES``, or empty where it is not stated).
    order : int or None
        Place in the testing hierarchy, 1 first.
    kind : str
        One of ``KINDS``.
    arms : tuple of str
        The arms compared; the only arm of a ``paired`` claim.
    visits : tuple of str
        The two visits of a ``paired`` claim.
    reported : tuple of str
        As printed, one for each arm (for each visit where paired); an empty string was not printed.
    n : tuple of int or None
        Patients analysed as printed, in the order of ``reported``; empty where not printed.
    both : int or None
        Patients with the event at both visits of a ``paired`` claim, where printed.
    items : int or None
        Whole numbers that were averaged within each patient of a ``mean`` claim.
    scale : str
        One of ``SCALES`` for a ``mean`` claim, or empty.
    strata : tuple of (int, int, int, int)
        Responders and patients of both arms in each stratum, where printed.
    p : str
        The p-value with the digits it was printed with; empty where none is printed.
    effect : str
        The effect as printed, such as ``"OR 1.40 (0.93-2.11)"``.
    analysis : str
        The analysis that the paper names.
    met : str
        ``"met"`` or ``"not met"`` where the paper says so of the endpoint.
    source, confidence, note : str
        Where it was read, how sure the reading is, and anything else.
    words, assumed : str
        The span of text it was read from, and what was assumed in reading it.
    as_printed : bool
        The values are known to stand in the paper like this, though no count gives them.
    confirmed : bool
        False where it was proposed from a text and no person has compared it: an audit gives it no verdict.
    table_row : str
        The table row that prints the same comparison (``"table3/Severe infection"``): the kit's own pointer.
    slash : {"total", "other"}
        What stands behind the stroke of ``"16/29"``: all patients, or (in tables of two groups) the others.

    Examples
    --------
    >>> from lupus_kit import published
    >>> claim = next(one for one in published.load("he2020").records if one.id == "sri4_week12")
    >>> claim.p
    '0.052'
    >>> claim.sides
    ('IL-2', 'placebo')
    >>> claim.title
    'SRI-4 response, week 12'
    >>> claim.modelled
    False
    >>> claim.beyond_counts
    False
    >>> claim.stratified
    False
    >>> claim.shown(0)
    '55.17%'
    """

    id: str
    endpoint: str
    arms: tuple[str, ...]
    reported: tuple[str, ...]
    visit: str = ""
    role: str = ""
    order: int | None = None
    kind: str = "binary"
    visits: tuple[str, ...] = ()
    n: tuple[int | None, ...] = ()
    both: int | None = None
    items: int | None = None
    scale: str = ""
    strata: tuple[tuple[int, int, int, int], ...] = ()
    p: str = ""
    effect: str = ""
    analysis: str = ""
    met: str = ""
    source: str = ""
    confidence: str = ""
    note: str = ""
    words: str = ""
    assumed: str = ""
    as_printed: bool = False
    confirmed: bool = True
    table_row: str = ""
    slash: str = "total"

    @property
    def sides(self) -> tuple[str, ...]:
        """What the values of ``reported`` belong to: the visits where there are two, else the arms."""
        return self.visits if len(self.visits) == 2 else self.arms

    @property
    def title(self) -> str:
        """Endpoint and visit, or both visits, in one phrase."""
        when = " v ".join(self.visits) or self.visit
        return f"{self.endpoint}, {when}" if when else self.endpoint

    @property
    def modelled(self) -> bool:
        """Whether the paper names an analysis that needs more than the counts: covariates, strata, a model."""
        return bool(_MODELLED.search(self.analysis)) and not _CRUDE.search(self.analysis)

    @property
    def beyond_counts(self) -> bool:
        """Whether p-value and effect need more than the counts: a model, a margin, the times of events, other patients."""
        return self.modelled or bool(_OTHER.search(f"{self.analysis} {self.effect}"))

    @property
    def stratified(self) -> bool:
        """Whether strata alone, without a model, are what the paper's analysis needs more than the counts."""
        return self.modelled and not _MODELLED.search(_STRATIFIED.sub("", self.analysis))

    def shown(self, side: int) -> str:
        """Return what is printed for one side as one string."""
        return self.reported[side] if side < len(self.reported) else ""

    @cached_property
    def printed_p(self) -> PrintedP | None:
        """The p-value, read once; None where none is printed, and for "NS"."""
        return read_p(self.p) if self.p and self.p != NOT_SIGNIFICANT else None

    @cached_property
    def values(self) -> tuple[PrintedValue, ...]:
        """What is printed for each side in numbers, read once: the entries of ``reported`` with their ``n``."""
        return tuple(self._value(side) for side in range(max(len(self.sides), len(self.reported))))

    def _value(self, side: int) -> PrintedValue:
        """Read the value of one side; an empty value where it is not printed or cannot be meant."""
        text = self.shown(side)
        n = self.n[side] if side < len(self.n) else None
        try:
            found = parse_value(text, n_header=n, slash=self.slash) if text else PrintedValue()
        except InputError:
            found = PrintedValue()
        return found if found.n or not n else replace(found, n=n, n_source="printed")


def _some_count_prints(percent: str, n: int | None, n_max: int) -> bool:
    """Say whether a count of n patients, or of at most n_max, prints so, rounded or cut off; exact, in whole numbers."""
    unit: int = 10 ** decimals(percent)
    digits = int(percent.replace(".", ""))
    # Rounding up to the print starts half a unit below it, cutting off ends one unit above it.
    if n is not None:
        smallest = max(-(-(2 * digits - 1) * n // (200 * unit)), 0)
        return smallest <= n and smallest * 100 * unit < (digits + 1) * n
    low, high = Fraction(max(2 * digits - 1, 0), 200 * unit), Fraction(digits + 1, 100 * unit)
    return low.denominator <= n_max or low <= ((low + high) / 2).limit_denominator(n_max) < high


def impossible(claim: Claim, side: int, n_randomised: int | None) -> str:
    """Return why no patients can give the printed value, or nothing.

    Parameters
    ----------
    claim : Claim
        The comparison.
    side : int
        Which value.
    n_randomised : int or None
        Patients randomised to the arm, where known.

    Returns
    -------
    str
        One sentence, or empty. A percentage beside its own count is not looked at: the audit compares them.

    See Also
    --------
    parse_value, decimals, percent_text

    Examples
    --------
    >>> from lupus_kit import published
    >>> claim = next(c for c in published.load("he2020").records if c.id == "sri4_week12")
    >>> impossible(claim, 0, 30)
    ''
    """
    value = claim.reported[side]
    n = claim.n[side] if claim.n else None
    try:
        parse_value(value, n_header=n, slash=claim.slash)
    except InputError as error:
        message = str(error)
        return "" if message.startswith("cannot read") else message
    found = claim.values[side]
    if found.percent is None or found.count is not None:
        return ""
    percent = percent_text(value)
    if (n is None and n_randomised is None) or _some_count_prints(percent, n, n_randomised or 1):
        return ""
    return f"no count of {n or f'at most {n_randomised}'} patients prints as {percent}%."
