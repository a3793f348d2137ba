"""Lines for the values of single arms, and for values that come from a model."""

from __future__ import annotations

from lupus_kit.audit.report.rows import FROM_MODEL, NOT_CHECKABLE, REPRODUCED, Row, row
from lupus_kit.audit.values.counts import Counts
from lupus_kit.published import Claim

_NOT_CRUDE = "not the crude rate; a model may have given it, which the counts cannot check"


def count_row(claim: Claim, side: int, counts: Counts) -> Row:
    """Compare one printed value with the count behind it.

    Parameters
    ----------
    claim : Claim
        A ``binary`` or ``paired`` claim.
    side : int
        Which value.
    counts : Counts
        What stands behind it.

    Returns
    -------
    dict of str
        A line of the report.
    """
    what, printed = claim.sides[side], claim.shown(side) or "not printed"
    if counts.x is None or counts.n is None:
        if counts.agrees is False and claim.modelled and counts.n:
            return row(what, printed, [("", counts.how)], _NOT_CRUDE, "model")
        if counts.agrees is False:
            return row(what, printed, [("", counts.how)], f"not reproduced: {counts.how}", "not reproduced")
        return row(what, printed, [("", counts.how)], NOT_CHECKABLE, "not checkable")
    parts = [(f"{counts.x}/{counts.n} = {100 * counts.x / counts.n:.2f}%", counts.how)]
    if counts.agrees is None:
        return row(what, printed, parts, "a count, as printed", "as printed")
    if counts.agrees:
        return row(what, printed, parts, REPRODUCED, "reproduced")
    if claim.modelled:
        return row(what, printed, parts, _NOT_CRUDE, "model")
    return row(what, printed, parts, "not reproduced by its own count", "not reproduced")


def of_model(claim: Claim, line: Row, computed: bool = True) -> Row:
    """Say what the crude analyses give, and that the paper's own analysis is another one.

    Parameters
    ----------
    claim : Claim
        Whose analysis needs more than is printed.
    line : dict of str
        The line of the crude analyses.
    computed : bool
        Whether there is one.

    Returns
    -------
    dict of str
        The line with both.
    """
    crude = line["verdict"].replace("reproduced only by", "printed so by", 1)
    own = row("p", claim.p, [("", f"the paper: {claim.analysis}")], "", "model")
    return line | {
        "recomputed": f"{own['recomputed']}; {line['recomputed']}",
        "analysis": f"{own['analysis']}; {line['analysis']}",
        "verdict": f"{FROM_MODEL}; crude analysis: {crude}" if computed else FROM_MODEL,
        "status": "model",
    }
