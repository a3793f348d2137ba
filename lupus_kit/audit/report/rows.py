"""One line of a report: what was printed, what was recomputed by which analysis, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence

REPRODUCED = "reproduced"
NOT_CHECKABLE = "not checkable"
#: Ends the name of an unpaired test of paired data.
AS_IF_APART = ", as if the visits were different patients"
FROM_MODEL = "from an adjusted or stratified analysis, not checkable from counts"

#: What a verdict comes down to, from the firmest to the weakest.
STATUSES = {
    "reproduced": "every digit follows from what is printed",
    "some": "some analyses print as reported, others do not",
    "not reproduced": "no analysis tried prints as reported",
    "model": "the paper names an adjusted or stratified analysis: the counts alone cannot check it",
    "not checkable": "something needed is not printed",
    "as printed": "a value that stands for itself",
}
COLUMNS = (
    *("claim", "endpoint", "role", "what", "printed", "recomputed", "analysis", "verdict"),
    *("part", "status", "source", "confidence"),
)
Row = dict[str, str]


def _inline(text: str) -> str:
    """Keep the sign that parts analyses out of the words of one."""
    return " ".join(text.replace(";", ",").split())


def row(what: str, printed: str, parts: Sequence[tuple[str, str]], verdict: str, status: str) -> Row:
    """Make one line.

    Parameters
    ----------
    what : str
        An arm or visit, ``"p"`` or ``"effect"``.
    printed : str
        As printed.
    parts : sequence of (str, str)
        What was recomputed, each with the analysis that gave it.
    verdict : str
        In words.
    status : str
        One of ``STATUSES``.

    Returns
    -------
    dict of str
        ``recomputed`` and ``analysis`` hold the same number of parts, divided by ``"; "``.
    """
    assert status in STATUSES, status
    return {
        "what": what,
        "printed": printed,
        "recomputed": "; ".join(_inline(value) for value, _ in parts),
        "analysis": "; ".join(_inline(analysis) for _, analysis in parts),
        "verdict": verdict,
        "status": status,
    }


def shown_p(p: float) -> str:
    """Write a computed p-value; four decimals, more where these would be zeros."""
    if p != p:
        return "undefined"
    return f"{p:.4f}" if p >= 0.0005 or p == 0 else f"{p:.2g}"


def analysis_name(label: str, alternative: str) -> str:
    """Name an analysis; two-sided goes without saying."""
    return label if alternative == "two-sided" else f"{label}, one-sided ({alternative})"


def listed(names: Sequence[str], most: int | None = None) -> str:
    """Join names with commas and a last "and"; beyond ``most``, say how many more there are."""
    names = list(names)
    if most is not None and len(names) > most:
        names = [*names[:most], f"{len(names) - most} more"]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
