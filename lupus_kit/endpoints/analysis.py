"""The analysis of a trial from its verdicts: two arms at every visit, within strata, in a model, and with answers imputed."""

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lupus_kit.core.columns import require_columns
from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.core.text import listing, p_value_text, plural
from lupus_kit.endpoints.compare.imputation import delta_grid, impute_responders
from lupus_kit.endpoints.visits.file_columns import BY_NAME

#: Shown for every comparison, so that nobody picks: the textbook test, the exact conditional, the exact unconditional.
COMPARED_BY = ("pearson", "fisher", "boschloo")
#: Shown of the stratified analysis and of the model, in this order.
SHOWN = ["cmh", "miettinen_nurminen_cmh", "sato", "mantel_haenszel", "breslow_day_tarone", "logistic", "profile_likelihood",
         "standardised"]  # fmt: skip
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

    Examples
    --------
    >>> from lupus_kit import cohort, endpoints
    >>> trial = cohort.what_if(seed=1)
    >>> visits = trial.visits.query("week in (0, 12)").merge(trial.patients[["patient", "nephritis"]])
    >>> found = endpoints.score_visits(visits, strata="nephritis").analysis.to_frame()
    >>> found.query("week == 12")["analysis"].iloc[0]
    'Cochran–Mantel–Haenszel'
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
        shown = [part.to_html(index=False, border=0, float_format="{:.4f}".format, formatters={"p": p_value_text}, na_rep="")
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
    if first is not None and str(first) not in arms:
        raise unknown_name("arm", first, arms)
    arms.sort(key=lambda arm: first is not None and arm != str(first))
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
        wanted = "strata and covariates are other columns, each named once"
        raise InputError(f"{listing(map(repr, keys or names))}: {wanted}.")
    require_columns(visits, list(names), "the visit table")
    start = visits.loc[visits["week"].astype(float) == 0].groupby("patient", observed=True)[list(names)].first()
    values = start.reindex(pd.unique(visits["patient"]))
    for name in names:
        by_patient = visits.groupby("patient", observed=True)[name]
        if name not in BY_NAME and by_patient.nunique().max() <= 1:
            values[name] = by_patient.first()
    return values


def analyse(
    table: pd.DataFrame, verdicts: pd.DataFrame, verdict: str, arms: Sequence[str], *, strata: Sequence[str],
    covariates: Sequence[str], n_imputations: int, seed: int, rule: Mapping[str, Any] | None,
) -> Analysis:  # fmt: skip
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
    names = [*strata, *covariates]
    baseline = at_baseline(table, names)
    for name in strata:  # a number of a stratum is a name
        baseline[name] = baseline[name].map(lambda v: f"{v:g}" if isinstance(v, float) else str(v), na_action="ignore")
    effects, imputed, tipping, notes = pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), list[str]()
    if n_imputations and rule is None:
        raise InputError(f"n_imputations is {n_imputations!r}, but multiple imputation is for the SRI alone.")
    if not arms:
        notes.append("Without two arms nothing is stratified, modelled or imputed.")
        return Analysis((), effects, imputed, tipping, tuple(notes))
    if names:
        notes.append(f"The model holds {listing(names)} as at baseline"
                     f"{f'; the strata are those of {listing(strata)}' if strata else ''}.")  # fmt: skip
        keys = [name for name in ("definition", "visit", "week", "patient", "arm") if name in verdicts]
        answers = verdicts[[*keys, verdict]].rename(columns={verdict: _ANSWER}).dropna(subset=[_ANSWER])
        answers = _of_arms(answers, arms).join(baseline, on="patient")
        lacking = answers.loc[answers[names].isna().any(axis=1), "patient"].unique()
        if len(lacking):
            notes.append(f"No {listing(names, 'or')} at baseline, so only in the analyses without them ({len(lacking)}): "
                         f"{listing(lacking)}.")  # fmt: skip
        effects = _effects(answers.dropna(subset=names), arms, strata, covariates, notes)
    if n_imputations:
        asked: dict[str, Any] = {"n_imputations": n_imputations, "seed": seed, "reference": arms[1], **(rule or {})}
        found = impute_responders(_of_arms(table, arms), **asked)
        imputed = found.pooled[["visit", "week", "quantity", "estimate", "low", "high", "p"]]
        notes.append(f"Multiple imputation, seed {seed}: {found.method}")
        if found.patients["observed"].isna().any():
            tipping = delta_grid(_of_arms(table, arms), **asked)
        else:
            notes.append("No answer is open, so imputation changes nothing and nothing can tip.")
    return Analysis(tuple(arms), effects, imputed, tipping, tuple(notes))


def _of_arms(frame: pd.DataFrame, arms: Sequence[str]) -> pd.DataFrame:
    """Keep the rows of two arms, each called by its name."""
    return frame.assign(arm=frame["arm"].astype(str))[frame["arm"].astype(str).isin(arms)]


def _effects(
    answers: pd.DataFrame, arms: Sequence[str], strata: Sequence[str], covariates: Sequence[str], notes: list[str]
) -> pd.DataFrame:
    """Compare the arms at each visit within strata and in a model; a note says of which visits it speaks."""
    from lupus_kit import inference

    def compare(kind: str) -> inference.Stratified | inference.Adjusted:
        if empty := [arm for arm in arms if not (answered["arm"] == arm).any()]:
            raise InputError(f"nobody of {listing(empty)} has an answer and all of its strata and covariates.")
        if kind == "strata":
            return inference.stratified(answered, strata=[*strata], outcome=_ANSWER, arm="arm", first_arm=arms[0])
        return inference.adjusted(answered, _ANSWER, "arm", [*strata, *covariates], first_arm=arms[0], bootstrap=0)

    tables: list[pd.DataFrame] = []
    said: dict[str, list[str]] = {}
    keys = [name for name in ("definition", "visit", "week") if name in answers]
    for key, part in answers.groupby(keys, sort=False):
        here: dict[str, Any] = dict(zip(keys, key, strict=True))
        answered = part.assign(**{_ANSWER: part[_ANSWER].astype(int)}).reset_index(drop=True)
        for kind in ("strata", "model") if strata else ("model",):
            try:
                found = compare(kind)
                table, remarks = found.to_frame().rename(columns={"label": "analysis"}), found.notes
                table = table.set_index("key").reindex(SHOWN).dropna(subset="analysis")
                tables.append(table.assign(**here, patients=len(answered)))
            except InputError as error:
                remarks = (f"{kind}: not computed: {error}",)
            for remark in remarks:
                if not remark.startswith("First arm: "):
                    said.setdefault(remark, []).append(", ".join(str(here[k]) for k in keys if k != "week"))
    notes += [f"{listing(visits)}: {remark}" for remark, visits in said.items()]
    columns = [*keys, "analysis", "measure", "patients", "estimate", "low", "high", "p"]
    whole = pd.concat(tables) if tables else pd.DataFrame(columns=columns)
    return whole[columns].sort_values("week", kind="stable", ignore_index=True)
