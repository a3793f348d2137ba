"""One printed value of a claim, with every analysis that was tried on it, as numbers."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from math import nan

from lupus_kit.published import Claim, PrintedP, read_p

FROM_MODEL = "from an adjusted or stratified analysis, not checkable from counts"
#: The part of a report that holds the claims; every other part has the name of a table.
CLAIMS = "claims"
NOT_PRINTED = "not printed"
Counts = tuple[int, ...]


class Quantity(StrEnum):
    """What was printed."""

    VALUE = "value"
    P = "p"
    EFFECT = "effect"


class Verdict(StrEnum):
    """What the analyses come down to, from the firmest to the weakest."""

    REPRODUCED = "reproduced"
    SOME = "some"
    NOT_REPRODUCED = "not reproduced"
    MODEL = "model"
    NOT_CHECKABLE = "not checkable"
    AS_PRINTED = "as printed"
    NOT_CONFIRMED = "not confirmed"


#: What each verdict means.
MEANINGS = {
    Verdict.REPRODUCED: "every digit follows from what is printed",
    Verdict.SOME: "some analyses print as reported, others do not",
    Verdict.NOT_REPRODUCED: "no analysis tried prints as reported",
    Verdict.MODEL: "the paper names an adjusted or stratified analysis: the counts alone cannot check it",
    Verdict.NOT_CHECKABLE: "something needed is not printed",
    Verdict.AS_PRINTED: "a value that stands for itself",
    Verdict.NOT_CONFIRMED: "proposed from a text and not compared with it by a person: no verdict",
}


@dataclass(frozen=True, slots=True)
class Analysis:
    """One analysis of a printed value, or the reason why there is none.

    Attributes
    ----------
    label : str
        Its name; without a ``key``, the reason.
    key : str
        Short name: a key of ``TESTS``, of an interval or of a test of summaries; empty where nothing was computed.
    alternative : str
        ``"two-sided"``, ``"greater"`` or ``"less"`` for a p-value.
    setting : str
        What it was run on, where that is not the claim's own comparison.
    counts : tuple of int
        The counts behind it: events and patients, arm after arm; empty where unknown.
    value, low, high : float
        What it gives: a p-value, a percentage or an effect; and the ends of its range or interval.
    n_ways, n_fit : int
        Joint tables of paired counts that were tried, and those that print as reported.
    fits : bool or None
        Whether it prints as reported; None where nothing is compared.
    familiar : bool
        Most readers would try it first: it is shown even where it does not fit.
    nearest : bool
        Nothing fits, and it comes nearest.
    """

    label: str
    key: str = ""
    alternative: str = ""
    setting: str = ""
    counts: Counts = ()
    value: float = nan
    low: float = nan
    high: float = nan
    n_ways: int = 1
    n_fit: int = 0
    fits: bool | None = None
    familiar: bool = False
    nearest: bool = False

    @property
    def name(self) -> str:
        """Label, side and setting in one phrase; two-sided goes without saying."""
        side = "" if self.alternative in ("", "two-sided") else f"one-sided ({self.alternative})"
        return ", ".join(part for part in (self.label, side, self.setting) if part)

    @property
    def population(self) -> str:
        """Patients of each arm, such as ``"29 v 30"``."""
        return " v ".join(map(str, self.counts[1::2]))

    @property
    def shown(self) -> bool:
        """Whether a report names it: it fits, it comes nearest, it is familiar, or it says why there is none."""
        return self.fits is not False or self.nearest or self.familiar


@dataclass(frozen=True)
class CheckedValue:
    """One printed value with the analyses tried on it.

    Attributes
    ----------
    claim : Claim
        Where it is printed.
    quantity : Quantity
        The value of an arm or visit, the p-value or the effect.
    what : str
        The arm or visit, ``"p"`` or ``"effect"``.
    printed : str
        As printed, or ``"not printed"``.
    analyses : tuple of Analysis
        Everything tried.
    verdict : Verdict
        What they come down to.
    sentence : str
        The verdict in words.
    supposing : str
        What had to be supposed about the counts.
    paper_analysis : str
        The analysis that the paper names, where it needs more than counts.
    decimals : tuple of int
        Decimals of a printed effect and of both ends of its interval.
    part : str
        ``"claims"``, or the name of a table.
    """

    claim: Claim
    quantity: Quantity
    what: str
    printed: str
    analyses: tuple[Analysis, ...]
    verdict: Verdict
    sentence: str
    supposing: str = ""
    paper_analysis: str = ""
    decimals: tuple[int, ...] = ()
    part: str = CLAIMS

    @property
    def fitting(self) -> list[Analysis]:
        """The analyses that print as reported."""
        return [one for one in self.analyses if one.fits]

    @property
    def is_printed_p(self) -> bool:
        """Whether it is a p-value that the paper prints."""
        return self.quantity is Quantity.P and self.printed != NOT_PRINTED


def unless_confirmed(value: CheckedValue) -> CheckedValue:
    """Take the verdict from a value whose claim no person has confirmed, and say what it would rest on."""
    if value.claim.confirmed:
        return value
    found = "no analysis tried gives it" if value.verdict is Verdict.NOT_REPRODUCED else value.sentence
    sentence = f"if the words are tied as proposed, then: {found}"
    return replace(value, verdict=Verdict.NOT_CONFIRMED, sentence=sentence)


def not_checkable(claim: Claim, quantity: Quantity, why: str, analysis: Analysis | None = None) -> CheckedValue:
    """Say why a p-value or an effect cannot be checked."""
    printed = claim.effect if quantity is Quantity.EFFECT else claim.p
    reason = (analysis or Analysis(why),)
    return CheckedValue(
        claim, quantity, quantity.value, printed or NOT_PRINTED, reason, Verdict.NOT_CHECKABLE, "not checkable"
    )


def checked_p(
    claim: Claim, analyses: Iterable[Analysis], verdict: Verdict, sentence: str, supposing: str = ""
) -> CheckedValue:
    """Make the checked p-value of a claim."""
    return CheckedValue(claim, Quantity.P, "p", claim.p, tuple(analyses), verdict, sentence, supposing)


def outcome(n_fits: int, n_tried: int, of: str = "analyses", aside: str = "") -> tuple[Verdict, str]:
    """Return the verdict on a p-value, and the same in words.

    Examples
    --------
    >>> outcome(4, 67)[1]
    'reproduced only by 4 of 67 analyses'
    """
    if not n_fits:
        return Verdict.NOT_REPRODUCED, f"not reproduced by any of {n_tried} {of}"
    if n_fits == n_tried:
        return Verdict.REPRODUCED, "reproduced"
    return Verdict.SOME, f"reproduced only by {n_fits} of {n_tried} {of}{aside}"


def of_model(value: CheckedValue, computed: bool = True) -> CheckedValue:
    """Say that the paper's own analysis is another one than the crude ones, where it names one."""
    if not value.claim.modelled:
        return value
    # Of a model's value a crude analysis prints the digits, it does not reproduce them.
    crude = value.sentence.replace("reproduced only by", "printed so by", 1)
    sentence = f"{FROM_MODEL}; crude analysis: {crude}" if computed else FROM_MODEL
    return replace(value, verdict=Verdict.MODEL, sentence=sentence, paper_analysis=value.claim.analysis)


def comparable(claim: Claim, alpha: float) -> PrintedP:
    """Return the printed p-value; "NS" is the inequality that it stands for."""
    return claim.printed_p or read_p(f">{alpha:g}")
