"""Printed p-values of paired counts, means and medians."""

import re
from collections.abc import Iterable
from dataclasses import replace
from math import nan
from typing import Any

import numpy as np

from lupus_kit.audit.report.checked_values import AS_IF_APART, Analysis, CheckedValue, Quantity, Verdict, comparable
from lupus_kit.audit.report.p_values import analyses_of, chance_nearby, no_p_printed, with_other_patients
from lupus_kit.audit.values.counts import Counts
from lupus_kit.audit.values.granularity import debit, grim, grimmer
from lupus_kit.audit.values.summary_tests import LABELS, explain_means, paired_tests
from lupus_kit.inference.pairs import mcnemar, possible_both
from lupus_kit.published import Claim, Study

_NO_PATIENT_VALUES = "a rank test of the patients' own values may have given it"
#: Where the paper names one of these, no rank test gave the p-value.
_NAMES_T = re.compile(r"\bt[ -]?test|student|welch|\banova\b", re.IGNORECASE)
#: Analyses that do not fit are shown up to here.
_MISFITS_SHOWN = 2


def _analyses(rows: Iterable[Any], counts: tuple[int, ...] = ()) -> list[Analysis]:
    """Return tests, those that fit first, as analyses; with ``counts`` they are of paired counts."""
    tests = list(rows)
    n_fits = sum(one.rounds_to_reported for one in tests)
    found = []
    for place, one in enumerate(tests):
        p = (one.p_low if one.p_low == one.p_high else nan, one.p_low, one.p_high)
        n_ways, n_fit = (one.n_ways, one.n_fit) if counts else (1, 0)
        fits, shown = bool(one.rounds_to_reported), place < n_fits + _MISFITS_SHOWN
        test = LABELS[one.test], one.test, one.alternative
        found.append(Analysis(*test, "", counts, *p, n_ways, n_fit, fits, familiar=shown))
    return found


def _of_analyses(claim: Claim, analyses: list[Analysis], of: str) -> CheckedValue:
    return CheckedValue.of_p(claim, analyses, *Verdict.of(sum(bool(one.fits) for one in analyses), len(analyses), of))


def mean_value(study: Study, claim: Claim, side: int) -> CheckedValue:
    """Check one mean and standard deviation: whole numbers by GRIM and GRIMMER, yes and no by DEBIT.

    Parameters
    ----------
    study : Study
        The record.
    claim : Claim
        A ``mean`` claim; where it has neither ``scale`` nor ``items`` its values stand for themselves.
    side : int
        Which value.

    Returns
    -------
    CheckedValue
    """
    printed, n = claim.shown(side), claim.n[side] if claim.n else None
    as_printed = CheckedValue.as_printed(claim, side)
    if not printed or not (claim.scale or claim.items):
        return as_printed
    total = n or study.trial.n_randomised[claim.arms[side]] or 0
    mean, sd = (part.strip() for part in printed.split("±"))
    if total < 2:
        found = []
    elif claim.scale == "binary":
        found = [debit(mean, sd, total)]
    else:
        found = [grim(mean, total, claim.items or 1), grimmer(mean, sd, total, claim.items or 1)]
    wrong, supposing = [one for one in found if not one], "" if n else "supposing all randomised were analysed: "
    if not wrong:
        return as_printed
    reason, sentence = (Analysis(wrong[0].check),), f"not reproduced: {supposing}{wrong[0].sentence}"
    return replace(as_printed, analyses=reason, verdict=Verdict.NOT_REPRODUCED, sentence=sentence)


def mean_p(study: Study, claim: Claim) -> CheckedValue:
    """Compare a printed p-value with t-tests over everything that rounds to the means and standard deviations."""
    if claim.visits:
        why = "two visits of the same patients: the SD of their changes is not printed"
        return CheckedValue.unchecked(claim, Quantity.P, why)
    printed = claim.n or (None,) * len(claim.arms)
    n = [study.trial.n_randomised[arm] if one is None else one for arm, one in zip(claim.arms, printed, strict=True)]
    means = [claim.shown(side).split("±") for side in range(len(claim.reported))]
    both = [(mean, total) for mean, total in zip(means, n, strict=False) if len(mean) == 2 and total]
    known = [(mean.strip(), sd.strip(), total) for (mean, sd), total in both]
    if len(claim.arms) != 2 or len(known) != 2 or min(total for *_, total in known) < 2:
        return CheckedValue.unchecked(claim, Quantity.P, "two means with SDs and numbers of patients are needed")
    found = explain_means(comparable(claim, study.trial.alpha), known[0], known[1])
    of = "t-tests over everything that rounds to the means and SDs"
    value = _of_analyses(claim, _analyses(found.itertuples()), of)
    sentence = value.sentence
    if value.verdict is Verdict.NOT_REPRODUCED and not _NAMES_T.search(claim.analysis):
        value = replace(value, verdict=Verdict.NOT_CHECKABLE)
        sentence = f"not checkable: {_NO_PATIENT_VALUES} ({sentence})"
    if None in printed:
        sentence = f"supposing all randomised were analysed: {sentence}"
    return replace(value, sentence=sentence)


def median_p(study: Study, claim: Claim) -> CheckedValue:
    """Say that medians do not give a p-value."""
    return CheckedValue.unchecked(claim, Quantity.P, "medians with two ends leave the p-value open")


def paired_p(study: Study, claim: Claim, counts: list[Counts]) -> CheckedValue:
    """Compare a printed p-value of two visits with McNemar's test, and with tests of two separate groups.

    Parameters
    ----------
    study : Study
        The record.
    claim : Claim
        A ``paired`` claim.
    counts : list of Counts
        What stands behind both visits.

    Returns
    -------
    CheckedValue
    """
    first, second = counts[0].known, counts[1].known
    if first is None or second is None:
        unknown = CheckedValue.unchecked(claim, Quantity.P, "the counts are not known").of_model()
        return unknown if claim.p else no_p_printed(claim)
    if not claim.p:
        return _mcnemar_for_information(claim, first, second)
    printed = comparable(claim, study.trial.alpha)
    if first[1] == second[1]:
        paired = _analyses(paired_tests(printed, first[0], second[0], first[1], claim.both), (*first, *second))
    else:
        paired = [Analysis(f"{first[1]} and {second[1]} patients are not all the same")]
    apart = analyses_of(printed, (*first, *second), AS_IF_APART)
    n_paired, n_apart = (sum(bool(one.fits) for one in group) for group in (paired, apart))
    n_tried = sum(bool(one.key) for one in paired) + len(apart)
    of = "analyses" if n_paired + n_apart else "analyses, paired or not"
    verdict, sentence = Verdict.of(n_paired + n_apart, n_tried, of, "" if n_paired else ", none of them paired")
    value = CheckedValue.of_p(claim, [*paired, *apart], verdict, sentence)
    if first[1] == second[1]:
        twice = np.array(possible_both(first[0], second[0], first[1]) if claim.both is None else [claim.both])
        joint = np.concatenate(list(mcnemar(first[0] - twice, second[0] - twice).values()))
        chance = chance_nearby(printed, [*joint, *(one.value for one in apart)])
        value = with_other_patients(replace(value, chance=chance), (*first, *second), ((-1, -1), (1, 1)))
    return value.of_model()


def _mcnemar_for_information(claim: Claim, first: tuple[int, int], second: tuple[int, int]) -> CheckedValue:
    if first[1] != second[1]:
        return no_p_printed(claim)
    found = paired_tests("1", first[0], second[0], first[1], claim.both)
    exact = next(one for one in _analyses(found, (*first, *second)) if one.key == "mcnemar_exact")
    setting = "for information: no p-value is printed"
    return CheckedValue.unchecked(claim, Quantity.P, "", replace(exact, setting=setting, fits=None, n_ways=1))


#: How the p-value of each kind is checked, for those that are not about proportions.
SUMMARY_P = {"mean": mean_p, "median": median_p}
