"""What the exercises take from the published record."""

from __future__ import annotations


def table(claim: str) -> tuple[int, int, int, int]:
    """Responders and patients of both arms in one claim, as the audit resolves them."""
    from lupus_kit import audit, published

    return audit.claim_counts(published.load("he2020"), claim)


def printed_p(claim: str) -> float:
    """Return the p-value of one claim, as printed."""
    from lupus_kit import published

    return float(published.load("he2020").claims.set_index("id").at[claim, "p_value"])


def printed(claim: str) -> str:
    """Return the p-value of one claim as the printed string."""
    from lupus_kit import published

    return str(published.load("he2020").claims.set_index("id").at[claim, "reported_p"])
