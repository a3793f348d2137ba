"""One printed value of a claim, with every analysis that was tried on it, as numbers."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from math import nan
from typing import Self

from lupus_kit.core.templates import toml_beside
from lupus_kit.inference import TESTS
from lupus_kit.published import Claim, PrintedP, read_p

FROM_MODEL = "from an adjusted or stratified analysis, not checkable from counts"
FROM_OTHER = "from an analysis of more than the counts (covariates, a margin, times), not checkable from counts"
STRATIFIED = "stratified: not checkable from these counts"
#: The part of a report that holds the claims; every other part has the name of a table.
CLAIMS = "claims"
NOT_PRINTED = "not printed"
#: The tests that most readers would try first: always shown, and counted apart.
USUAL = ("pearson", "yates", "fisher")
#: The setting of an unpaired test of paired data.
AS_IF_APART = "as if the visits were different patients"
Counts = tuple[int, ...]


class Quantity(StrEnum):
    """What was printed."""

    VALUE = "value"
    P = "p"
    EFFECT = "effect"


class Verdict(StrEnum):
    """What the analyses come down to, from the firmest to the weakest.

    Examples
    --------
    >>> from lupus_kit import audit
    >>> [one.name for one in audit.Verdict][:3]
    ['REPRODUCED', 'SOME', 'NOT_REPRODUCED']
    """

    REPRODUCED = "reproduced"
    SOME = "some"
    NOT_REPRODUCED = "not reproduced"
    MODEL = "model"
    NOT_CHECKABLE = "not checkable"
    AS_PRINTED = "as printed"
    NOT_CONFIRMED = "not confirmed"

    @classmethod
    def of(cls, n_fits: int, n_tried: int, of: str = "analyses", aside: str = "") -> tuple["Verdict", str]:
        """Return the verdict on a p-value, and the same in words.

        Examples
        --------
        >>> Verdict.of(4, 67)[1]
        'reproduced only by 4 of 67 analyses'
        """
        if not n_fits:
            return cls.NOT_REPRODUCED, f"not reproduced by any of {n_tried} {of}"
        if n_fits == n_tried:
            return cls.REPRODUCED, "reproduced"
        return cls.SOME, f"reproduced only by {n_fits} of {n_tried} {of}{aside}"


_SAID = toml_beside(__file__, "verdicts.toml")
#: What each verdict means, and its sign with the words beside it.
MEANINGS, SIGNS = ({verdict: _SAID[verdict][what] for verdict in Verdict} for what in ("meaning", "sign"))


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
    others : bool
        It counts other patients than those printed.

    Examples
    --------
    >>> from lupus_kit import audit
    >>> report = audit.check("he2020")
    >>> value = next(one for one in report.values if one.claim.id == "sri4_week12" and one.is_printed_p)
    >>> analysis = value.fitting[0]
    >>> analysis.key
    'n_minus_1'
    >>> analysis.name
    'N − 1 chi-squared (Campbell, E. Pearson)'
    >>> analysis.software[0]
    'SPSS: CROSSTABS /STATISTICS=CHISQ: Linear-by-Linear Association'
    >>> analysis.population
    '29 v 30'
    >>> analysis.shown
    True
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
    others: bool = False

    @property
    def name(self) -> str:
        """Label, side and setting in one phrase; two-sided goes without saying."""
        side = "" if self.alternative in ("", "two-sided") else f"one-sided ({self.alternative})"
        return ", ".join(part for part in (self.label, side, self.setting) if part)

    @property
    def software(self) -> list[str]:
        """What SPSS, SAS, Stata and R print it under, of those that have it, two-sided."""
        of = TESTS[self.key].software if self.key in TESTS and self.alternative == "two-sided" else {}
        return [f"{name}: {text.partition(';')[0]}" for name, text in of.items() if not text.startswith("not ")]

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
    chance : float
        Share of the prints nearby that one of the analyses of the printed numbers has too; nan where it is not known.

    Examples
    --------
    >>> from lupus_kit import audit
    >>> report = audit.check("he2020")
    >>> value = next(one for one in report.values if one.claim.id == "sri4_week12" and one.is_printed_p)
    >>> value.printed
    '0.052'
    >>> len(value.of_printed)
    7
    >>> value.only_others
    False
    >>> value.in_words
    'reproduced only by 7 of 79 analyses (none of the 3 usual tests; 28% of the prints nearby would be)'
    >>> len(value.fitting)
    7
    >>> value.is_printed_p
    True
    >>> value.unless_confirmed() == value
    True
    >>> value.of_model() == value
    True
    >>> value.unchecked(value.claim, value.quantity, "no counts are printed").sentence
    'not checkable'
    >>> value.as_printed(value.claim, 0).printed
    '55.17%'
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
    chance: float = nan

    @property
    def of_printed(self) -> list[Analysis]:
        """The analyses of the printed numbers that print as reported: no other patients counted."""
        return [one for one in self.fitting if not one.others]

    @property
    def only_others(self) -> bool:
        """Whether it is given only where other patients are counted than those printed."""
        return bool(self.fitting) and not self.of_printed

    @property
    def in_words(self) -> str:
        """The verdict in words, with how many of the usual tests agree and how often chance alone would."""
        fits = self.of_printed
        if self.chance != self.chance or self.only_others:
            return self.sentence
        usual = len({one.key for one in fits if one.key in USUAL and one.alternative == "two-sided"})
        beside = f"{usual or 'none'} of the {len(USUAL)} usual tests; " if fits else ""
        return f"{self.sentence} ({beside}{self.chance:.0%} of the prints nearby would be)"

    @property
    def fitting(self) -> list[Analysis]:
        """The analyses that print as reported."""
        return [one for one in self.analyses if one.fits]

    @property
    def is_printed_p(self) -> bool:
        """Whether it is a p-value that the paper prints."""
        return self.quantity is Quantity.P and self.printed != NOT_PRINTED

    @classmethod
    def unchecked(cls, claim: Claim, quantity: Quantity, why: str, analysis: Analysis | None = None) -> Self:
        """Say why a p-value or an effect cannot be checked."""
        printed, reason = claim.effect if quantity is Quantity.EFFECT else claim.p, (analysis or Analysis(why),)
        verdict = Verdict.NOT_CHECKABLE, "not checkable"
        return cls(claim, quantity, quantity.value, printed or NOT_PRINTED, reason, *verdict)

    @classmethod
    def as_printed(cls, claim: Claim, side: int) -> Self:
        """Return a value that stands for itself: a mean or a median."""
        printed, analyses = claim.shown(side) or NOT_PRINTED, (Analysis("as printed"),)
        return cls(claim, Quantity.VALUE, claim.sides[side], printed, analyses, Verdict.AS_PRINTED, "as printed")

    def unless_confirmed(self) -> Self:
        """Take the verdict from a value whose claim no person has confirmed, and say what it would rest on."""
        if self.claim.confirmed:
            return self
        found = "no analysis tried gives it" if self.verdict is Verdict.NOT_REPRODUCED else self.sentence
        sentence = f"if the words are tied as proposed, then: {found}"
        return replace(self, verdict=Verdict.NOT_CONFIRMED, sentence=sentence)

    @classmethod
    def of_p(
        cls, claim: Claim, analyses: Iterable[Analysis], verdict: Verdict, sentence: str, supposing: str = ""
    ) -> Self:
        """Make the checked p-value of a claim."""
        return cls(claim, Quantity.P, "p", claim.p, tuple(analyses), verdict, sentence, supposing)

    def of_model(self, computed: bool = True, crude: str = "crude analysis") -> Self:
        """Say that the paper's own analysis is another one than the crude ones, where it names one."""
        if not self.claim.beyond_counts:
            return self
        # Of a model's value a crude analysis prints the digits, it does not reproduce them.
        said = self.sentence.replace("reproduced only by", "printed so by", 1)
        why = STRATIFIED if self.claim.stratified else FROM_MODEL if self.claim.modelled else FROM_OTHER
        sentence = f"{why}; {crude}: {said}" if computed else why
        return replace(self, verdict=Verdict.MODEL, sentence=sentence, paper_analysis=self.claim.analysis)


def comparable(claim: Claim, alpha: float) -> PrintedP:
    """Return the printed p-value; "NS" is the inequality that it stands for."""
    return claim.printed_p or read_p(f">{alpha:g}")
