"""Lines of the report for paired, ordinal, mean and median claims."""

from __future__ import annotations

from lupus_kit.audit.rows import NOT_CHECKABLE, Row, row
from lupus_kit.published import Claim, Study


def other_rows(study: Study, claim: Claim) -> list[Row]:
    """Recompute a claim that is not about two proportions.

    Parameters
    ----------
    study : Study
        The record.
    claim : Claim
        Of another kind than ``binary``.

    Returns
    -------
    list of dict
        One line for each printed value.
    """
    return [row("p", claim.p or "not printed", [("", "")], NOT_CHECKABLE, "not checkable")]
