"""Operating characteristics of a trial, from counts of its simulated outcomes or from their exact probabilities."""

import html
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError
from lupus_kit.inference import intervals
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.scenario import Scenario
from lupus_kit.simulation.trials.decisions import CLAIMED, SIGNIFICANT, pvalues
from lupus_kit.simulation.trials.tally import ROLES
from lupus_kit.simulation.trials.truth import Truth, truth

#: Intervals whose coverage is computed unless told otherwise: all of the risk difference but the slow exact one.
INTERVALS = ("wald", "agresti_caffo", "newcombe", "miettinen_nurminen", "mee")

_PRIMARY, _SECONDARY = SIGNIFICANT
_CLAIM_PRIMARY, _CLAIM_SECONDARY = CLAIMED


@dataclass(frozen=True)
class Simulation:
    """Operating characteristics of a trial.

    Attributes
    ----------
    scenario : Scenario
        Design, plan and assumptions.
    tally : pandas.DataFrame
        How often each outcome occurred: one row an outcome of an endpoint (``endpoint`` 0 or 1), with the sizes and
        responders of the arms, a ``decision`` in four bits and ``weight`` (trials, or probability).
    n_trials : int or None
        Trials simulated; ``None`` where all outcomes were enumerated, so that nothing has a Monte Carlo error.
    """

    scenario: Scenario
    tally: pd.DataFrame
    n_trials: int | None
    _trials: pd.DataFrame | None = None

    @property
    def plan(self) -> AnalysisPlan:
        """The analysis plan."""
        return self.scenario.plan

    @property
    def n1(self) -> int:
        """Planned patients of the first arm."""
        return self.scenario.sizes[0]

    @property
    def n2(self) -> int:
        """Planned patients of the second arm."""
        return self.scenario.sizes[1]

    @cached_property
    def truth(self) -> Truth:
        """What is true under the assumptions; at the patient level estimated from 40,000 patients an arm."""
        return truth(self.scenario)

    @property
    def trials(self) -> pd.DataFrame:
        """One row a trial.

        Returns
        -------
        pandas.DataFrame
            ``look`` (at which analysis it ended), ``randomised1``, ``randomised2``; for the primary and the secondary
            endpoint ``n1_... x1_... n2_... x2_...`` and ``p_...``, ``significant_...``, ``claimed_...``.

        Raises
        ------
        InputError
            The trials were not kept.
        """
        if self._trials is None:
            raise InputError(
                "single trials were not kept: "
                + ("outcomes were enumerated." if self.n_trials is None else "ask for them with run(keep_trials=True).")
            )
        frame = self._trials.drop(columns="decision")
        decision = self._trials["decision"].to_numpy()
        for k, role in enumerate(ROLES):
            table = [frame[f"{name}_{role}"].to_numpy() for name in ("n1", "x1", "n2", "x2")]
            frame[f"p_{role}"] = pvalues(self.plan.test, *table)
            frame[f"significant_{role}"] = (decision & SIGNIFICANT[k]) > 0
            frame[f"claimed_{role}"] = (decision & CLAIMED[k]) > 0
        return frame

    def _rows(self, endpoint: int) -> pd.DataFrame:
        return self.tally[self.tally["endpoint"] == endpoint]

    def _error(self, share: float) -> float:
        return 0.0 if self.n_trials is None else float(np.sqrt(share * (1 - share) / self.n_trials))

    def _mean(self, values: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
        """Mean over trials (those where the value is defined) and its Monte Carlo error."""
        known = ~np.isnan(values) & (weight > 0)
        total = float(weight[known].sum())
        if total == 0:
            return float("nan"), float("nan")
        values, weight = values[known], weight[known] / total
        if np.ptp(values) == 0:
            return float(values[0]), 0.0
        mean = float(values @ weight)
        if self.n_trials is None:
            return mean, 0.0
        variance = float(((values - mean) ** 2) @ weight)
        return mean, float(np.sqrt(variance / (total - 1))) if total > 1 else float("nan")

    def probability(self, mask: np.ndarray) -> tuple[float, float]:
        """Share of trials whose decision is marked, and its Monte Carlo error.

        Parameters
        ----------
        mask : numpy.ndarray of bool, shape (16,)
            Which of the sixteen decisions count.
        """
        rows = self._rows(0)
        weight = rows["weight"].to_numpy(dtype=float)
        share = float(np.clip(weight[mask[rows["decision"].to_numpy()]].sum() / weight.sum(), 0.0, 1.0))
        return share, self._error(share)

    def summary(self) -> pd.DataFrame:
        """Return the operating characteristics, each with its Monte Carlo standard error.

        Returns
        -------
        pandas.DataFrame
            Columns ``quantity``, ``estimate``, ``mc_error``. *Significant*: the p-value reaches the level of the
            analysis at which the trial ended, whatever the rule for two endpoints. *Claimed*: the rule allows it; this
            is the power of the plan. *False claim*: of an endpoint at which the arms do not differ; its chance is the
            familywise error, ``nan`` where both endpoints differ. *Type M*: mean size of the estimate over the true
            difference, and *type S*: share with the wrong sign, both among trials that are significant at this
            endpoint; ``nan`` where the true difference is 0.
        """
        bits = np.arange(16)
        first, second = (bits & _PRIMARY) > 0, (bits & _SECONDARY) > 0
        claim1, claim2 = (bits & _CLAIM_PRIMARY) > 0, (bits & _CLAIM_SECONDARY) > 0
        events = {
            "primary significant": first,
            "secondary significant": second,
            "both significant": first & second,
            "either significant": first | second,
            "secondary significant, primary not": ~first & second,
            "primary claimed": claim1,
            "secondary claimed": claim2,
            "any endpoint claimed": claim1 | claim2,
        }
        rows = [(name, *self.probability(mask)) for name, mask in events.items()]
        null1, null2 = self.truth.null_primary, self.truth.null_secondary
        wrong = (claim1 & null1) | (claim2 & null2)
        rows.append(("any false claim", *(self.probability(wrong) if null1 or null2 else (np.nan, np.nan))))
        ends = self._rows(0)
        weight = ends["weight"].to_numpy(dtype=float)
        patients = (ends["randomised1"] + ends["randomised2"]).to_numpy(dtype=float)
        rows.append(("patients randomised", *self._mean(patients, weight)))
        last = len(self.plan.looks.fractions) if self.plan.looks else 1
        share = float(weight[(ends["look"] < last).to_numpy()].sum() / weight.sum())
        rows.append(("stopped early", share, self._error(share)))
        for k, role in enumerate(ROLES):
            rows += [(f"{role}: {name}", *found) for name, found in self._estimates(k).items()]
        return pd.DataFrame(rows, columns=["quantity", "estimate", "mc_error"])

    def _estimates(self, endpoint: int) -> dict[str, tuple[float, float]]:
        """Bias, type M and type S of the estimated difference of one endpoint."""
        rows, true = self._rows(endpoint), self.truth.difference(endpoint)
        weight = rows["weight"].to_numpy(dtype=float)
        n1, x1, n2, x2 = (rows[name].to_numpy(dtype=float) for name in ("n1", "x1", "n2", "x2"))
        with np.errstate(divide="ignore", invalid="ignore"):
            difference = x1 / n1 - x2 / n2
        chosen = weight * ((rows["decision"].to_numpy() & SIGNIFICANT[endpoint]) > 0)
        wrong = np.where(np.isnan(difference), np.nan, np.sign(difference) == -np.sign(true))
        nothing = (float("nan"), float("nan"))
        return {
            "mean difference": self._mean(difference, weight),
            "bias": self._mean(difference - true, weight),
            "mean difference if significant": self._mean(difference, chosen),
            "bias if significant": self._mean(difference - true, chosen),
            "type M": self._mean(np.abs(difference) / abs(true), chosen) if true else nothing,
            "type S": self._mean(wrong, chosen) if true else nothing,
        }

    def coverage(self, level: float = 0.95, methods: tuple[str, ...] = INTERVALS) -> pd.DataFrame:
        """How often each confidence interval holds the true value.

        Parameters
        ----------
        level : float
            Nominal level.
        methods : tuple of str
            Keys of :func:`lupus_kit.inference.intervals`.

        Returns
        -------
        pandas.DataFrame
            One row an endpoint and method: ``endpoint``, ``method``, ``label``, ``measure``, ``true_value``,
            ``coverage``, ``mc_error`` (of the coverage) and ``mean_width`` (``nan`` for ratios, whose intervals may have
            no end).
        """
        rows = []
        for k, role in enumerate(ROLES):
            # Trials that differ in their decision alone have the same interval.
            tables = self._rows(k).groupby(["n1", "x1", "n2", "x2"], as_index=False)["weight"].sum()
            tables = tables[(tables["n1"] > 0) & (tables["n2"] > 0)]
            counts = tables[["x1", "n1", "x2", "n2"]].to_numpy()
            weight = tables["weight"].to_numpy(dtype=float)
            for method in methods:
                found = [_interval(method, level, *map(int, row)) for row in counts]
                label, measure = found[0][2], found[0][3]
                true = _true_value(measure, self.truth, k)
                low, high = np.array([f[0] for f in found]), np.array([f[1] for f in found])
                # An interval without ends, as the odds ratio has where nobody responds, holds every value.
                inside = ~((low > true + 1e-12) | (high < true - 1e-12))
                width = self._mean(high - low, weight)[0] if measure == "risk difference" else float("nan")
                share, error = self._mean(inside.astype(float), weight)
                rows.append((role, method, label, measure, true, share, error, width))
        names = ["endpoint", "method", "label", "measure", "true_value", "coverage", "mc_error", "mean_width"]
        return pd.DataFrame(rows, columns=names)

    def pvalue_distribution(self, bins: int = 20) -> pd.DataFrame:
        """Distribution of the p-values of both endpoints.

        Parameters
        ----------
        bins : int
            Number of equal bins from 0 to 1.

        Returns
        -------
        pandas.DataFrame
            ``endpoint``, ``low``, ``high`` (ends of the bin; a p-value at an end is in the lower bin), ``share``,
            ``mc_error``. The row with ends ``nan`` holds the trials without a p-value.
        """
        if isinstance(bins, bool) or not isinstance(bins, (int, np.integer)) or not 1 <= bins <= 10_000:
            raise InputError(f"bins == {bins!r}: must be a whole number from 1 to 10000.")
        edges = np.append(np.arange(bins + 1) / bins, np.nan)
        rows = []
        for k, role in enumerate(ROLES):
            table = self._rows(k)
            p = pvalues(self.plan.test, *(table[name].to_numpy() for name in ("n1", "x1", "n2", "x2")))
            # A hair is taken off, so that 0.05 in floating point does not fall above the edge 1/20.
            place = np.clip(np.ceil(p * bins - 1e-9) - 1, 0, bins - 1)
            weight = table["weight"].to_numpy(dtype=float)
            found = np.bincount(np.where(np.isnan(p), bins, place).astype(int), weight, bins + 1) / weight.sum()
            for b, share in enumerate(found.tolist()):
                if b < bins or share > 0:
                    low, high = (edges[b], edges[b + 1]) if b < bins else (np.nan, np.nan)
                    rows.append((role, float(low), float(high), share, self._error(min(share, 1.0))))
        return pd.DataFrame(rows, columns=["endpoint", "low", "high", "share", "mc_error"])

    def estimates(self, endpoint: str = "primary") -> pd.DataFrame:
        """Distribution of the estimated difference, apart for trials that are significant and that are not.

        Parameters
        ----------
        endpoint : {"primary", "secondary"}
            Which endpoint.

        Returns
        -------
        pandas.DataFrame
            ``difference`` (first arm minus second), ``significant`` and ``share`` of all trials.
        """
        if endpoint not in ROLES:
            raise InputError(f"endpoint == {endpoint!r}: must be 'primary' or 'secondary'.")
        k = ROLES.index(endpoint)
        rows = self._rows(k)
        rows = rows[(rows["n1"] > 0) & (rows["n2"] > 0)]
        frame = pd.DataFrame(
            {
                # Rounded, so that the same difference from other counts is the same.
                "difference": (rows["x1"] / rows["n1"] - rows["x2"] / rows["n2"]).round(12),
                "significant": (rows["decision"] & SIGNIFICANT[k]) > 0,
                "share": rows["weight"] / rows["weight"].sum(),
            }
        )
        return frame.groupby(["difference", "significant"], as_index=False)["share"].sum()

    def to_frame(self) -> pd.DataFrame:
        """Return :meth:`summary`."""
        return self.summary()

    def _repr_html_(self) -> str:
        table = self.summary().to_html(index=False, float_format="{:.4f}".format, na_rep="–", border=0)
        what = "all outcomes enumerated" if self.n_trials is None else f"{self.n_trials:,} simulated trials"
        head = f"{what}, {self.n1} and {self.n2} patients, {self.plan.test} at {self.plan.alpha:g}"
        return f"{html.escape(head)}{table}"


def _true_value(measure: str, true: Truth, endpoint: int) -> float:
    first, second = (true.primary, true.secondary)[endpoint]
    if measure == "risk difference":
        return true.difference(endpoint)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "risk ratio":
            return float(np.float64(first) / second)
        return float(np.float64(first * (1 - second)) / (second * (1 - first)))


@lru_cache(maxsize=200_000)
def _interval(method: str, level: float, x1: int, n1: int, x2: int, n2: int) -> tuple[float, float, str, str]:
    (found,) = intervals(x1, n1, x2, n2, level, [method])
    return found.low, found.high, found.label, found.measure
