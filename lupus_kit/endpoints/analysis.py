"""The analysis of a trial from its verdicts: two arms at every visit, within strata, in a model, and with answers imputed."""

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.core.cells import require_columns
from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.core.text import listing, plural
from lupus_kit.endpoints.compare.imputation import delta_grid, impute_responders
from lupus_kit.endpoints.visits.file_columns import BY_NAME

#: Shown for every comparison, so that nobody picks: the textbook test, the exact conditional, the exact unconditional.
COMPARED_BY = ("pearson", "fisher", "boschloo")
_KEYS = ("patient", "visit", "week", "arm")
_ANSWER = "(answer)"


@dataclass(frozen=True)
class Analysis:
    """What a trial reports beside its two-arm table; always the first arm against the second.

    Attributes
    ----------
    arms : tuple of str
        The first and the second arm; empty where there are not two.
    effects : pandas.DataFrame
        One row per visit and analysis: ``definition`` (where several are scored), ``visit``, ``week``, ``analysis``,
        ``measure``, ``patients``, ``estimate``, ``low``, ``high``, ``p``.
    imputed : pandas.DataFrame
        Rates and their difference after multiple imputation: ``visit``, ``week``, ``quantity``, ``estimate``, ``low``,
        ``high``, ``p``.
    tipping : pandas.DataFrame
        The same difference at the last visit, where imputed SLEDAI is made worse by ``delta`` points in the first arm and
        ``delta_reference`` in the second.
    notes : tuple of str
        What was assumed, what could not be computed, and why.
    """

    arms: tuple[str, ...]
    effects: pd.DataFrame
    imputed: pd.DataFrame
    tipping: pd.DataFrame
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the effects."""
        return self.effects.copy()

    def _repr_html_(self) -> str:
        shown = [part.to_html(index=False, border=0, float_format="{:.4f}".format, na_rep="")
                 for part in (self.effects, self.imputed, self.tipping) if len(part)]  # fmt: skip
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return f"{''.join(shown)}<ul>{notes}</ul>"


def two_arms(visits: pd.DataFrame, first: str | None = None) -> tuple[tuple[str, ...], str]:
    """Return the arms in the order of the table, the one that is named in front; say why where there are not two."""
    if "arm" not in visits:
        if first is not None:
            raise InputError(f"the first arm is {first!r}, but there is no column 'arm'.")
        return (), "There is no column 'arm', so nothing is compared."
    by_row = visits.sort_index(kind="stable") if pd.api.types.is_integer_dtype(visits.index.dtype) else visits
    arms = [str(arm) for arm in by_row["arm"].dropna().unique()]
    if first is not None and first not in arms:
        raise unknown_name("arm", first, arms)
    arms.sort(key=lambda arm: arm != first)
    if len(arms) == 2:
        return tuple(arms), ""
    found = ": ".join([f"{plural(len(arms), 'arm')} found", *([", ".join(arms)] if arms else [])])
    return (), f"{found}; two are needed for a comparison."


def compare_arms(counts: pd.DataFrame, arms: Sequence[str]) -> pd.DataFrame:
    """Compare two arms at every visit, the first minus the second; no row where an arm has nobody assessed.

    Parameters
    ----------
    counts : pandas.DataFrame
        As ``Scored.responders`` returns them.
    arms : sequence of str
        The first and the second arm; nothing is compared where there are none.

    Returns
    -------
    pandas.DataFrame
        ``definition`` (if given), ``visit``, responders and patients of each arm, ``difference`` with the
        Miettinen–Nurminen interval ``low`` to ``high``, and a p-value of each test; missing where a table is too large for it.
    """
    from lupus_kit import inference

    def pvalue(key: str, x1: int, n1: int, x2: int, n2: int) -> float:
        try:
            return float(inference.pvalue(key, x1, n1, x2, n2))
        except InputError:
            return math.nan

    rows = []
    keys = [name for name in ("definition", "visit") if name in counts]
    for key, part in counts.groupby(keys, sort=False) if len(arms) else ():
        of_arms = part.assign(arm=part["arm"].astype(str)).set_index("arm")[["responders", "assessed"]]
        of_arms = of_arms.reindex(list(arms), fill_value=0)
        if (of_arms["assessed"] == 0).any():
            continue
        (x1, n1), (x2, n2) = of_arms.astype(int).to_numpy().tolist()
        (interval,) = inference.intervals(x1, n1, x2, n2, methods=["miettinen_nurminen"])
        rows.append(
            dict(zip(keys, key, strict=True))
            | {arms[0]: f"{x1}/{n1}", arms[1]: f"{x2}/{n2}"}
            | {"difference": interval.estimate, "low": interval.low, "high": interval.high}
            | {f"p_{test}": pvalue(test, x1, n1, x2, n2) for test in COMPARED_BY}
        )
    return pd.DataFrame(rows)


def names_of(columns: object, argument: str) -> list[str]:
    """Return one name, or several, as a list."""
    names = [columns] if isinstance(columns, str) else columns
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{argument} is {columns!r}: give a list of column names.")
    return list(names)


def at_baseline(visits: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return what each patient had at baseline; a characteristic that never changes may stand at any visit.

    Parameters
    ----------
    visits : pandas.DataFrame
        One row per patient and visit.
    names : sequence of str
        Columns.

    Returns
    -------
    pandas.DataFrame
        One row per patient, indexed by patient.

    Raises
    ------
    InputError
        If there is no such column, or it is a key of the table.
    """
    keys = [name for name in names if name in _KEYS]
    if keys or len(set(names)) < len(names):
        raise InputError(
            f"{listing(map(repr, keys or names))}: strata and covariates are other columns, each named once."
        )
    require_columns(visits, list(names), "the visit table")
    start = visits.loc[visits["week"].astype(float) == 0].groupby("patient")[list(names)].first()
    values = start.reindex(pd.unique(visits["patient"]))
    for name in names:
        by_patient = visits.groupby("patient")[name]
        if name not in BY_NAME and by_patient.nunique().max() <= 1:
            values[name] = by_patient.first()
    return values


def analyse(
    table: pd.DataFrame,
    verdicts: pd.DataFrame,
    verdict: str,
    arms: Sequence[str],
    *,
    strata: Sequence[str],
    covariates: Sequence[str],
    n_imputations: int,
    seed: int,
    rule: Mapping[str, Any] | None,
) -> Analysis:
    """Compare two arms within strata, in a logistic model, and after multiple imputation.

    Parameters
    ----------
    table, verdicts : pandas.DataFrame
        The visits as they were scored, and what the rule returned.
    verdict : str
        The column of the verdict.
    arms : sequence of str
        The first and the second arm; nothing is compared where there are none.
    strata : sequence of str
        Columns whose combinations are the strata; the model holds them too.
    covariates : sequence of str
        Further columns for the model.
    n_imputations : int
        How many data sets are imputed; none where it is 0.
    seed : int
        Of the imputations.
    rule : mapping, optional
        Points and options of the SRI for the imputations; None for an endpoint that is not the SRI.

    Returns
    -------
    Analysis
        Tidy tables and notes.
    """
    if (
        isinstance(n_imputations, bool)
        or not isinstance(n_imputations, int | np.integer)
        or not (n_imputations == 0 or n_imputations > 1)
    ):
        raise InputError(f"n_imputations is {n_imputations!r}: give a whole number from 2, or 0 for no imputation.")
    names = [*strata, *covariates]
    baseline = at_baseline(table, names)
    for name in strata:  # a number of a stratum is a name
        baseline[name] = baseline[name].map(lambda v: f"{v:g}" if isinstance(v, float) else str(v), na_action="ignore")
    notes: list[str] = []
    effects, imputed, tipping = pd.DataFrame(), pd.DataFrame(), pd.DataFrame()
    if not arms:
        return Analysis(
            (), effects, imputed, tipping, ("Without two arms nothing is stratified, modelled or imputed.",)
        )
    if names:
        keys = [name for name in ("definition", "visit", "week", "patient", "arm") if name in verdicts]
        answers = verdicts[[*keys, verdict]].rename(columns={verdict: _ANSWER}).dropna(subset=["arm", _ANSWER])
        answers = answers[answers["arm"].astype(str).isin(arms)].assign(arm=answers["arm"].astype(str))
        lacking = baseline.index[baseline.isna().any(axis=1) & baseline.index.isin(answers["patient"])]
        if len(lacking):
            notes.append(f"No {listing(names, 'or')} at baseline, so only in the analyses without them ({len(lacking)}): "
                         f"{listing(lacking)}.")  # fmt: skip
        effects = _effects(answers.join(baseline.dropna(), on="patient", how="inner"), arms, strata, covariates, notes)
    if n_imputations:
        mine = table[table["arm"].astype(str).isin(arms)]
        imputed, tipping = _imputed(mine.assign(arm=mine["arm"].astype(str)), arms, n_imputations, seed, rule, notes)
    return Analysis(tuple(arms), effects, imputed, tipping, tuple(notes))


def _effects(
    answers: pd.DataFrame, arms: Sequence[str], strata: Sequence[str], covariates: Sequence[str], notes: list[str]
) -> pd.DataFrame:
    """Compare the arms at each visit within strata and in a model; a note says of which visits it speaks."""
    rows: list[dict[str, object]] = []
    said: dict[str, list[str]] = {}
    keys = [name for name in ("definition", "visit", "week") if name in answers]
    for key, part in answers.groupby(keys, sort=False):
        here = dict(zip(keys, key, strict=True))
        where = ", ".join(str(here[name]) for name in keys if name != "week")
        answered = part.assign(**{_ANSWER: part[_ANSWER].astype(int)}).reset_index(drop=True)
        for kind, compare, names in (
            ("strata", _within_strata, strata), ("model", _in_model, [*strata, *covariates])
        ):  # fmt: skip
            if not names:
                continue
            try:
                _need_both(answered, arms)
                found, remarks = compare(answered, arms, list(names))
            except InputError as error:
                found, remarks = [], (f"{kind}: not computed: {error}",)
            rows += [here | {"patients": len(answered)} | row for row in found]
            for remark in remarks:
                if not remark.startswith("First arm: "):
                    said.setdefault(remark, []).append(where)
    notes += [f"{listing(visits)}: {remark}" for remark, visits in said.items()]
    columns = [*keys, "analysis", "measure", "patients", "estimate", "low", "high", "p"]
    return pd.DataFrame(rows, columns=columns).sort_values("week", kind="stable", ignore_index=True)


_Found = tuple[list[dict[str, object]], Sequence[str]]


def _within_strata(answered: pd.DataFrame, arms: Sequence[str], strata: list[str]) -> _Found:
    from lupus_kit import inference

    found = inference.stratified(answered, strata=strata, outcome=_ANSWER, arm="arm", first_arm=arms[0])
    rows: list[dict[str, object]] = [
        {"analysis": label, "measure": one.measure, "estimate": one.estimate, "low": one.low, "high": one.high, "p": p}
        for label, one, p in (
            ("Cochran–Mantel–Haenszel, Miettinen–Nurminen", found.intervals["miettinen_nurminen_cmh"], found.cmh.p),
            (found.risk_difference.label, found.risk_difference, np.nan),
            (found.odds_ratio.label, found.odds_ratio, np.nan),
        )
    ]
    return [*rows, {"analysis": found.homogeneity.label, "measure": "", "p": found.homogeneity.p}], found.notes


def _in_model(answered: pd.DataFrame, arms: Sequence[str], names: list[str]) -> _Found:
    from lupus_kit import inference

    found = inference.adjusted(answered, _ANSWER, "arm", names, first_arm=arms[0], bootstrap=0)
    shown = ("measure", "estimate", "low", "high", "p")
    return [
        {"analysis": one.label} | {name: getattr(one, name) for name in shown}
        for one in (found.odds_ratio, found.risk_difference)
    ], found.notes


def _need_both(answered: pd.DataFrame, arms: Sequence[str]) -> None:
    if empty := [arm for arm in arms if not (answered["arm"] == arm).any()]:
        raise InputError(f"nobody of {listing(empty)} has an answer and all of its strata and covariates.")


def _imputed(
    table: pd.DataFrame,
    arms: Sequence[str],
    n_imputations: int,
    seed: int,
    rule: Mapping[str, Any] | None,
    notes: list[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Impute open answers and look for the shift at which the conclusion tips."""
    if rule is None:
        notes.append("Multiple imputation is for the SRI: this endpoint was not imputed.")
        return pd.DataFrame(), pd.DataFrame()
    asked = {"n_imputations": n_imputations, "seed": seed, "reference": arms[1], **rule}
    try:
        found = impute_responders(table, **asked)
    except InputError as error:
        notes.append(f"Multiple imputation was not computed: {error}")
        return pd.DataFrame(), pd.DataFrame()
    pooled = found.pooled[["visit", "week", "quantity", "estimate", "low", "high", "p"]]
    notes.append(f"Multiple imputation, seed {seed}: {found.method}")
    if found.patients["observed"].notna().all():
        notes.append("No answer is open, so imputation changes nothing and nothing can tip.")
        return pooled, pd.DataFrame()
    return pooled, delta_grid(table, **asked)
