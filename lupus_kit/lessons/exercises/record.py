"""What the exercises take from the published record."""

from functools import cache

import lupus_kit as lk


@cache
def table(claim: str, study: str = "he2020") -> tuple[int, int, int, int]:
    """Responders and patients of both arms in one claim, as the audit resolves them."""
    return lk.audit.claim_counts(lk.published.load(study), claim)


@cache
def printed(claim: str, column: str = "reported_p") -> str:
    """Return the p-value of one claim, or what stands in another column of it, as the printed string."""
    return str(lk.published.load("he2020").claims.set_index("id").at[claim, column])
