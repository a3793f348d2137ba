"""The board for the claims of a text: clicks, the audit, the file."""

from __future__ import annotations

import ipywidgets as ipw
import pytest

from lupus_kit import published, widgets
from lupus_kit.core.errors import InputError

TEXT = (
    "Adults were randomised to zorimab (n=100) or placebo (n=100). Cure was 40% with zorimab and 25% with placebo "
    "(P=0.024). <b>Nausea</b> was 12% v 9%."
)


def _buttons(board) -> dict[str, ipw.Button]:
    return {one.description: one for one in board.children[0].children if isinstance(one, ipw.Button)}


def test_a_click_on_a_number_shows_its_claim_and_its_audit():
    board = widgets.claims_board(TEXT)
    assert list(_buttons(board)) == ["40%", "25%", "P=0.024", "12%", "9%"]
    _buttons(board)["12%"].click()
    assert board.current == "claim2"
    assert "&lt;b&gt;Nausea" in board.words.value
    assert "not confirmed" in board.report.value
    _buttons(board)["25%"].click()
    assert (board.current, board.first.value, board.endpoint.value) == ("claim1", "zorimab", "Cure")


def test_what_is_confirmed_is_judged_and_saved(tmp_path):
    board = widgets.claims_board(TEXT)
    board.role.value = "primary"
    board.first.value, board.second.value = "placebo", "zorimab"
    board.confirm()
    assert "reproduced" in board.report.value
    board.choose("claim2")
    board.leave_out()
    board.save(tmp_path / "claims.toml")
    (claim,) = published.load_claims(tmp_path / "claims.toml").records
    assert (claim.confirmed, claim.role, claim.arms) == (True, "primary", ("placebo", "zorimab"))
    with pytest.raises(InputError, match="is there already"):
        board.save(tmp_path / "claims.toml")


def test_an_arm_is_not_compared_with_itself_and_unknown_claims_are_refused():
    board = widgets.claims_board(TEXT)
    board.first.value = board.second.value
    board.confirm()
    assert not board.study.records[0].confirmed
    with pytest.raises(InputError, match="claim9"):
        board.choose("claim9")


def test_a_text_without_comparisons_makes_an_empty_board():
    board = widgets.claims_board("Lupus is a disease.", "a, b")
    board.confirm()
    board.leave_out()
    assert board.study.records == ()
