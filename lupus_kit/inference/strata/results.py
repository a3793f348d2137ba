"""What an analysis over strata returns."""

import html
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit.core.errors import unknown_name
from lupus_kit.inference.intervals.effects import intervals
from lupus_kit.inference.intervals.interval import Interval

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
        two_sided = self.alternative == "two-sided"
        rows: list[dict[str, object]] = [vars(test) for test in self.tests.values()]
        rows += [
            {**vars(one), "p": self.tests[one.inverts].p if one.inverts and two_sided else np.nan, "df": 0}
            for one in self.intervals.values()
        ]
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
        if measure not in _FOREST:
            raise unknown_name("measure", measure, _FOREST)
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
        rows = shown.to_html(index=False, border=0, float_format="{:.4f}".format, na_rep="")
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return f"{html.escape(heading)}{tables}{rows}<ul>{notes}</ul>"
