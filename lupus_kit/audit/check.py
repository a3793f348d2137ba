"""Recompute every claim and every table row of a study from its own record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lupus_kit import published
from lupus_kit.audit.counts import Counts, all_randomised, side_counts
from lupus_kit.audit.effects import effect_row
from lupus_kit.audit.other_kinds import other_rows
from lupus_kit.audit.provenance import distinct_analyses
from lupus_kit.audit.pvalues import p_row, several_arms_row
from lupus_kit.audit.reading import read
from lupus_kit.audit.report import Report
from lupus_kit.audit.rows import COLUMNS, NOT_CHECKABLE, REPRODUCED, Row, row
from lupus_kit.published import Claim, Study

#: Where the rows of a claim stand: the claims themselves, or the table of that name.
CLAIMS = "claims"
_NOT_CRUDE = "not the crude rate; a model may have given it, which the counts cannot check"


def n_analyses() -> int:
    """Return how many analyses :func:`check` tries on each p-value of two proportions."""
    return len(distinct_analyses())


def _count_row(claim: Claim, side: int, counts: Counts) -> Row:
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


def _binary_rows(study: Study, claim: Claim) -> list[Row]:
    counts = [side_counts(study, claim, side) for side in range(len(claim.arms))]
    rows = [_count_row(claim, side, one) for side, one in enumerate(counts)]
    alpha = study.trial.alpha
    if len(counts) == 2:
        rows.append(p_row(claim, counts[0], counts[1], alpha))
    elif len(counts) > 2:
        rows.append(several_arms_row(claim, counts, alpha))
    elif claim.p:
        rows.append(row("p", claim.p, [("", "one arm is not a comparison")], NOT_CHECKABLE, "not checkable"))
    if claim.effect:
        tables = all_randomised(counts[0], counts[1]) if len(counts) == 2 else []
        rows.append(effect_row(claim, tables[0] if len(tables) == 1 else None))
    return rows


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
    come from a model with covariates or strata, from another set of patients, or from a slip in typing.

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
    return Report(
        study=record.trial.key,
        citation=record.trial.citation,
        rows=rows,
        statements=read(record, rows),
        n_analyses=n_analyses(),
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
