"""The checked values of a report in the order and the words in which they are read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from lupus_kit.audit.report.checked_values import CLAIMS, NOT_PRINTED, Analysis, CheckedValue, Quantity, Verdict
from lupus_kit.audit.report.statements import Statement
from lupus_kit.core.text import p_value_text

#: More analyses than this are counted, not listed; the csv and json forms hold them all.
MOST_LISTED = 8
Line = tuple[str, str]


def value_text(value: CheckedValue, one: Analysis) -> str:
    """Write what an analysis gives, with as many decimals as are of use."""
    if not one.key:
        return ""
    if value.quantity is Quantity.VALUE:
        return f"{one.counts[0]}/{one.counts[1]} = {one.value:.2f}%"
    if value.quantity is Quantity.EFFECT:
        numbers = [
            f"{number:.{digits}f}" if abs(number) < float("inf") else "no limit"
            for number, digits in zip((one.value, one.low, one.high), value.decimals, strict=False)
        ]
        return numbers[0] if len(numbers) == 1 else f"{numbers[0]} ({numbers[1]} to {numbers[2]})"
    if one.low != one.low:
        return p_value_text(one.value)
    low, high = p_value_text(one.low), p_value_text(one.high)
    return low if low == high else f"{low} to {high}"


def _is_misfit(one: Analysis) -> bool:
    return one.fits is False and not one.nearest


def _name_text(one: Analysis, programs: bool) -> str:
    ways = f", for {one.n_fit} of {one.n_ways} joint tables" if one.n_ways != 1 else ""
    program = f" [{one.software[0]}]" if programs and one.fits and one.software else ""
    return " ".join(f"{'does not fit: ' if _is_misfit(one) else ''}{one.name}{ways}{program}".split())


def shown_lines(value: CheckedValue, programs: bool = True) -> list[tuple[str, str, bool]]:
    """Return what each analysis gives, its name, and whether it does not fit, for those that a report names.

    Before them stand the analysis that the paper names, and what is supposed. With ``programs`` what fits is followed
    by the name that a program prints it under.
    """
    first = [f"the paper: {value.paper_analysis}" if value.paper_analysis else "", value.supposing]
    words = [("", " ".join(text.split()), False) for text in first if text]
    shown = [one for one in value.analyses if one.shown]
    return [*words, *((value_text(value, one), _name_text(one, programs), _is_misfit(one)) for one in shown)]


def lines(value: CheckedValue, programs: bool = True) -> list[Line]:
    """Return pairs of what was recomputed and the analysis; those that fit up to :data:`MOST_LISTED`, then the others.

    Parameters
    ----------
    value : CheckedValue
        A checked value.
    programs : bool, optional
        Whether the names stand behind that programs print.

    Returns
    -------
    list of (str, str)
    """
    shown = shown_lines(value, programs)
    fits = [(number, name) for number, name, misfit in shown if not misfit]
    if len(fits) > MOST_LISTED:
        fits = [*fits[: MOST_LISTED - 1], ("", f"and {len(fits) - MOST_LISTED + 1} more")]
    return [*fits, *((number, name) for number, name, misfit in shown if misfit)]


@dataclass(frozen=True)
class Group:
    """The checked values of one claim."""

    values: tuple[CheckedValue, ...]

    @property
    def heading(self) -> str:
        """What is compared, with its role."""
        claim = self.values[0].claim
        return f"{claim.title} ({claim.role})" if claim.role else claim.title

    @property
    def quoted(self) -> list[str]:
        """The words that a claim was read from, and what was assumed in reading it."""
        claim = self.values[0].claim
        return [f"“{claim.words}”"] * bool(claim.words) + [f"assumed: {claim.assumed}"] * bool(claim.assumed)

    @property
    def cells(self) -> list[str]:
        """The printed values of all arms or visits."""
        return [value.printed for value in self.values if value.quantity is Quantity.VALUE]

    @property
    def p(self) -> CheckedValue:
        """The p-value, or the last value where there is none."""
        return next((value for value in self.values if value.quantity is Quantity.P), self.values[-1])

    @property
    def verdict(self) -> str:
        """The verdict on the p-value, after any value that its own record does not give."""
        others = [
            f"{value.what}: {value.sentence}"
            for value in self.values
            if value is not self.p and value.verdict in (Verdict.NOT_REPRODUCED, Verdict.MODEL)
        ]
        return "; ".join([*others, self.p.in_words])

    @property
    def phrase(self) -> str:
        """The analyses of the p-value that fit, two by name; what does not fit where none does."""
        shown = [(f"{number} {name}".strip(), misfit) for number, name, misfit in shown_lines(self.p, programs=False)]
        fits = [text for text, misfit in shown if not misfit]
        if not fits:
            return "; ".join(text for text, _ in shown)
        return "; ".join(fits[:2]) + (f"; and {len(fits) - 2} more" if len(fits) > 2 else "")

    @property
    def compact(self) -> tuple[str, ...]:
        """The whole group in one line: row, printed values, p, analyses that fit, verdict."""
        claim = self.values[0].claim
        arm = f" ({claim.arms[0]})" if claim.visits else ""
        return (claim.title + arm, " v ".join(self.cells), self.p.printed, self.phrase, self.verdict)


def groups(values: Iterable[CheckedValue]) -> list[Group]:
    """Return values claim by claim, in order."""
    return [Group(tuple(of_claim)) for _, of_claim in groupby(values, key=lambda value: value.claim.id)]


@dataclass(frozen=True)
class Contents:
    """What a report holds, and its parts in the order in which they are read.

    Attributes
    ----------
    study : str
        Key of the study.
    citation : str
        The paper.
    values : tuple of CheckedValue
        Every printed value with the analyses tried on it, in printed order.
    reading_statements : tuple of Statement
        What the numbers do and do not say, each with its topic, in reading order.
    n_analyses : int
        Analyses tried on each p-value of two proportions.
    findings : tuple of str
        Printed values that do not go together, each with its place.
    remarks : tuple of str
        What was read with a word of explanation.
    tables : mapping of str to str
        Titles of the tables.
    programs : bool
        Whether the table of a terminal names what programs print an analysis under.
    """

    study: str
    citation: str
    values: tuple[CheckedValue, ...]
    reading_statements: tuple[Statement, ...]
    n_analyses: int
    findings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    programs: bool = True

    @property
    def statements(self) -> tuple[str, ...]:
        """What the numbers do and do not say, in reading order."""
        return tuple(one.text for one in self.reading_statements)

    @property
    def reading(self) -> str:
        """The statements as one paragraph."""
        return " ".join(self.statements)

    def groups(self, part: str = CLAIMS) -> list[Group]:
        """Return the claims, or the rows of a table, in order."""
        return groups(value for value in self.values if value.part == part)

    @property
    def notes(self) -> list[str]:
        """Findings between cells, and how the file was read, one line each."""
        return [*(f"Between cells: {one}" for one in self.findings), *(f"Read: {one}" for one in self.remarks)]

    @property
    def tally(self) -> list[tuple[Verdict, int]]:
        """How many printed p-values have each verdict."""
        found = [group.p.verdict for group in groups(self.values) if group.p.printed not in ("", NOT_PRINTED)]
        return [(verdict, found.count(verdict)) for verdict in Verdict if verdict in found]
