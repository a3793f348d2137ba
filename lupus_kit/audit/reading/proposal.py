"""A study proposed from a text: its claims, none of them confirmed, with the words they came from."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path

import pandas as pd

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.core.templates import fill
from lupus_kit.published import Claim, Study, claims_toml

_HEAD = """\
# Claims proposed from a text. None of them is confirmed: they get no verdict.
# Compare each with its words, correct it, and delete the line confirmed = false. Then run: lupus-kit audit THIS_FILE
"""


@dataclass(frozen=True, eq=False)
class Proposal(Study):
    """A study read from a text: nothing in it is judged before a person has confirmed it (``confirmed`` is False).

    Attributes
    ----------
    text : str
        The text as given.
    marks : tuple of (int, int, str)
        The numbers of each claim: slice of ``text``, and the id of the claim.
    pairs : pandas.DataFrame
        The two numbers of each claim, best first: ``claim start_a end_a words_a start_b end_b words_b arm_a arm_b
        choice``; ``choice`` is 2 where another claim before it uses one of the numbers.
    questions : pandas.DataFrame
        What is to be asked: ``start end words unclear``. Nothing of it is in the claims.
    numbers : pandas.DataFrame
        Every number: ``start end words status what claim``. The status is ``used``, ``asked`` or ``recognised`` (as no
        result: an age, a dose, a visit).

    Examples
    --------
    >>> from lupus_kit import audit
    >>> found = audit.read_text("Response in 16 of 29 patients with drug and 9 of 30 with placebo (p=0.052).")
    >>> len(found.records)
    1
    >>> found.pieces()[1]
    ('16', 'claim1')
    >>> found.marked()
    'Response in [[16]]1 of [[29]]1 patients with drug and [[9]]1 of [[30]]1 with placebo ([[p=0.052]]1).'
    >>> found.described(found.records[0]).splitlines()[0]
    '[claim1] Response'
    >>> len(found.asked())
    0
    """

    text: str = ""
    marks: tuple[tuple[int, int, str], ...] = ()
    pairs: pd.DataFrame = field(default_factory=pd.DataFrame)
    questions: pd.DataFrame = field(default_factory=pd.DataFrame)
    numbers: pd.DataFrame = field(default_factory=pd.DataFrame)

    def confirm(self, ids: Iterable[str] | None = None) -> Study:
        """Return the study with the claims of these names, or all, confirmed: say so only of what you compared with the text.

        Raises
        ------
        InputError
            There is no claim of that name.

        Examples
        --------
        >>> from lupus_kit.audit import read_text
        >>> study = read_text("Randomised to iron (n=20) or placebo (n=20): 50% with iron and 20% with placebo recovered.")
        >>> study.confirm().records[0].confirmed
        True
        """
        known = [claim.id for claim in self.records]
        chosen = known if ids is None else [ids] if isinstance(ids, str) else list(ids)
        for name in chosen:
            if name not in known:
                raise InputError(unknown_name("claim", name, known))
        said = (replace(claim, assumed="", confirmed=True) if claim.id in chosen else claim for claim in self.records)
        return Study(self.trial, tuple(said), remarks=self.remarks)

    def pieces(self) -> list[tuple[str, str]]:
        """Cut the text at the marks: (words, id of the first claim that has them, or empty); a claim left out has none."""
        pieces, at, known = [], 0, {claim.id for claim in self.records}
        for start, end, claim in self.marks:
            if start >= at and claim in known:
                pieces += [(self.text[at:start], ""), (self.text[start:end], claim)]
                at = end
        return [*pieces, (self.text[at:], "")]

    def marked(self) -> str:
        """Return the text with the numbers of each claim in double square brackets and the claim's number behind."""
        number = {claim.id: i for i, claim in enumerate(self.records, 1)}
        return "".join(f"[[{words}]]{number[claim]}" if claim else words for words, claim in self.pieces())

    def described(self, claim: Claim) -> str:
        """Return one claim for reading: its values and arms, what was assumed, and its words."""
        sides = [f"{arm}: {claim.shown(i)}" for i, arm in enumerate(claim.arms)]
        sides += [f"p: {claim.p}" if claim.p else "", claim.effect]
        head = f"[{claim.id}] {claim.title}" + (f" ({claim.role}?)" if claim.role else "")
        assumed = f"assumed: {claim.assumed}" if claim.assumed else ""
        lines = (head, "; ".join(filter(None, sides)), f"from: {' '.join(claim.words.split())}", assumed)
        return "\n    ".join(filter(None, lines))

    def asked(self) -> list[str]:
        """Return the questions, one line each."""
        return [f"{' '.join(q.words.split())}: {q.unclear}" for q in self.questions.itertuples()]

    def __str__(self) -> str:
        arms = ", ".join(f"{name} ({n or 'size not said'})" for name, n in self.trial.n_randomised.items())
        lines = [f"Arms: {arms or 'none found'}", "", *map(self.described, self.records)]
        return "\n".join([*lines, *(f"? {one}" for one in self.asked()), *self.remarks])

    def _repr_html_(self) -> str:
        number = {claim.id: i for i, claim in enumerate(self.records, 1)}
        return fill(Path(__file__).with_name("proposal.html.j2"), study=self, pieces=self.pieces(), number=number)


def _comment(words: str) -> str:
    """Return words as a comment on one line that no control sign can end."""
    return "# " + "".join(sign if sign.isprintable() else " " for sign in " ".join(words.split())) + "\n"


def proposed_claims_file(study: Proposal) -> str:
    """Write a proposed study as a claims file (TOML) to be corrected and confirmed by hand.

    Each claim has ``confirmed = false``; what is to be asked stands as comments at the head.

    See Also
    --------
    read_text, template

    Examples
    --------
    >>> from lupus_kit.audit import read_text
    >>> study = read_text("Randomised to iron (n=20) or placebo (n=20): 50% with iron and 20% with placebo recovered.")
    >>> [line for line in proposed_claims_file(study).splitlines() if line.startswith(("reported", "confirmed"))]
    ['reported = ["50%", "20%"]', 'confirmed = false']
    """
    asked = ["To be decided by you:", *study.asked()] if len(study.questions) else []
    head = _HEAD if any(not claim.confirmed for claim in study.records) else ""
    return head + "".join(map(_comment, (*asked, *study.remarks))) + "\n" + claims_toml(study)


def template() -> str:
    """Return a commented claims file to fill in.

    Returns
    -------
    str
        TOML text with an invented trial; it loads and audits as it stands.

    See Also
    --------
    read_text, proposed_claims_file

    Examples
    --------
    >>> template().splitlines()[0]
    '# A claims file: the printed numbers of one paper, for lupus-kit audit FILE.'
    """
    return resources.files("lupus_kit.audit").joinpath("template.toml").read_text(encoding="utf-8")
