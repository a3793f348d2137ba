"""A study proposed from a text: its claims with the words they came from, what is to be asked, what was left out."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from lupus_kit.published import Claim, Study
from lupus_kit.published.claims.files import study_from_claims

#: Colours of the claims in turn: pale, distinguishable for colour-blind readers; the number says which claim.
_COLOURS = ("#cfe8f7", "#fde5b8", "#d5ecd0", "#f3d6e4", "#fff3a8", "#dcdcf5")
NUMBER_COLUMNS = ["start", "end", "words", "status", "what", "claim"]
QUESTION_COLUMNS = ["start", "end", "words", "unclear", "candidates"]


def _no_claims() -> pd.DataFrame:
    example = study_from_claims(
        {
            "study": {"key": "none", "title": "none", "alpha": 0.05},
            "arm": [{"name": "a"}, {"name": "b"}],
            "claim": [{"id": "none", "endpoint": "none", "arms": ["a", "b"], "reported": ["1%", "2%"]}],
        }
    )
    return example.claims.iloc[:0]


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
        frame = Study(self.trial, self.records).claims if self.records else _no_claims()
        return frame.assign(start=[a for a, _ in self.spans], end=[b for _, b in self.spans])

    @property
    def left_out(self) -> pd.DataFrame:
        """The numbers that are in no claim, each with what it was taken for."""
        return self.numbers[self.numbers["status"] != "used"].reset_index(drop=True)

    def __str__(self) -> str:
        arms = ", ".join(f"{name} ({n or 'size not said'})" for name, n in self.trial.n_randomised.items())
        lines = [f"Arms: {arms or 'none found'}", ""]
        for claim in self.records:
            lines.append(f"[{claim.id}] {claim.title}" + (f" ({claim.role})" if claim.role else ""))
            sides = [f"{arm}: {claim.shown(i)}" for i, arm in enumerate(claim.arms) if claim.reported]
            sides += [f"p: {claim.p}"] if claim.p else []
            sides += [claim.effect] if claim.effect else []
            lines.append("    " + "; ".join(sides))
            lines.append(f"    from: {' '.join(claim.words.split())}")
            lines += [f"    assumed: {claim.assumed}"] if claim.assumed else []
            lines += [f"    note: {claim.note}"] if claim.note else []
        for question in self.questions.itertuples():
            candidates = f" ({question.candidates})" if question.candidates else ""
            lines.append(f"? {' '.join(question.words.split())}: {question.unclear}{candidates}")
        lines += list(self.remarks)
        counts = self.numbers["status"].value_counts()
        lines.append(
            "Numbers: " + ", ".join(f"{counts.get(s, 0)} {s}" for s in ("used", "recognised", "asked", "unread")) + "."
        )
        return "\n".join(lines)

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
        number = {claim.id: i for i, claim in enumerate(self.records, 1)}
        body = "".join(
            f"<mark title='{html.escape(claim, quote=True)}' style='background:{_COLOURS[number[claim] % len(_COLOURS)]};color:#111'>"
            f"{html.escape(words)}<sup>{number[claim]}</sup></mark>"
            if claim
            else html.escape(words).replace("\n", "<br>")
            for words, claim in self._pieces()
        )
        rows = "".join(_claim_row(i, claim) for i, claim in enumerate(self.records, 1))
        asked = "".join(
            f"<li><q>{html.escape(q.words)}</q>: {html.escape(q.unclear)} {html.escape(q.candidates)}</li>"
            for q in self.questions.itertuples()
        )
        left = "".join(f"<li>{html.escape(n.words)}: {html.escape(n.what)}</li>" for n in self.left_out.itertuples())
        remarks = "".join(f"<p>{html.escape(remark)}</p>" for remark in self.remarks)
        table = (
            "<table><caption style='text-align:left'>Proposed claims, to be corrected by hand</caption><tr><th>#</th>"
            f"<th>endpoint</th><th>role</th><th>printed</th><th>p</th><th>assumed</th></tr>{rows}</table>"
            if rows
            else ""
        )
        return (
            f"<div style='line-height:1.7'>{body}</div>{remarks}{table}"
            + (f"<p><b>To be decided by you</b></p><ul>{asked}</ul>" if asked else "")
            + (f"<details><summary>Numbers in no claim</summary><ul>{left}</ul></details>" if left else "")
        )


def _claim_row(number: int, claim: Claim) -> str:
    sides = "; ".join(f"{arm} {claim.shown(i)}" for i, arm in enumerate(claim.arms))
    cells = [
        str(number),
        claim.title,
        claim.role,
        sides,
        " ".join(filter(None, (claim.p, claim.effect))),
        " ".join(filter(None, (claim.assumed, claim.note))),
    ]
    return "<tr>" + "".join(f"<td style='text-align:left'>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
