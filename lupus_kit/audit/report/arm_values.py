"""The printed value of one arm or visit against the count behind it."""

from lupus_kit.audit.report.checked_values import NOT_PRINTED, Analysis, CheckedValue, Quantity, Verdict
from lupus_kit.audit.values.counts import Counts
from lupus_kit.published import Claim

_NOT_CRUDE = "not the crude rate; a model may have given it, which the counts cannot check"


def arm_value(claim: Claim, side: int, counts: Counts) -> CheckedValue:
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
    CheckedValue
    """
    if counts.x is None or counts.n is None:
        analysis = Analysis(counts.how, fits=counts.agrees, nearest=True)
        why = f"not reproduced: {counts.how}"
    else:
        percent = 100 * counts.x / counts.n
        pair = (counts.x, counts.n)
        analysis = Analysis(counts.how, "count", counts=pair, value=percent, fits=counts.agrees, nearest=True)
        why = "not reproduced by its own count"
    if counts.agrees is False and claim.modelled and counts.n:
        verdict, sentence = Verdict.MODEL, _NOT_CRUDE
    elif counts.agrees is False:
        verdict, sentence = Verdict.NOT_REPRODUCED, why
    elif not analysis.key:
        verdict, sentence = Verdict.NOT_CHECKABLE, "not checkable"
    elif counts.agrees is None:
        verdict, sentence = Verdict.AS_PRINTED, "a count, as printed"
    else:
        verdict, sentence = Verdict.REPRODUCED, "reproduced"
    printed = claim.shown(side) or NOT_PRINTED
    return CheckedValue(claim, Quantity.VALUE, claim.sides[side], printed, (analysis,), verdict, sentence)


def as_printed(claim: Claim, side: int) -> CheckedValue:
    """Return a value that stands for itself: a mean, a median or the counts of ordered groups."""
    printed = claim.shown(side) or NOT_PRINTED
    analysis = (Analysis("as printed"),)
    return CheckedValue(claim, Quantity.VALUE, claim.sides[side], printed, analysis, Verdict.AS_PRINTED, "as printed")
