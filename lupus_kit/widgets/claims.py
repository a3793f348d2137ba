"""A board for the claims of any text: click a number, say whose it is, see the audit, save the claims file."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import ipywidgets as ipw

from lupus_kit import audit
from lupus_kit.audit import Proposal
from lupus_kit.core.errors import InputError
from lupus_kit.core.files import write_atomically
from lupus_kit.published import ROLES, Claim
from lupus_kit.widgets.app import STYLE
from lupus_kit.widgets.controls import dropdown, text


class ClaimsBoard(ipw.VBox):  # type: ignore[misc]
    """The board; ``study`` is what has been said so far, and its methods do what the clicks do."""

    def __init__(self, proposal: Proposal) -> None:
        self.study = proposal
        self._claims = {claim.id: claim for claim in proposal.records}
        names = [(name, name) for name in proposal.trial.n_randomised] or [("no arm found", "")]
        first = names[0][1]
        self.first, self.second = dropdown("first arm", names, first), dropdown("second arm", names, names[-1][1])
        self.role = dropdown("role", [("not stated", ""), *((role, role) for role in ROLES)], "")
        self.endpoint, self.file = text("endpoint", ""), text("save as", "claims.toml")
        self.words, self.report, self.said = ipw.HTML(), ipw.HTML(), ipw.HTML()
        pieces: list[ipw.Widget] = []
        for words, claim in proposal.pieces():
            if claim:
                button = ipw.Button(description=words, tooltip=f"{words}: {claim}", layout=ipw.Layout(width="auto"))
                button.on_click(lambda _, name=claim: self.choose(name))
                pieces.append(button)
            else:
                pieces += [ipw.Label(one) for one in words.split()]
        confirm, leave, save = (ipw.Button(description=d) for d in ("It is right", "Leave it out", "Save"))
        confirm.on_click(lambda _: self.confirm())
        leave.on_click(lambda _: self.leave_out())
        save.on_click(lambda _: self._saved())
        flow = ipw.Box(pieces, layout=ipw.Layout(flex_flow="row wrap", align_items="center"))
        chosen = (self.words, self.endpoint, self.first, self.second, self.role, ipw.HBox([confirm, leave]))
        super().__init__([flow, *chosen, self.report, self.file, save, self.said, ipw.HTML(STYLE)])
        self.add_class("lupus-kit-app")
        self.current = ""
        if self._claims:
            self.choose(next(iter(self._claims)))

    def choose(self, claim: str) -> None:
        """Show one claim, as a click on one of its numbers does."""
        if claim not in self._claims:
            raise InputError(f"claim == {claim!r}; choose one of {', '.join(self._claims) or 'none'}.")
        self.current, one = claim, self._claims[claim]
        self.first.value, self.second.value = one.arms
        self.role.value, self.endpoint.value = one.role, one.endpoint
        self._show(one)

    def confirm(self) -> None:
        """Take the claim as the board shows it: a person has compared it with the text."""
        if self.current and self.first.value != self.second.value:
            arms, endpoint = (self.first.value, self.second.value), self.endpoint.value.strip() or "comparison"
            one = self._claims[self.current]
            self._take(replace(one, arms=arms, role=self.role.value, endpoint=endpoint, assumed="", confirmed=True))

    def leave_out(self) -> None:
        """Leave the claim out of the file."""
        if self.current:
            records = tuple(one for one in self.study.records if one.id != self.current)
            self.study, self.report.value = replace(self.study, records=records), "left out"

    def save(self, path: str | Path) -> None:
        """Write the claims file; a file that is there already stays.

        Raises
        ------
        InputError
            There is such a file.
        """
        if Path(path).exists():
            raise InputError(f"{path} is there already and is not overwritten: give another name.")
        write_atomically(Path(path), audit.proposed_claims_file(self.study).encode("utf-8"))

    def _take(self, claim: Claim) -> None:
        self._claims[claim.id] = claim
        kept = {one.id for one in self.study.records} | {claim.id}
        self.study = replace(self.study, records=tuple(one for name, one in self._claims.items() if name in kept))
        self._show(claim)

    def _show(self, claim: Claim) -> None:
        state = "confirmed" if claim.confirmed else "proposed, not confirmed"
        self.words.value = f"<b>{claim.id}</b> ({state}): {html.escape(' '.join(claim.words.split()))}"
        self.report.value = audit.check(replace(self.study, records=(claim,)))._repr_html_()

    def _saved(self) -> None:
        try:
            self.save(self.file.value)
            self.said.value = f"Saved {html.escape(self.file.value)}."
        except (InputError, OSError) as error:
            self.said.value = html.escape(str(error))


def claims_board(source: str, arms: str | Sequence[str] | Mapping[str, int | None] | None = None) -> ClaimsBoard:
    """Return the board for the claims of a text.

    Parameters
    ----------
    source : str
        Plain text of an abstract.
    arms : str, sequence of str or mapping, optional
        The arms, where they are known: as for :func:`lupus_kit.audit.read_text`.

    Returns
    -------
    ClaimsBoard
        The text with its numbers to click, the claim that a number belongs to, and its audit.

    Raises
    ------
    InputError
        Not a text, an empty one, or one far longer than an abstract.

    See Also
    --------
    from_state

    Examples
    --------
    >>> board = claims_board("Randomised to iron (n=20) or placebo (n=20): 50% with iron and 20% with placebo recovered.")
    >>> board.confirm()
    >>> board.study.records[0].confirmed
    True
    """
    return ClaimsBoard(audit.read_text(source, arms))
