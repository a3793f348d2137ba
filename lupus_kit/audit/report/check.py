"""Recompute every claim and every table row of a study from its own record."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lupus_kit import published
from lupus_kit.audit.report.checked_values import CLAIMS, NOT_PRINTED, Analysis, CheckedValue, Quantity, Verdict
from lupus_kit.audit.report.effects import checked_effect
from lupus_kit.audit.report.p_values import MOST_TABLES, compute_ahead, no_p_printed, several_arms_p, two_arms_p
from lupus_kit.audit.report.paired_and_means import SUMMARY_P, mean_value, paired_p
from lupus_kit.audit.report.reading import read
from lupus_kit.audit.report.report import Report
from lupus_kit.audit.report.statements import nothing_printed
from lupus_kit.audit.values.consistency import inconsistencies
from lupus_kit.audit.values.counts import Counts, Table, all_randomised, side_counts
from lupus_kit.audit.values.provenance import distinct_analyses
from lupus_kit.core.errors import InputError
from lupus_kit.published import Claim, Study

#: Kinds of claims whose values are counts of patients.
PROPORTIONS = ("binary", "paired")
_NOT_CRUDE = "not the crude rate; a model may have given it, which the counts cannot check"


def n_analyses() -> int:
    """Return how many analyses :func:`check` tries on each p-value of two proportions.

    See Also
    --------
    distinct_analyses, distinct_tests

    Examples
    --------
    >>> n_analyses() > 20
    True
    """
    return len(distinct_analyses())


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
    analysis, why = Analysis(counts.how, fits=counts.agrees, nearest=True), f"not reproduced: {counts.how}"
    if counts.known:
        x, n = counts.known
        analysis, why = (
            replace(analysis, key="count", counts=(x, n), value=100 * x / n),
            "not reproduced by its own count",
        )
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


def _checked(study: Study, claim: Claim, counts: list[Counts]) -> list[CheckedValue]:
    """Recompute every printed value of one claim; ``counts`` stand behind the values of a claim about proportions."""
    if claim.kind == "paired":
        return [*_arms(claim, counts), paired_p(study, claim, counts)]
    return _proportions(study, claim, counts) if claim.kind == "binary" else _summaries(study, claim)


def _arms(claim: Claim, counts: list[Counts]) -> list[CheckedValue]:
    return [arm_value(claim, side, one) for side, one in enumerate(counts)]


def _proportions(study: Study, claim: Claim, counts: list[Counts]) -> list[CheckedValue]:
    values, alpha = _arms(claim, counts), study.trial.alpha
    if len(counts) == 2:
        first, second = (study.trial.n_randomised[arm] for arm in claim.arms)
        two_arms = counts[0], counts[1], alpha, (first, second)
        values.append(_or_why_not(claim, Quantity.P, lambda: two_arms_p(claim, *two_arms)))
    elif len(counts) > 2:
        values.append(several_arms_p(claim, counts, alpha))
    elif claim.p:
        values.append(CheckedValue.unchecked(claim, Quantity.P, "one arm is not a comparison"))
    if claim.effect:
        tables = _tables(counts)
        table = tables[0] if len(tables) == 1 else None
        values.append(_or_why_not(claim, Quantity.EFFECT, lambda: checked_effect(claim, table)))
    return values


def _tables(counts: list[Counts]) -> list[Table]:
    return all_randomised(*counts) if len(counts) == 2 else []


def _summaries(study: Study, claim: Claim) -> list[CheckedValue]:
    values = [mean_value(study, claim, side) for side in range(len(claim.sides))]
    if not claim.p:
        return [*values, no_p_printed(claim)]
    if claim.effect:
        values.append(CheckedValue.unchecked(claim, Quantity.EFFECT, "not an effect of two rates"))
    return [*values, _or_why_not(claim, Quantity.P, lambda: SUMMARY_P[claim.kind](study, claim).of_model())]


def _or_why_not(claim: Claim, quantity: Quantity, check: Callable[[], CheckedValue]) -> CheckedValue:
    """Return a checked value, or say why it cannot be had: exact tests have their largest table."""
    try:
        return check()
    except InputError as error:
        return CheckedValue.unchecked(claim, quantity, str(error))


def _many(study: Study, claims: Sequence[tuple[str, Claim]]) -> list[CheckedValue]:
    """Recompute claims, in order."""
    counts = [
        [side_counts(study, claim, side) for side in range(len(claim.sides))] if claim.kind in PROPORTIONS else []
        for _, claim in claims
    ]
    with_p = (_tables(one) for (_, claim), one in zip(claims, counts, strict=True) if claim.p)
    compute_ahead(table for tables in with_p if len(tables) <= MOST_TABLES for table in tables)
    return [
        replace(value, part=part)
        for (part, claim), one in zip(claims, counts, strict=True)
        for value in _checked(study, claim, one)
    ]


def _with_place(finding: Any) -> str:
    """Write one finding with its place in front."""
    place = ", ".join(part for part in (finding.table, finding.row, finding.arm) if part)
    return f"{place}: {finding.finding}" if place else str(finding.finding)


def check(study: str | Path | Study) -> Report:
    """Recompute every claim and every table row of a study and say what comes out.

    Parameters
    ----------
    study : str, pathlib.Path or Study
        Name of a shipped study, a claims file, a folder with ``study.toml``, or a study in memory.

    Returns
    -------
    Report
        Every printed value with what was recomputed, by which analysis, and the verdict.

    Raises
    ------
    InputError
        The study cannot be loaded; every problem of a claims file at once.

    See Also
    --------
    explain, read_text, inconsistencies, claim_counts

    Notes
    -----
    A verdict speaks of the printed record only. A p-value that no unadjusted analysis of the counts gives may
    come from a model with covariates or strata, from another set of patients, or from a slip in typing. In large
    trials (more than some 380 patients an arm) the unconditional exact tests are left out, and the number of analyses
    in a verdict is that much smaller.

    Examples
    --------
    >>> report = check("he2020")
    >>> report.verdicts("claims").query("claim == 'sri4_week12' and what == 'p'")["sentence"].item()
    'reproduced only by 7 of 79 analyses'
    """
    record = study if isinstance(study, Study) else published.load(study)
    claims = [(CLAIMS, claim) for claim in record.records]
    claims += [(claim.table_row.partition("/")[0], claim) for claim in record.table_claims()]
    values = [value.unless_confirmed() for value in _many(record, claims)]
    confirmed = tuple(claim for claim in record.records if claim.confirmed)
    judged = record if confirmed == record.records else Study(record.trial, confirmed, record.tables, record.layouts)
    findings = tuple(_with_place(finding) for finding in inconsistencies(judged).itertuples())
    reading = read(judged, [v for v in values if v.claim.confirmed], findings, len(record.records) - len(confirmed))
    return Report(
        study=record.trial.key,
        citation=record.trial.citation,
        values=tuple(values),
        reading_statements=reading if values else (nothing_printed(record.trial),),
        n_analyses=n_analyses(),
        findings=findings,
        remarks=record.remarks,
        tables={key: layout.title or key for key, layout in record.layouts.items()},
    )
