"""A study proposed from a text: its claims with the words they came from, what is to be asked, what was left out."""

import html
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources

import pandas as pd

from lupus_kit.published import Claim, Study, claims_toml

_HEAD = """\
# Claims proposed from a text by lupus-kit audit --text. Correct them by hand, then run: lupus-kit audit THIS_FILE
# Each claim shows the words it was read from, and what was assumed in reading them.
"""
NUMBER_COLUMNS = ["start", "end", "words", "status", "what", "claim"]
QUESTION_COLUMNS = ["start", "end", "words", "unclear", "candidates"]


@dataclass(frozen=True, eq=False)
class ProposedStudy(Study):
    """A study read from a text, to be corrected by hand: everything a :class:`~lupus_kit.published.Study` has, and more.

    Attributes
    ----------
    text : str
        The text as given.
    spans : tuple of (int, int)
        For each claim the slice of ``text`` it was read from.
    marks : tuple of (int, int, str)
        The numbers of each claim: slice of ``text``, and the id of the claim.
    questions : pandas.DataFrame
        What is unclear: ``start end words unclear candidates``. Nothing of it is in the claims.
    numbers : pandas.DataFrame
        Every number written in digits: ``start end words status what claim``. The status is ``used``, ``recognised``
        (as no result: an age, a dose, a visit), ``asked`` or ``unread``.
    """

    text: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    marks: tuple[tuple[int, int, str], ...] = ()
    questions: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=QUESTION_COLUMNS))
    numbers: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=NUMBER_COLUMNS))

    @cached_property
    def claims(self) -> pd.DataFrame:
        """The claims as a frame, with ``start`` and ``end`` of the words each came from."""
        rows = self.records or (Claim("", "", ("", ""), ("1%", "2%")),)  # without claims, the columns only
        frame = Study(self.trial, rows).claims.iloc[: len(self.records)]
        return frame.assign(start=[a for a, _ in self.spans], end=[b for _, b in self.spans])

    @property
    def left_out(self) -> pd.DataFrame:
        """The numbers that are in no claim, each with what it was taken for."""
        return self.numbers[self.numbers["status"] != "used"].reset_index(drop=True)

    def __str__(self) -> str:
        arms = ", ".join(f"{name} ({n or 'size not said'})" for name, n in self.trial.n_randomised.items())
        lines = [f"Arms: {arms or 'none found'}", ""]
        for claim in self.records:
            sides = [f"{arm}: {claim.shown(i)}" for i, arm in enumerate(claim.arms) if claim.reported]
            sides += [f"p: {claim.p}" if claim.p else "", claim.effect]
            lines += [
                f"[{claim.id}] {claim.title}" + (f" ({claim.role})" if claim.role else ""),
                "    " + "; ".join(filter(None, sides)),
                f"    from: {' '.join(claim.words.split())}",
            ]
            lines += [
                f"    {name}: {said}" for name, said in (("assumed", claim.assumed), ("note", claim.note)) if said
            ]
        lines += [f"? {question}" for question in self.asked()]
        counts = self.numbers["status"].value_counts()
        numbers = ", ".join(f"{counts.get(s, 0)} {s}" for s in ("used", "recognised", "asked", "unread"))
        return "\n".join([*lines, *self.remarks, f"Numbers: {numbers}."])

    def asked(self) -> list[str]:
        """Return the questions, one line each."""
        return [
            f"{' '.join(q.words.split())}: {q.unclear}" + (f" ({q.candidates})" if q.candidates else "")
            for q in self.questions.itertuples()
        ]

    def _pieces(self) -> list[tuple[str, str]]:
        """Cut the text at the marks: (words, id of the claim or empty)."""
        pieces, at = [], 0
        for start, end, claim in self.marks:
            if start >= at:
                pieces += [(self.text[at:start], ""), (self.text[start:end], claim)]
                at = end
        return [*pieces, (self.text[at:], "")]

    def marked(self) -> str:
        """Return the text with the numbers of each claim in double square brackets and the claim's number behind."""
        number = {claim.id: i for i, claim in enumerate(self.records, 1)}
        return "".join(f"[[{words}]]{number[claim]}" if claim else words for words, claim in self._pieces())

    def _repr_html_(self) -> str:
        from jinja2 import Environment

        source = resources.files("lupus_kit.audit.reading").joinpath("proposal.html.j2").read_text(encoding="utf-8")
        environment = Environment(finalize=lambda value: html.escape(str(value)), trim_blocks=True)
        number = {claim.id: i for i, claim in enumerate(self.records, 1)}
        return environment.from_string(source).render(study=self, pieces=self._pieces(), number=number)


def _comment(words: str) -> str:
    """Return words on one line that no control sign can end."""
    return "".join(sign if sign.isprintable() else " " for sign in " ".join(words.split()))


def proposed_claims_file(study: ProposedStudy) -> str:
    """Write a proposed study as a claims file to be corrected by hand.

    Parameters
    ----------
    study : ProposedStudy
        From :func:`~lupus_kit.audit.read_text`.

    Returns
    -------
    str
        TOML. The questions and the numbers that were not read stand as comments at its head.

    Examples
    --------
    >>> from lupus_kit.audit import read_text
    >>> study = read_text("Randomised to iron (n=20) or placebo (n=20): 50% with iron and 20% with placebo recovered.")
    >>> [line for line in proposed_claims_file(study).splitlines() if line.startswith("reported")]
    ['reported = ["50%", "20%"]']
    """
    asked = [f"  {question}" for question in study.asked()]
    unread = study.numbers[study.numbers["status"] == "unread"]["words"]
    comments = ["To be decided by you:", *asked] if asked else []
    comments += [f"Numbers that were not read: {', '.join(map(_comment, unread))}"] if len(unread) else []
    lines = [f"# {'  ' if one.startswith('  ') else ''}{_comment(one)}" for one in (*comments, *study.remarks)]
    return _HEAD + "".join(f"{line}\n" for line in lines) + "\n" + claims_toml(study)
