"""Looks as they came: critical values at the information that there was, when counts differ from the plan."""

from collections.abc import Sequence

import numpy as np

from lupus_kit.core.errors import InputError, is_whole
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.boundaries import Boundaries, group_sequential

# Boundaries that are defined at any information, whatever the looks before were planned at.
_SPENDING = ("lan_demets_pocock", "lan_demets_obrien_fleming", "hwang_shih_decani", "kim_demets")


def actual_boundaries(plan: AnalysisPlan, patients: Sequence[int], planned: int, final: bool = False) -> Boundaries:
    """Compute the critical values of looks that came after other numbers of patients than planned.

    Parameters
    ----------
    plan : AnalysisPlan
        With looks whose boundary is a spending function: others hold for the planned looks alone.
    patients : sequence of int
        Patients with the primary outcome at each look so far, both arms together.
    planned : int
        Patients of the whole plan: the information by which alpha is spent.
    final : bool
        Whether the last of these looks ends the trial as planned. It then spends all that is left, also if it came with
        fewer or more patients than planned. Otherwise a last look at the planned number follows.

    Returns
    -------
    Boundaries
        Of the looks so far, and of the last one. Bounds for futility are not binding and are left out.

    Raises
    ------
    InputError
        No looks or no spending function, patients that do not increase, or all of them before a look that is not final.

    See Also
    --------
    group_sequential, with_futility, planned_looks

    Notes
    -----
    When a boundary is crossed, patients are on their way (the overrun). The overrunning analysis of all of them follows by
    the deletion method: the look that stopped the trial is replaced by one at the patients of that analysis, as if it had been
    the only one there (Whitehead J. Control Clin Trials 1992;13:106-121, read in secondary sources). Its last but one critical
    value, with ``final=False``, is then that of the analysis.

    Examples
    --------
    >>> from lupus_kit.simulation import InterimLooks
    >>> plan = AnalysisPlan(alpha=0.025, sided=1, looks=InterimLooks((0.5, 1.0), "asOF"))
    >>> [round(z, 3) for z in actual_boundaries(plan, [205, 393], 387, final=True).critical]
    [2.867, 1.972]
    """
    if not isinstance(plan, AnalysisPlan) or plan.looks is None:
        raise InputError("the plan has no interim looks.")
    if (shape := plan.boundaries_at(1.0).shape) not in _SPENDING:
        raise InputError(f"{shape!r} holds for the planned looks alone: use a spending function, one of {_SPENDING}.")
    counts = list(patients) if isinstance(patients, (Sequence, np.ndarray)) else []
    if not counts or not all(is_whole(n, 1) for n in [*counts, planned]) or sorted({*counts}) != counts:
        raise InputError(f"patients == {patients!r} of {planned!r}: whole numbers, more at each look, are needed.")
    before = counts[:-1] if final else counts
    if before and before[-1] >= planned:
        raise InputError(f"{before[-1]} of {planned} planned patients at a look that is not final: all alpha is spent.")
    times = [*(n / planned for n in before), 1.0]
    bounds = group_sequential(times, plan.alpha, shape, None, plan.sided, plan.looks.parameter)
    if not final:
        return bounds
    spent = [*bounds.spent[:-1], plan.alpha]
    return group_sequential([n / counts[-1] for n in counts], plan.alpha, "spending", spent, plan.sided)
