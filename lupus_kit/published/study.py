"""A study as it was printed: the citation, its claims, its tables. One type, wherever the study comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from lupus_kit.core.templates import fill
from lupus_kit.published.claim import Claim
from lupus_kit.published.printed import PrintedValue
from lupus_kit.published.tables import Layout, table_claims

_INTEGERS = ("count_a", "n_a", "count_b", "n_b", "p_decimals")
_NUMBERS = ("percent_a", "percent_b", "p_value")
_EXTRA = ("order", "kind", "effect", "analysis", "met", "source", "confidence", "words", "assumed")


@dataclass(frozen=True)
class Trial:
    """Where the numbers come from.

    Attributes
    ----------
    key : str
        Short name of the study.
    title, authors, journal, volume, pages, published_online, doi, source, notice, note : str
        The citation, where the numbers were read, the licence notice, and anything else; empty where not given.
    design, population, intervention, comparator : str
        How patients came to their arms and who knew; whom the trial is about; what the first arm is given; and what the
        others are; empty where not given.
    year : int or None
        Year of the printed issue.
    registry : tuple of str
        Trial registration numbers.
    n_randomised : mapping of str to (int or None)
        Patients randomised, by arm; None where not given. The first arm is ``arm_a`` of the claims.
    alpha : float
        Two-sided significance level of the paper.

    Examples
    --------
    >>> from lupus_kit import published
    >>> trial = published.load("he2020").trial
    >>> trial.year, trial.n_randomised
    (2020, mappingproxy({'IL-2': 30, 'placebo': 30}))
    >>> trial.citation[:20]
    'He J, Zhang R, Shao '
    """

    key: str
    title: str
    authors: str = ""
    journal: str = ""
    year: int | None = None
    volume: str = ""
    pages: str = ""
    published_online: str = ""
    doi: str = ""
    registry: tuple[str, ...] = ()
    source: str = ""
    notice: str = ""
    note: str = ""
    design: str = ""
    population: str = ""
    intervention: str = ""
    comparator: str = ""
    alpha: float = 0.05
    n_randomised: Mapping[str, int | None] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @property
    def _issue(self) -> str:
        """Year, volume and pages, as far as they are given."""
        year = "" if self.year is None else str(self.year)
        volume = f";{self.volume}" if self.volume else ""
        return f"{year}{volume}{':' + self.pages if self.pages else ''}".lstrip(";:")

    @property
    def citation(self) -> str:
        """The reference in one line."""
        where = " ".join(part for part in (self.journal, self._issue) if part)
        parts = [
            " ".join(part for part in (self.authors, self.title) if part),
            where,
            f"doi:{self.doi}" if self.doi else "",
            f"Registered as {' and '.join(self.registry)}" if self.registry else "",
        ]
        return " ".join(part if part.endswith((".", "?", "!")) else f"{part}." for part in parts if part)


@dataclass(frozen=True)
class Study:
    """The printed numbers of one study, whether it ships with the kit, stands in a claims file or was read from a text.

    Two studies are equal when they print the same.

    Attributes
    ----------
    trial : Trial
        Citation, registration, arms, significance level.
    records : tuple of Claim
        The comparisons claimed, as printed.
    claims : pandas.DataFrame
        The same, one row each: the printed strings (``reported_a``, ``reported_b``, ``reported_p``) and beside them
        the typed ``count_a``, ``n_a``, ``percent_a`` (likewise ``_b``), ``p_relation``, ``p_value`` and
        ``p_decimals``. ``table_row`` (``"table3/Severe infection"``) is the kit's own pointer to the table row that
        prints the same comparison.
    tables : mapping of str to pandas.DataFrame
        The tables by name, long: one row per printed cell, with the string in ``printed`` and the
        typed ``count n n_source percent median low high mean sd`` beside it. ``line`` is the line in the data file.
    layouts : mapping of str to Layout
        How each table is read, and its text.
    remarks : tuple of str
        What was understood with a word of explanation, such as a decimal comma.

    Examples
    --------
    >>> from lupus_kit import published
    >>> study = published.load("he2020")
    >>> study.trial.key
    'he2020'
    >>> len(study.table_claims()) > 0
    True
    >>> study.to_frame()["id"].tolist()[:2]
    ['sri4_week12', 'sri4_week24']
    """

    trial: Trial
    records: tuple[Claim, ...]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=lambda: MappingProxyType({}), compare=False)
    layouts: Mapping[str, Layout] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    remarks: tuple[str, ...] = field(default=(), compare=False)

    @cached_property
    def claims(self) -> pd.DataFrame:
        """The claims as a frame, one row each."""
        rows = self.records or (Claim("", "", ("", ""), ("1%", "2%")),)  # without claims, the columns only
        frame = pd.DataFrame([_row(claim) for claim in rows]).iloc[: len(self.records)]
        types = dict.fromkeys((*_INTEGERS, "order"), "Int64") | dict.fromkeys(_NUMBERS, "Float64")
        return frame.astype(types)

    def table_claims(self) -> tuple[Claim, ...]:
        """Return the comparisons that the tables hold, in printed order."""
        return self._table_claims

    @cached_property
    def _table_claims(self) -> tuple[Claim, ...]:
        return tuple(claim for key, layout in self.layouts.items() for claim in table_claims(layout, self.tables[key]))

    def to_frame(self) -> pd.DataFrame:
        """Return the claims as a tidy frame."""
        return self.claims.copy()

    def _repr_html_(self) -> str:
        tables = [(repr(key), self.layouts[key].title, frame["line"].nunique()) for key, frame in self.tables.items()]
        page = Path(__file__).with_name("study.html.j2")
        return fill(page, trial=self.trial, issue=self.trial._issue, claims=map(_shown, self.records), tables=tables)


def _shown(claim: Claim) -> tuple[str, ...]:
    sides = [f"{side} {claim.shown(number)}" for number, side in enumerate(claim.sides)]
    return (claim.title, claim.role, sides[0], "; ".join(sides[1:]), claim.p or "not printed")


def _row(claim: Claim) -> dict[str, object]:
    sides = (*claim.sides, "", "")
    row: dict[str, object] = {"id": claim.id, "endpoint": claim.endpoint, "visit": claim.visit, "role": claim.role}
    for number, side in enumerate("ab"):
        row |= {f"arm_{side}": sides[number], f"reported_{side}": claim.shown(number)}
    row |= {"reported_p": claim.p, "note": claim.note, "table_row": claim.table_row}
    for number, side in enumerate("ab"):
        value = claim.values[number] if number < len(claim.values) else PrintedValue()
        row |= {f"count_{side}": value.count, f"n_{side}": value.n, f"percent_{side}": value.percent}
    p = claim.printed_p
    row |= {"p_relation": p and p.relation, "p_value": p and p.value, "p_decimals": p and p.n_decimals}
    return row | {name: getattr(claim, name) for name in _EXTRA}
