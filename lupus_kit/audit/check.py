"""Recompute every claim of a study from its own record."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lupus_kit import published
from lupus_kit.audit.counts import Counts, resolve
from lupus_kit.audit.provenance import distinct_analyses, explain
from lupus_kit.audit.reading import read
from lupus_kit.audit.report import Report
from lupus_kit.published import Study

REPRODUCED = "reproduced"
NOT_CHECKABLE = "not checkable"
#: Always shown beside the analyses that fit, since most readers would try them first.
_FAMILIAR = ("pearson", "fisher")


def n_analyses() -> int:
    """Return how many analyses :func:`check` tries on each p-value."""
    return len(distinct_analyses())


def _count_row(claim: pd.Series, side: str, counts: Counts) -> dict[str, str]:
    row = {"what": str(claim[f"arm_{side}"]), "printed": str(claim[f"reported_{side}"])}
    if counts.x is None or counts.n is None:
        verdict = f"not reproduced: {counts.how}" if counts.agrees is False else NOT_CHECKABLE
        return row | {"recomputed": "", "analysis": counts.how, "verdict": verdict}
    recomputed = f"{counts.x}/{counts.n} = {100 * counts.x / counts.n:.2f}%"
    verdict = {True: REPRODUCED, False: "not reproduced by its own count", None: NOT_CHECKABLE}[counts.agrees]
    return row | {"recomputed": recomputed, "analysis": counts.how, "verdict": verdict}


def _shown(p: float) -> str:
    return f"{p:.4f}" if p == p else "undefined"


def _name(label: str, alternative: str) -> str:
    return label if alternative == "two-sided" else f"{label}, one-sided ({alternative})"


def _p_row(claim: pd.Series, a: Counts, b: Counts) -> dict[str, str]:
    printed = str(claim["reported_p"])
    if not printed:
        row = {"what": "p", "printed": "not printed", "verdict": NOT_CHECKABLE}
        if a.x is None or b.x is None or a.n is None or b.n is None:
            return row | {"recomputed": "", "analysis": "no p-value is printed"}
        fisher = explain("1", a.x, a.n, b.x, b.n, tests=["fisher"], alternatives=["two-sided"])["p"].iloc[0]
        return row | {"recomputed": _shown(fisher), "analysis": "Fisher, for information: no p-value is printed"}
    row = {"what": "p", "printed": printed}
    if a.x is None or a.n is None or b.x is None or b.n is None:
        return row | {"recomputed": "", "analysis": "the counts are not known", "verdict": NOT_CHECKABLE}
    found = explain(printed, a.x, a.n, b.x, b.n)
    fits = found[found["rounds_to_reported"]]
    others = found[~found["rounds_to_reported"] & (found["alternative"] == "two-sided")]
    familiar = others[others["test"].isin(_FAMILIAR)].sort_values("p")
    names = [_name(*pair) for pair in zip(fits["label"], fits["alternative"], strict=True)]
    recomputed = "; ".join(_shown(p) for p in [*fits["p"], *familiar["p"]])
    analysis = "; ".join([*names, *(f"does not fit: {label}" for label in familiar["label"])])
    if fits.empty:
        verdict = f"not reproduced by any of {len(found)} analyses"
    elif len(fits) == len(found):
        verdict = REPRODUCED
    else:
        two_sided = int((fits["alternative"] == "two-sided").sum())
        aside = "" if two_sided else ", which is one-sided" if len(fits) == 1 else ", none of them two-sided"
        verdict = f"reproduced only by {len(fits)} of {len(found)} analyses{aside}"
    return row | {"recomputed": recomputed, "analysis": analysis, "verdict": verdict}


def check(study: str | Path | Study) -> Report:
    """Recompute every claim of a study and say what comes out.

    Parameters
    ----------
    study : str, pathlib.Path or Study
        Name of a shipped study, a folder in the same layout, or a loaded study.

    Returns
    -------
    Report
        One row per printed value: what was printed, what was recomputed, by which analysis, and the verdict.

    Raises
    ------
    InputError
        The study cannot be loaded.

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
    rows, resolved = [], {}
    for _, claim in record.claims.iterrows():
        a, b = resolve(record, claim, "a"), resolve(record, claim, "b")
        resolved[str(claim["id"])] = (a, b)
        endpoint = claim["endpoint"] + (f", {claim['visit']}" if claim["visit"] else "")
        head = {"claim": str(claim["id"]), "endpoint": endpoint, "role": str(claim["role"])}
        rows += [head | part for part in (_count_row(claim, "a", a), _count_row(claim, "b", b), _p_row(claim, a, b))]
    columns = ["claim", "endpoint", "role", "what", "printed", "recomputed", "analysis", "verdict"]
    return Report(
        study=record.trial.key,
        citation=record.trial.citation,
        rows=pd.DataFrame(rows, columns=columns),
        statements=read(record, resolved),
        n_analyses=n_analyses(),
    )
