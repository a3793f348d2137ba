"""Recompute every claim and every table row of a study from its own record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lupus_kit import published
from lupus_kit.audit.report.other_kinds import other_rows
from lupus_kit.audit.report.pvalues import p_row, several_arms_row
from lupus_kit.audit.report.report import Report
from lupus_kit.audit.report.rows import COLUMNS, NOT_CHECKABLE, Row, row
from lupus_kit.audit.report.sides import count_row
from lupus_kit.audit.report.summary import read
from lupus_kit.audit.values.consistency import inconsistencies
from lupus_kit.audit.values.counts import all_randomised, side_counts
from lupus_kit.audit.values.effects import effect_row
from lupus_kit.audit.values.provenance import distinct_analyses
from lupus_kit.core.errors import InputError
from lupus_kit.published import Claim, Study

#: Where the rows of a claim stand: the claims themselves, or the table of that name.
CLAIMS = "claims"


def n_analyses() -> int:
    """Return how many analyses :func:`check` tries on each p-value of two proportions."""
    return len(distinct_analyses())


def _binary_rows(study: Study, claim: Claim) -> list[Row]:
    counts = [side_counts(study, claim, side) for side in range(len(claim.arms))]
    rows = [count_row(claim, side, one) for side, one in enumerate(counts)]
    alpha = study.trial.alpha
    if len(counts) == 2:
        first, second = (study.trial.n_randomised[arm] for arm in claim.arms)
        randomised = first, second
        rows.append(_or_said("p", claim.p, lambda: p_row(claim, counts[0], counts[1], alpha, randomised)))
    elif len(counts) > 2:
        rows.append(several_arms_row(claim, counts, alpha))
    elif claim.p:
        rows.append(row("p", claim.p, [("", "one arm is not a comparison")], NOT_CHECKABLE, "not checkable"))
    if claim.effect:
        tables = all_randomised(counts[0], counts[1]) if len(counts) == 2 else []
        table = tables[0] if len(tables) == 1 else None
        rows.append(_or_said("effect", claim.effect, lambda: effect_row(claim, table)))
    return rows


def _or_said(what: str, printed: str, line: Callable[[], Row]) -> Row:
    """Return a line, or say why it cannot be had: exact tests have their largest table."""
    try:
        return line()
    except InputError as error:
        return row(what, printed or "not printed", [("", str(error))], NOT_CHECKABLE, "not checkable")


def claim_rows(study: Study, claim: Claim, part: str = CLAIMS) -> list[Row]:
    """Recompute one claim.

    Parameters
    ----------
    study : Study
        The record it belongs to.
    claim : Claim
        A claim or a table row.
    part : str
        Where it stands.

    Returns
    -------
    list of dict
        One line for each printed value.
    """
    lines = _binary_rows(study, claim) if claim.kind == "binary" else other_rows(study, claim)
    head = {"claim": claim.id, "endpoint": claim.title, "role": claim.role}
    tail = {"part": part, "source": claim.source, "confidence": claim.confidence}
    return [{**head, **line, **tail} for line in lines]


def _many(study: Study, claims: Sequence[tuple[str, Claim]], n_jobs: int) -> list[Row]:
    """Recompute claims, in order; on several cores in blocks, so that equal tables stay together."""
    if n_jobs == 1 or len(claims) < 2:
        return [line for part, claim in claims for line in claim_rows(study, claim, part)]
    from joblib import Parallel, delayed

    n_blocks = min(len(claims), 4 * max(n_jobs, 1) if n_jobs > 0 else 16)
    size = -(-len(claims) // n_blocks)
    blocks = [claims[start : start + size] for start in range(0, len(claims), size)]
    found = Parallel(n_jobs=n_jobs)(delayed(_many)(study, block, 1) for block in blocks)
    return [line for block in found for line in block]


def _told(finding: Any) -> str:
    """Write one finding with its place in front."""
    place = ", ".join(part for part in (finding.table, finding.row, finding.arm) if part)
    return f"{place}: {finding.finding}" if place else str(finding.finding)


def check(study: str | Path | Study, n_jobs: int = 1) -> Report:
    """Recompute every claim and every table row of a study and say what comes out.

    Parameters
    ----------
    study : str, pathlib.Path or Study
        Name of a shipped study, a claims file, a folder with ``study.toml``, or a study in memory.
    n_jobs : int
        Cores to use; -1 for all. The report is the same.

    Returns
    -------
    Report
        One row per printed value: what was printed, what was recomputed, by which analysis, and the verdict.

    Raises
    ------
    InputError
        The study cannot be loaded; every problem of a claims file at once.

    Notes
    -----
    A verdict speaks of the printed record only. A p-value that no unadjusted analysis of the counts gives may
    come from a model with covariates or strata, from another set of patients, or from a slip in typing. In large
    trials (more than some 380 patients an arm) the unconditional exact tests are left out, and the number of analyses
    in a verdict is that much smaller.

    Examples
    --------
    >>> report = check("he2020")
    >>> report.to_frame().query("claim == 'sri4_week12' and what == 'p'")["verdict"].item()
    'reproduced only by 4 of 67 analyses'
    """
    record = study if isinstance(study, Study) else published.load(study)
    claims = [(CLAIMS, claim) for claim in record.records]
    claims += [(claim.table_row.partition("/")[0], claim) for claim in record.table_claims()]
    rows = pd.DataFrame(_many(record, claims, n_jobs), columns=list(COLUMNS))
    findings = tuple(_told(finding) for finding in inconsistencies(record).itertuples())
    return Report(
        study=record.trial.key,
        citation=record.trial.citation,
        rows=rows,
        statements=read(record, rows, findings),
        n_analyses=n_analyses(),
        findings=findings,
        remarks=record.remarks,
        tables={key: layout.title or key for key, layout in record.layouts.items()},
    )


def check_all(n_jobs: int = 1) -> pd.DataFrame:
    """Check every study that ships with the kit.

    Parameters
    ----------
    n_jobs : int
        Cores to use; -1 for all.

    Returns
    -------
    pandas.DataFrame
        The rows of every report, with the key of the study in front.

    Examples
    --------
    >>> from lupus_kit import audit, published
    >>> found = audit.check_all()  # doctest: +SKIP
    >>> set(found["study"]) == set(published.studies())  # doctest: +SKIP
    True
    """
    frames = []
    for name in published.studies():
        rows = check(name, n_jobs).to_frame()
        rows.insert(0, "study", name)
        frames.append(rows)
    return pd.concat(frames, ignore_index=True)
