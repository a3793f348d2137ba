"""The multiverse of one endpoint: every analysis that can be defended, and how much the conclusion hangs on the choice."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import nan
from types import MappingProxyType

import pandas as pd

from lupus_kit.audit.values.counts import ANALYSED, Table, populations
from lupus_kit.audit.values.provenance import distinct_tests
from lupus_kit.core.errors import InputError, is_number, unknown_name
from lupus_kit.core.templates import toml_beside
from lupus_kit.core.text import p_value_text
from lupus_kit.inference import compare, intervals, pvalue, size

TWO_SIDED, HALVED, FULL = "two-sided", "one-sided at half the level", "one-sided at the full level"
SIDES = (TWO_SIDED, HALVED, FULL)
CHOICES = ("test", "population", "side")
COLUMNS = (
    *("test", "label", "population", "side", "x1", "n1", "x2", "n2", "p", "level", "p_equivalent", "significant"),
    *("measure", "estimate", "low", "high", "size", "defensible", "why_not"),
)

#: Choices that are computed and shown but not counted as defensible, with the reason; everything else is counted. The
#: rule for tests is one that does not look at results: the registry itself advises against them as a main analysis.
EXCLUDED: Mapping[str, str] = MappingProxyType(toml_beside(__file__, "excluded.toml"))
#: Intervals that agree with a test of the registry, the first where two do.
_INVERTING = (
    *("wald", "miettinen_nurminen", "mee", "katz", "woolf"),
    *("conditional_exact", "conditional_midp", "blaker", "agresti_caffo"),
)


@dataclass(frozen=True)
class Multiverse:
    """Every analysis of one endpoint.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per analysis: ``test label population side x1 n1 x2 n2 p level p_equivalent significant measure estimate
        low high size defensible why_not``. ``p_equivalent`` is p on the scale of the two-sided level, so that one line
        at ``alpha`` serves all; ``measure`` to ``high`` are the interval that inverts the test, where it has one;
        ``size`` is the exact size of the test at its level with these arms.
    flips : pandas.DataFrame
        Analyses that differ from the reference in one choice and fall on the other side of the level:
        ``choice chosen label p level defensible``.
    reference : tuple of str
        Test, population and side of the reference analysis.
    alpha : float
        Two-sided level.

    Examples
    --------
    >>> from lupus_kit import audit
    >>> found = audit.multiverse(16, 29, 9, 30, randomised=(30, 30))
    >>> found.reference
    ('pearson', 'analysed only', 'two-sided')
    >>> len(found.defensible)
    68
    >>> found.share_sentence
    'Of 68 defensible analyses 4 reach the level of 0.05 and 64 do not; their p-values run from 0.043 to 0.116 on the two-sided scale.'
    >>> found.flip_sentence[:30]
    'One choice alone takes it to t'
    >>> len(found.sentences)
    5
    >>> len(found.to_frame()) == len(found.table)
    True
    """

    table: pd.DataFrame
    flips: pd.DataFrame
    reference: tuple[str, str, str]
    alpha: float

    @property
    def defensible(self) -> pd.DataFrame:
        """The analyses that are counted: defensible, and with a p-value."""
        return self.table[self.table["defensible"] & self.table["p"].notna()]

    @property
    def share_sentence(self) -> str:
        """How many defensible analyses reach the level, in words."""
        counted = self.defensible
        reach, n = int(counted["significant"].sum()), len(counted)
        return (
            f"Of {n} defensible analyses {reach} reach the level of {self.alpha:g} and {n - reach} do not; their p-values "
            f"run from {counted['p_equivalent'].min():.3f} to {counted['p_equivalent'].max():.3f} on the two-sided scale."
        )

    @property
    def flip_sentence(self) -> str:
        """Which single defensible choices take the reference to the other side, in words."""
        flips = self.flips[self.flips["defensible"]]
        if flips.empty:
            return "No other single defensible choice takes it to the other side."
        parts = [f"{choice} ({'; '.join(group['label'])})" for choice, group in flips.groupby("choice", sort=False)]
        return f"One choice alone takes it to the other side: {', or '.join(parts)}."

    @property
    def sentences(self) -> tuple[str, ...]:
        """The result in words."""
        own = self.table[_is(self.table, self.reference)].iloc[0]
        side = "reaches" if own["significant"] else "does not reach"
        texts = [
            self.share_sentence,
            f"The reference ({own['label']}, {own['population']}, {own['side']}) has p={p_value_text(own['p'])} and {side} it.",
            self.flip_sentence,
        ]
        if not self.flips[~self.flips["defensible"]].empty:
            names = "; ".join(self.flips.loc[~self.flips["defensible"], "label"])
            texts.append(f"So would these, which are shown but not counted: {names}.")
        return (*texts, "The list of analyses is a judgement too: the table gives the reason for each one left out.")

    def to_frame(self) -> pd.DataFrame:
        """Return every analysis, one row each."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in self.sentences)
        shown = self.defensible.sort_values("p_equivalent", kind="stable")
        columns = ["label", "population", "side", "p", "level", "size"]
        forms = {"p": p_value_text, "size": "{:.4f}".format, "level": "{:g}".format}
        return f"<ul>{items}</ul>{shown[columns].to_html(index=False, border=0, formatters=forms)}"


def _is(table: pd.DataFrame, analysis: tuple[str, str, str]) -> pd.Series:
    return (table["test"] == analysis[0]) & (table["population"] == analysis[1]) & (table["side"] == analysis[2])


@lru_cache(maxsize=4096)
def _size(test: str, n1: int, n2: int, level: float, alternative: str) -> float:
    return size(test, n1, n2, level, alternative).size


def _intervals(table: Table, alpha: float) -> dict[str, tuple[str, float, float, float]]:
    """Return the interval that inverts each test, the first where there are two."""
    found: dict[str, tuple[str, float, float, float]] = {}
    for one in intervals(*table, level=1 - alpha, methods=_INVERTING):
        key = "n_minus_1" if one.inverts == "miettinen_nurminen" else one.inverts
        if key:
            found.setdefault(key, (one.measure, one.estimate, one.low, one.high))
    return found


def _rows(name: str, table: Table, alpha: float, planned: str) -> list[tuple[object, ...]]:
    known = _intervals(table, alpha)
    rows: list[tuple[object, ...]] = []
    for test, side in product(distinct_tests(), SIDES):
        # One-sided, some tests come down to another one.
        if side != TWO_SIDED and test.one_sided_as:
            continue
        alternative = "two-sided" if side == TWO_SIDED else planned
        level = alpha / 2 if side == HALVED else alpha
        p = float(pvalue(test, *table, alternative))
        why = "; ".join(EXCLUDED[choice] for choice in (test.key, name, side) if choice in EXCLUDED)
        interval = known.get(test.key if side == TWO_SIDED else "", ("", nan, nan, nan))
        equivalent = min(p * alpha / level, 1.0) if p == p else p
        of_p = (p, level, equivalent, p <= level * (1 + 1e-12))
        exact_size = _size(test.key, table[1], table[3], level, alternative)
        rows.append((test.key, test.label, name, side, *table, *of_p, *interval, exact_size, not why, why))
    return rows


def _flips(table: pd.DataFrame, reference: tuple[str, str, str]) -> pd.DataFrame:
    own, rows = table[_is(table, reference)].iloc[0], []
    across = table["p"].notna() & (table["significant"] != own["significant"])
    for choice in CHOICES:
        others = [other for other in CHOICES if other != choice]
        same = (table[others] == own[others]).all(axis=1) & (table[choice] != own[choice])
        for _, row in table[same & across].iterrows():
            label = row["label"] if choice == "test" else row[choice]
            # Only the choice that is changed is judged: what speaks against the reference speaks against all its rows.
            rows.append((choice, row[choice], label, row["p"], row["level"], row[choice] not in EXCLUDED))
    return pd.DataFrame(rows, columns=["choice", "chosen", "label", "p", "level", "defensible"])


def multiverse(
    x1: int,
    n1: int,
    x2: int,
    n2: int,
    randomised: tuple[int, int] | None = None,
    alpha: float = 0.05,
    reference: tuple[str, str, str] = ("pearson", ANALYSED, TWO_SIDED),
    planned: str = "greater",
) -> Multiverse:
    """Run every analysis of an endpoint: test, population with its missing rule, and side.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Responders and patients analysed of the first and second arm.
    randomised : tuple of int, optional
        Patients randomised to each arm; with it, the missing also count as non-responders and as responders.
    alpha : float
        Two-sided level.
    reference : tuple of str
        Test, population and side that single choices are changed from.
    planned : {"greater", "less"}
        Direction of the one-sided analyses: ``"greater"`` if the first arm was hoped to respond more.

    Returns
    -------
    Multiverse

    Raises
    ------
    InputError
        Counts that do not fit together, an unknown direction, or a reference that is not among the analyses.

    See Also
    --------
    populations, explain

    Notes
    -----
    What counts as defensible, and why the rest does not, stands in one place, :data:`EXCLUDED`; the analyses left out
    are computed and shown all the same.

    References
    ----------
    Steegen S, Tuerlinckx F, Gelman A, Vanpaemel W. Perspect Psychol Sci 2016;11:702-712.
    Simonsohn U, Simmons JP, Nelson LD. Nat Hum Behav 2020;4:1208-1214.

    Examples
    --------
    >>> found = multiverse(16, 29, 9, 30, randomised=(30, 30))
    >>> found.flips["chosen"].head(3).tolist()
    ['likelihood_ratio', 'wald_unpooled', 'arcsine']
    """
    if planned not in ("greater", "less"):
        raise unknown_name("planned direction", planned, ("greater", "less"))
    if not is_number(alpha) or not 0 < alpha < 1:
        raise InputError(f"alpha == {alpha!r}: must be a number strictly between 0 and 1.")
    checked = compare(x1, n1, x2, n2)
    counted = populations(checked.x1, checked.n1, checked.x2, checked.n2, randomised)
    rows = [row for name, one in counted.items() for row in _rows(name, one, float(alpha), planned)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    if isinstance(reference, str) or len(reference) != len(CHOICES):
        raise InputError(f"reference == {reference!r}: give a test, a population and a side.")
    chosen = (reference[0], reference[1], reference[2])
    for choice, value in zip(CHOICES, chosen, strict=True):
        if value not in set(table[choice]):
            raise unknown_name(f"reference {choice}", value, dict.fromkeys(table[choice]))
    if not _is(table, chosen).any() or table.loc[_is(table, chosen), "p"].isna().all():
        raise InputError(f"reference == {chosen!r}: this analysis is undefined here; take another test.")
    return Multiverse(table, _flips(table, chosen), chosen, float(alpha))
