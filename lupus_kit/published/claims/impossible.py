"""Printed values that no number of patients can give."""

from lupus_kit.core.errors import InputError
from lupus_kit.published.claim import Claim
from lupus_kit.published.printed import decimals, parse_value, percent_text


def _some_count_prints(percent: str, n: int) -> bool:
    """Say whether any count of n patients prints so, rounded or cut off; exact, in whole numbers."""
    unit: int = 10 ** decimals(percent)
    digits = int(percent.replace(".", ""))
    # Rounding up to the print starts half a unit below it, cutting off ends one unit above it.
    smallest = -(-(2 * digits - 1) * n // (200 * unit))
    return bool(max(smallest, 0) <= n and max(smallest, 0) * 100 * unit < (digits + 1) * n)


def impossible(claim: Claim, side: int, n_randomised: int | None) -> str:
    """Return why no patients can give the printed value, or nothing.

    Parameters
    ----------
    claim : Claim
        The comparison; its ``reported[side]`` is a string.
    side : int
        Which value.
    n_randomised : int or None
        Patients randomised to the arm, where known.

    Returns
    -------
    str
        One sentence, or empty. A percentage beside its own count is not looked at: the audit compares them.
    """
    value = str(claim.reported[side])
    n = claim.n[side] if claim.n else None
    try:
        parse_value(value, n_header=n, slash=claim.slash)
    except InputError as error:
        message = str(error)
        return "" if message.startswith("cannot read") else message
    found = claim.values[side]
    if found.percent is None or found.count is not None:
        return ""
    percent = percent_text(value)
    if n is not None:
        return "" if _some_count_prints(percent, n) else f"no count of {n} patients prints as {percent}%."
    if n_randomised is None or any(_some_count_prints(percent, total) for total in range(1, n_randomised + 1)):
        return ""
    return f"no count of at most {n_randomised} patients prints as {percent}%."
