"""Lines of the report for paired, ordinal, mean and median claims."""

from __future__ import annotations

import pandas as pd

from lupus_kit.audit.report.pvalues import comparable, explained
from lupus_kit.audit.report.rows import AS_IF_APART, NOT_CHECKABLE, REPRODUCED, Row, analysis_name, row, shown_p
from lupus_kit.audit.report.sides import count_row, of_model
from lupus_kit.audit.values.counts import Counts, side_counts
from lupus_kit.audit.values.summary_tests import explain_means, explain_ordinal, explain_paired
from lupus_kit.published import Claim, Study

_NO_PATIENT_VALUES = "a rank test of the patients' own values is not checkable from what is printed"


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
    if claim.kind == "paired":
        return _paired_rows(study, claim)
    rows = [
        row(name, claim.shown(side) or "not printed", [("", "as printed")], "as printed", "as printed")
        for side, name in enumerate(claim.sides)
    ]
    if not claim.p:
        return [*rows, row("p", "not printed", [("", "no p-value is printed")], NOT_CHECKABLE, "not checkable")]
    line = {"ordinal": _ordinal_row, "mean": _mean_row}.get(claim.kind, _median_row)(study, claim)
    if claim.effect:
        why = "not an effect of two rates"
        rows.append(row("effect", claim.effect, [("", why)], NOT_CHECKABLE, "not checkable"))
    return [*rows, of_model(claim, line) if claim.modelled else line]


def _not(claim: Claim, why: str) -> Row:
    return row("p", claim.p, [("", why)], NOT_CHECKABLE, "not checkable")


def _median_row(study: Study, claim: Claim) -> Row:
    return _not(claim, "medians with two ends leave the p-value open")


def _range(found: pd.Series) -> str:
    low, high = shown_p(found["p_low"]), shown_p(found["p_high"])
    return low if low == high else f"{low} to {high}"


def _verdict(found: pd.DataFrame, of: str) -> tuple[str, str]:
    n_fits, n = int(found["rounds_to_reported"].sum()), len(found)
    if not n_fits:
        return f"not reproduced by any of {n} {of}", "not reproduced"
    if n_fits == n:
        return REPRODUCED, "reproduced"
    return f"reproduced only by {n_fits} of {n} {of}", "some"


def _parts(found: pd.DataFrame, shown_if_not: int = 2) -> list[tuple[str, str]]:
    fits = found[found["rounds_to_reported"]]
    rest = found[~found["rounds_to_reported"]].head(shown_if_not)
    return [(_range(one), str(one["label"])) for _, one in fits.iterrows()] + [
        (_range(one), f"does not fit: {one['label']}") for _, one in rest.iterrows()
    ]


def _ordinal_row(study: Study, claim: Claim) -> Row:
    groups = [value for value in claim.reported if isinstance(value, tuple)]
    if len(groups) != 2 or not all(map(sum, groups)):
        return _not(claim, "two arms with patients are needed")
    found = explain_ordinal(comparable(claim.p, study.trial.alpha), *groups)
    return row("p", claim.p, _parts(found), *_verdict(found, "analyses of ordered groups"))


def _mean_row(study: Study, claim: Claim) -> Row:
    if claim.visits:
        return _not(claim, "two visits of the same patients: the SD of their changes is not printed")
    printed = claim.n or (None,) * len(claim.arms)
    n = [study.trial.n_randomised[arm] if one is None else one for arm, one in zip(claim.arms, printed, strict=True)]
    sides = [claim.shown(side).split("±") for side in range(len(claim.reported))]
    known = [
        (side[0].strip(), side[1].strip(), total)
        for side, total in zip(sides, n, strict=False)
        if len(side) == 2 and total
    ]
    if len(claim.arms) != 2 or len(known) != 2 or min(total for *_, total in known) < 2:
        return _not(claim, "two means with SDs and numbers of patients are needed")
    first, second = known
    found = explain_means(comparable(claim.p, study.trial.alpha), first, second)
    verdict, status = _verdict(found, "t-tests over everything that rounds to the means and SDs")
    if status == "not reproduced":
        verdict += f"; {_NO_PATIENT_VALUES}"
    if None in printed:
        verdict = f"supposing all randomised were analysed: {verdict}"
    return row("p", claim.p, _parts(found), verdict, status)


def _paired_rows(study: Study, claim: Claim) -> list[Row]:
    counts = [side_counts(study, claim, side) for side in (0, 1)]
    rows = [count_row(claim, side, one) for side, one in enumerate(counts)]
    line = _paired_row(study, claim, counts)
    return [*rows, of_model(claim, line) if claim.modelled and claim.p else line]


def _paired_row(study: Study, claim: Claim, counts: list[Counts]) -> Row:
    first, second = counts[0].known, counts[1].known
    if first is None or second is None:
        return (
            _not(claim, "the counts are not known")
            if claim.p
            else row("p", "not printed", [("", "no p-value is printed")], NOT_CHECKABLE, "not checkable")
        )
    if not claim.p:
        return _for_information(claim, first, second)
    printed = comparable(claim.p, study.trial.alpha)
    parts: list[tuple[str, str]] = []
    n_paired = 0
    if first[1] == second[1]:
        found = explain_paired(printed, first[0], second[0], first[1], claim.both)
        found["label"] = [_with_ways(one) for _, one in found.iterrows()]
        parts, n_paired = _parts(found), int(found["rounds_to_reported"].sum())
        n_tried = len(found)
    else:
        parts, n_tried = [("", f"{first[1]} and {second[1]} patients are not all the same")], 0
    apart = explained(printed, (*first, *second))
    fits = apart[apart["rounds_to_reported"]]
    names = [analysis_name(label, side) for label, side in zip(fits["label"], fits["alternative"], strict=True)]
    parts += [(shown_p(p), name + AS_IF_APART) for p, name in zip(fits["p"], names, strict=True)]
    n, n_fits = n_tried + len(apart), n_paired + len(fits)
    if not n_fits:
        return row("p", claim.p, parts, f"not reproduced by any of {n} analyses, paired or not", "not reproduced")
    aside = "" if n_paired else ", none of them paired"
    return row("p", claim.p, parts, f"reproduced only by {n_fits} of {n} analyses{aside}", "some")


def _with_ways(found: pd.Series) -> str:
    if found["n_ways"] == 1:
        return str(found["label"])
    return f"{found['label']}, for {found['n_fit']} of {found['n_ways']} joint tables"


def _for_information(claim: Claim, first: tuple[int, int], second: tuple[int, int]) -> Row:
    if first[1] != second[1]:
        return row("p", "not printed", [("", "no p-value is printed")], NOT_CHECKABLE, "not checkable")
    found = explain_paired("1", first[0], second[0], first[1], claim.both)
    exact = found[found["label"] == "McNemar exact"].iloc[0]
    said = "McNemar exact, for information: no p-value is printed"
    return row("p", "not printed", [(_range(exact), said)], NOT_CHECKABLE, "not checkable")
