"""Responders of two arms, compared within strata."""

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit.core.columns import names_of
from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.core.text import listing, p_value_text, plural
from lupus_kit.inference.intervals.effects import intervals
from lupus_kit.inference.intervals.interval import Interval
from lupus_kit.inference.strata import estimators
from lupus_kit.inference.strata.conditional import EXACT, Conditional
from lupus_kit.inference.strata.patients import COUNTS, Strata, check_tables, count_patients
from lupus_kit.inference.two_by_two.counts import Bools, as_alternative, as_level
from lupus_kit.inference.two_by_two.pearson import normal_pvalue

_ODDS, _DIFFERENCE = "odds ratio", "risk difference"
# Measure: the interval of one stratum that a forest draws, and that of all strata together.
_FOREST = {
    "risk difference": ("miettinen_nurminen", "miettinen_nurminen_cmh"),
    "risk ratio": ("koopman", "mantel_haenszel_risk_ratio"),
    "odds ratio": ("conditional_midp", "mantel_haenszel"),
}


@dataclass(frozen=True)
class StratifiedTest:
    """One test over all strata.

    Attributes
    ----------
    key, label : str
        Name of the test in the code and in print.
    statistic : float
        Chi-squared statistic; ``nan`` for an exact test.
    df : int
        Degrees of freedom of the statistic; 0 where there is none.
    p : float
        p-value; ``nan`` where no stratum says anything.

    Examples
    --------
    >>> from lupus_kit.inference import StratifiedTest
    >>> StratifiedTest("cmh", "Cochran–Mantel–Haenszel", 8.3, 1, 0.004).pvalue
    0.004
    """

    key: str
    label: str
    statistic: float
    df: int
    p: float

    @property
    def pvalue(self) -> float:
        """The p-value, by the name that it has in SciPy and statsmodels."""
        return self.p


@dataclass(frozen=True)
class Stratified:
    """Responders of two arms, compared within strata.

    Attributes
    ----------
    tables : pandas.DataFrame
        ``stratum x1 n1 x2 n2`` as given or counted, and ``informative``: whether the stratum has an odds ratio (patients
        in both arms, somebody who responds and somebody who does not).
    arms : tuple of str
        Names of the first and second arm.
    cmh : StratifiedTest
        Cochran–Mantel–Haenszel test, with a continuity correction only where that was asked for.
    tests : mapping of str to StratifiedTest
        Every test by its key.
    intervals : mapping of str to Interval
        Every interval by its key; ``inverts`` is the key of the test that it agrees with.
    level : float
        Confidence level.
    alternative : str
        Of the tests; intervals are two-sided.
    notes : tuple of str
        What was assumed, and how many strata and patients it touches.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> import pandas as pd
    >>> tables = pd.DataFrame([["f", 16, 27, 5, 25], ["m", 12, 28, 7, 26]], columns=["stratum", "x1", "n1", "x2", "n2"])
    >>> found = inference.stratified(tables)
    >>> [round(one.estimate, 3) for one in (found.odds_ratio, found.exact_odds_ratio, found.risk_ratio, found.risk_difference)]
    [3.313, 3.303, 2.164, 0.274]
    >>> found.homogeneity.df, found.exact.key, len(found.to_frame()), len(found.forest())
    (1, 'exact', 17, 3)
    """

    tables: pd.DataFrame
    arms: tuple[str, str]
    cmh: StratifiedTest
    tests: Mapping[str, StratifiedTest]
    intervals: Mapping[str, Interval]
    level: float
    alternative: str
    notes: tuple[str, ...]

    @property
    def homogeneity(self) -> StratifiedTest:
        """Breslow and Day's test, with Tarone's correction, that the odds ratios of the strata are alike."""
        return self.tests["breslow_day_tarone"]

    @property
    def exact(self) -> StratifiedTest:
        """Exact conditional test, twice the smaller tail: it agrees with ``exact_odds_ratio``."""
        return self.tests["exact"]

    @property
    def odds_ratio(self) -> Interval:
        """Mantel–Haenszel odds ratio with the interval of Robins, Breslow and Greenland."""
        return self.intervals["mantel_haenszel"]

    @property
    def exact_odds_ratio(self) -> Interval:
        """Conditional maximum-likelihood odds ratio with its exact interval."""
        return self.intervals["conditional_exact"]

    @property
    def risk_ratio(self) -> Interval:
        """Mantel–Haenszel risk ratio with the interval of Greenland and Robins."""
        return self.intervals["mantel_haenszel_risk_ratio"]

    @property
    def risk_difference(self) -> Interval:
        """Mantel–Haenszel risk difference with Sato's interval."""
        return self.intervals["sato"]

    def to_frame(self) -> pd.DataFrame:
        """Return every test and every interval, one row each.

        Returns
        -------
        pandas.DataFrame
            Columns ``key label measure statistic df p estimate low high level``; an interval that inverts a test has
            the p-value of that test, where it is two-sided.
        """
        p = {test.key: test.p for test in self.tests.values() if self.alternative == "two-sided"}
        rows: list[dict[str, object]] = [vars(test) for test in self.tests.values()]
        rows += [{**vars(one), "p": p.get(one.inverts, np.nan), "df": 0} for one in self.intervals.values()]
        columns = ["key", "label", "measure", "statistic", "df", "p", "estimate", "low", "high", "level"]
        return pd.DataFrame(rows, columns=columns).fillna({"measure": ""})

    def forest(self, measure: str = "risk difference") -> pd.DataFrame:
        """Return one effect of every stratum, and of all together in the last row.

        Parameters
        ----------
        measure : {"risk difference", "risk ratio", "odds ratio"}
            The effect. Strata have the interval of Miettinen–Nurminen, Koopman, or conditional mid-p.

        Returns
        -------
        pandas.DataFrame
            Columns ``stratum x1 n1 x2 n2 measure estimate low high level weight pooled``; ``weight`` is the share of the
            Cochran–Mantel–Haenszel weights. A stratum without patients in both arms has no effect (``nan``) and no part in
            the last row.

        Raises
        ------
        InputError
            Unknown measure.
        """
        require_choice("measure", measure, _FOREST)
        of_one, of_all = _FOREST[measure]
        counts = ["x1", "n1", "x2", "n2"]
        effects = [
            intervals(x1, n1, x2, n2, self.level, [of_one])[0] if n1 and n2 else None
            for x1, n1, x2, n2 in self.tables[counts].itertuples(index=False, name=None)
        ]
        weight = (self.tables["n1"] * self.tables["n2"] / (self.tables["n1"] + self.tables["n2"])).fillna(0.0)
        together = {"stratum": "all strata", **self.tables.loc[weight > 0, counts].sum(), "weight": weight.sum()}
        frame = pd.concat([self.tables.assign(weight=weight), pd.DataFrame([together])], ignore_index=True)
        for name in ("estimate", "low", "high"):
            frame[name] = [getattr(one, name, np.nan) for one in [*effects, self.intervals[of_all]]]
        frame = frame.assign(measure=measure, level=self.level, weight=frame["weight"] / weight.sum())
        frame["pooled"] = frame.index == len(frame) - 1
        return frame[["stratum", *counts, "measure", "estimate", "low", "high", "level", "weight", "pooled"]]

    def _repr_html_(self) -> str:
        heading = f"Responders of {self.arms[0]} (1) and {self.arms[1]} (2), compared within strata."
        tables = self.tables.to_html(index=False, border=0)
        shown = self.to_frame()[["label", "measure", "statistic", "p", "estimate", "low", "high"]]
        rows = shown.to_html(
            index=False, border=0, float_format="{:.4f}".format, formatters={"p": p_value_text}, na_rep=""
        )
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return f"{html.escape(heading)}{tables}{rows}<ul>{notes}</ul>"


def _notes(tables: pd.DataFrame, two_arms: Bools) -> list[str]:
    """Say how many strata and patients tell nothing, and about what."""
    alike = two_arms & ~tables["informative"].to_numpy()
    notes = []
    for rows, said in (
        (~two_arms, "without patients in both arms: left out of everything"),
        (alike, "where nobody responds, or everybody: nothing is learned about the odds ratio, in its tests and in that of "
                "homogeneity; the risk difference counts them, with half a responder added to each arm where weights are "
                "inverse variances"),
    ):  # fmt: skip
        part = tables[rows]
        patients = plural(int(part[["n1", "n2"]].to_numpy().sum()), "patient")
        if len(part):
            notes.append(f"{plural(len(part), 'stratum', 'strata')} ({listing(part['stratum'])}; {patients}) {said}.")
    return notes


def _tests(strata: Strata, exact: Conditional, alternative: str) -> Iterator[StratifiedTest]:
    for key, (label, root) in estimators.ROOTS.items():
        z = root(strata)
        yield StratifiedTest(key, label, float(z) ** 2, 1, float(normal_pvalue(z, alternative)))
    for key, (label, test) in EXACT.items():
        yield StratifiedTest(key, label, np.nan, 0, exact.pvalue(test, alternative))
    statistic, df, p = estimators.breslow_day_tarone(strata)
    yield StratifiedTest("breslow_day_tarone", "equal odds ratios (Breslow–Day–Tarone)", statistic, df, p)


def _intervals(strata: Strata, exact: Conditional, level: float) -> Iterator[Interval]:
    pooled = "Mantel–Haenszel"
    robins = f"{pooled} (Greenland–Robins)"
    for key, label, measure, ends, inverts in (
        ("mantel_haenszel", f"{pooled} (Robins–Breslow–Greenland)", _ODDS, estimators.odds_ratio(strata, level), ""),
        ("conditional_exact", "conditional exact", _ODDS, exact.effect(level, 1.0), "exact"),
        ("conditional_midp", "conditional mid-p", _ODDS, exact.effect(level, 0.5), "midp"),
        ("mantel_haenszel_risk_ratio", robins, "risk ratio", estimators.risk_ratio(strata, level), ""),
        ("sato", f"{pooled} (Sato)", _DIFFERENCE, estimators.sato(strata, level), ""),
        ("greenland_robins", robins, _DIFFERENCE, estimators.greenland_robins(strata, level), ""),
    ):
        yield Interval(key, label, measure, *ends, level, inverts)
    for weighting, test in (("cmh", "cmh"), ("inverse_variance", "score_inverse_variance")):
        said = "CMH weights" if weighting == "cmh" else "inverse-variance weights"
        score = estimators.miettinen_nurminen(strata, level, weighting)
        hybrid = estimators.newcombe(strata, level, weighting)
        label = f"stratified Miettinen–Nurminen, {said}"
        yield Interval(f"miettinen_nurminen_{weighting}", label, _DIFFERENCE, *score, level, test)
        yield Interval(f"newcombe_{weighting}", f"stratified Newcombe, {said}", _DIFFERENCE, *hybrid, level)


def stratified(
    tables: pd.DataFrame,
    *,
    strata: str | list[str] | None = None,
    outcome: str | None = None,
    arm: str | None = None,
    first_arm: object = None,
    correction: bool = False,
    level: float = 0.95,
    alternative: str = "two-sided",
    missing: str = "refuse",
) -> Stratified:
    """Compare the responders of two arms within strata.

    Parameters
    ----------
    tables : pandas.DataFrame
        One row a stratum, with columns ``stratum``, ``x1``, ``n1``, ``x2`` and ``n2``: responders and patients of the
        first and second arm; an arm may be empty. Or, with `outcome` and `arm`, one row a patient.
    strata : str or list of str, optional
        Columns whose combinations are the strata; ``stratum`` by default.
    outcome, arm : str, optional
        For patients: the column of the outcome (1 or True: responded), and that of the two arms.
    first_arm : optional
        For patients: the first arm; by default the one that stands first in the data. A note says which it is.
    correction : bool
        Give ``.cmh`` with the continuity correction. Both stand among the ``tests``.
    level : float
        Confidence level.
    alternative : {"two-sided", "greater", "less"}
        Of the tests; ``"greater"``: the first arm responds more. Intervals are two-sided.
    missing : {"refuse", "drop"}
        For patients who lack an outcome, an arm or a stratum.

    Returns
    -------
    Stratified
        With ``.cmh``, ``.homogeneity``, ``.exact``, ``.odds_ratio``, ``.risk_ratio``, ``.risk_difference``,
        ``.to_frame()``, ``.forest()`` and ``.notes``.

    Raises
    ------
    InputError
        No such column, counts that do not fit together, a stratum twice, not two arms, an outcome that is not 0 or 1,
        missing values, no stratum with patients in both arms.

    Notes
    -----
    A stratum with one arm says nothing and is left out. Where nobody responds, or everybody, nothing is learned about the
    odds ratio; the stratum counts in the risk difference (and, if nobody responds, adds nothing to the risk ratio).
    ``notes`` names these strata and their patients. Homogeneity is ``nan`` for fewer than two strata with an odds ratio,
    and where the common one is 0 or infinite. Where no stratum has an odds ratio, tests are ``nan`` and the exact
    ones 1. Beyond 3,000 patients the exact tests are left out, with a note.

    Tests and intervals that agree: Cochran–Mantel–Haenszel with Miettinen–Nurminen's interval with CMH weights, the score
    test with that with inverse-variance weights, the exact tests of twice the smaller tail with the exact intervals. R's
    ``mantelhaen.test(exact = TRUE)`` prints the point-probability test beside the exact interval. Where the continuity
    correction would go past zero R corrects nothing; here p is 1.

    Examples
    --------
    SAS's example of a trial in migraine, women and men:

    >>> tables = pd.DataFrame({"stratum": ["female", "male"], "x1": [16, 12], "n1": [27, 28], "x2": [5, 7], "n2": [25, 26]})
    >>> found = stratified(tables)
    >>> round(found.cmh.statistic, 4), round(found.cmh.p, 4), round(found.odds_ratio.estimate, 3)
    (8.3052, 0.004, 3.313)
    >>> found.to_frame().set_index("key").loc[["cmh_corrected", "exact", "breslow_day_tarone"], "p"].round(4).tolist()
    [0.0073, 0.0066, 0.2221]
    """
    names = names_of("stratum" if strata is None else strata, "strata")
    confidence, side = as_level("level", level), as_alternative(alternative)
    if not names:
        raise InputError("strata == []: name at least one column.")
    roles = names_of([name for name in (outcome, arm) if name is not None], "outcome and arm") + names
    if len(set(roles)) < len(roles):
        raise InputError(f"outcome {outcome!r}, arm {arm!r} and strata {names!r} must be different columns.")
    notes: list[str] = []
    if outcome is not None and arm is not None:
        counted, arms, notes = count_patients(tables, outcome, arm, names, first_arm, missing)
    elif outcome is None and arm is None:
        counted, arms = check_tables(tables, names), ("arm 1", "arm 2")
    else:
        raise InputError("outcome= and arm= go together: they name the columns of a table with one row a patient.")
    counts = counted[list(COUNTS)].to_numpy(dtype=np.float64)
    two_arms = (counts[:, 1] > 0) & (counts[:, 3] > 0)
    if not two_arms.any():
        raise InputError("no stratum has patients in both arms: nothing can be compared within strata.")
    counted["informative"] = Strata(*counts.T).informative
    kept = Strata(*counts[two_arms].T)
    exact = Conditional(kept)
    notes += _notes(counted, two_arms)
    if not exact.ways:
        notes.append("The exact tests and intervals are left out: so many patients take too long.")
    tests = {test.key: test for test in _tests(kept, exact, side)}
    found = {one.key: one for one in _intervals(kept, exact, confidence)}
    cmh = tests["cmh_corrected" if correction else "cmh"]
    counted = counted[["stratum", *COUNTS, "informative"]]
    return Stratified(counted, arms, cmh, tests, found, confidence, side, tuple(notes))
