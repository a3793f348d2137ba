"""Operating characteristics of a trial, from counts of its simulated outcomes or from their exact probabilities."""

import html
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError, is_whole, require_choice
from lupus_kit.core.text import listing
from lupus_kit.inference.intervals.effects import METHODS, many_ends
from lupus_kit.inference.two_by_two.counts import as_level
from lupus_kit.simulation.monte_carlo import NOT_ESTIMABLE, Estimate, in_words, known, mean, share, widened
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.endpoint import ROLES
from lupus_kit.simulation.plan.scenario import Scenario
from lupus_kit.simulation.trials.decisions import AT_ENDPOINT, SUMMED, events_of, pvalues
from lupus_kit.simulation.trials.tally import TABLE, table_columns
from lupus_kit.simulation.trials.truth import ESTIMANDS, Truth, truth

#: Intervals whose coverage is computed unless told otherwise: all of the risk difference but the slow exact one.
INTERVALS = ("wald", "agresti_caffo", "newcombe", "miettinen_nurminen", "mee")


@dataclass(frozen=True)
class Simulation:
    """Operating characteristics of a trial.

    Attributes
    ----------
    scenario : Scenario
        Design, plan and assumptions.
    tally : pandas.DataFrame
        How often each outcome occurred: one row an outcome of an endpoint (``endpoint`` 0 or 1; of several active arms one of
        ``scenario.comparisons``), with sizes and responders, a ``decision`` and ``weight`` (trials, or probability).
    n_trials : int or None
        Trials simulated; ``None`` where all outcomes were enumerated, so that nothing has a Monte Carlo error.

    Examples
    --------
    >>> from lupus_kit import simulation
    >>> from lupus_kit.design import he2020
    >>> rates = simulation.ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30))
    >>> found = simulation.run(he2020(), rates, n_trials=500, seed=1)
    >>> found.n_trials
    500
    >>> found.plan.test
    'pearson'
    >>> found.n1
    30
    >>> found.n2
    30
    >>> len(found.trials)
    500
    >>> 0.4 < found.probability(found.events["primary claimed"]).estimate < 0.6
    True
    >>> list(found.undefined)
    ['any false claim']
    >>> found.summary()["quantity"].tolist()[:2]
    ['primary significant', 'secondary significant']
    >>> found.coverage(methods=("wald", "newcombe"))["method"].unique().tolist()
    ['wald', 'newcombe']
    >>> len(found.pvalue_distribution(bins=10))
    20
    >>> list(found.estimates().columns)
    ['difference', 'significant', 'share']
    >>> found.to_frame().equals(found.summary())
    True
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

    @property
    def events(self) -> pd.DataFrame:
        """What each decision (row) says: ``"primary claimed"`` and more, or of several active arms which are claimed."""
        return events_of(self.scenario.comparisons)

    @cached_property
    def truth(self) -> Truth:
        """What is true for the estimand of the plan; at the patient level estimated from 40,000 patients an arm."""
        return truth(self.scenario)

    @property
    def trials(self) -> pd.DataFrame:
        """One row a trial.

        Returns
        -------
        pandas.DataFrame
            ``look`` (at which analysis it ended), ``randomised1``, ``randomised2``; for the primary and the secondary
            endpoint ``n1_... x1_... n2_... x2_...`` and ``p_...``, ``significant_...``, ``claimed_...``, ``harm_...``. With
            several active arms all have their number, such as ``p3_primary``; the secondary endpoint is not tested, and
            ``significant`` and ``harm`` are not there.

        Raises
        ------
        InputError
            The trials were not kept.
        """
        if self._trials is None:
            why = "ask for them with run(keep_trials=True)" if self.n_trials else "outcomes were enumerated"
            raise InputError(f"single trials were not kept: {why}.")
        frame = self._trials.drop(columns="decision")
        decision = self._trials["decision"].to_numpy()
        for k, one in enumerate(self.scenario.comparisons):
            end = f"{one.arm + 1 if self._several else ''}_{ROLES[one.endpoint]}"
            if k in self._tabled:  # the p-values of others came with the trials
                frame[f"p{end}"] = self._pvalues(frame, *table_columns(k, len(self.scenario.sizes)))
            for what in AT_ENDPOINT:
                if (event := f"{one.name} {what}") in self.events:
                    frame[f"{what.split()[0]}{end}"] = self.events[event].to_numpy()[decision]
        return frame

    @property
    def _several(self) -> bool:
        """Whether there are several active arms."""
        return len(self.scenario.sizes) > 2

    @property
    def _selects(self) -> str:
        """What an estimate is looked at for on its own: that it is significant, or with several active arms claimed."""
        return "claimed" if self._several else "significant"

    @property
    def _tabled(self) -> dict[int, str]:
        """Comparisons, by number, whose p-value is that of a table."""
        named, tabled = enumerate(self.scenario.comparisons), self.plan.tabled
        return {k: one.name for k, one in named if one.tested and one.endpoint in tabled}

    def _pvalues(self, frame: pd.DataFrame, *names: str) -> np.ndarray:
        """p-values of tables in four columns of a frame."""
        n1, x1, n2, x2 = (frame[name].to_numpy() for name in names)
        return pvalues(self.plan.test, n1, x1, n2, x2, self.plan.alternative, self.plan.margin)

    def _rows(self, endpoint: int) -> pd.DataFrame:
        return self.tally[self.tally["endpoint"] == endpoint]

    @cached_property
    def _by_decision(self) -> np.ndarray:
        """Weight of each decision."""
        return np.bincount((rows := self._rows(0))["decision"], rows["weight"], len(self.events))

    def _share(self, weight: float, total: float) -> Estimate:
        """Proportion of trials, or its exact value."""
        if self.n_trials is None:
            return known(float(np.clip(weight / total, 0.0, 1.0))) if total > 0 else NOT_ESTIMABLE
        return share(weight, total)

    def _mean(self, values: np.ndarray, weight: np.ndarray) -> Estimate:
        """Mean over trials (those where the value is defined), or its exact value."""
        if self.n_trials is not None:
            return mean(values, weight)
        there = ~np.isnan(values) & (weight > 0)
        return known(float(np.average(values[there], weights=weight[there]))) if there.any() else NOT_ESTIMABLE

    def probability(self, mask: np.ndarray | pd.Series) -> Estimate:
        """Share of trials whose decision is marked.

        Parameters
        ----------
        mask : numpy.ndarray or pandas.Series of bool
            Which of the decisions count, such as a column of ``events``.

        Returns
        -------
        Estimate
            ``estimate``, ``mc_error``, ``low``, ``high``.
        """
        weight = self._by_decision
        return self._share(float(weight[np.asarray(mask, dtype=bool)].sum()), float(weight.sum()))

    @property
    def undefined(self) -> set[str]:
        """Quantities of :meth:`summary` that have no meaning under the plan and what is true."""
        nothing = [one.name for k, one in enumerate(self.scenario.comparisons) if self.truth.difference(k) == 0]
        null = [k for k, one in enumerate(self.scenario.comparisons) if one.tested and self._is_null(k)]
        return {
            *(f"{role}: type {kind}" for role in nothing for kind in "MS"),
            *(f"{role} harm found" for role in ROLES if self.plan.sided == 1),
            *(["any false claim"] if not null else []),
            *(["type III error"] if len(null) == 2 or self.plan.margin else []),
        }

    def _is_null(self, comparison: int) -> bool:
        """Whether a claim is false: the arms do not differ, or the first is inferior by the margin or more.

        Of several active arms one that is worse than the control is not apart: its claim is false, too.
        """
        true, margin = self.truth.difference(comparison), self.plan.margin
        return true + margin < 1e-12 if margin or self._several else true == 0

    def summary(self) -> pd.DataFrame:
        """Return the operating characteristics, each with its Monte Carlo standard error and 95 % interval.

        Returns
        -------
        pandas.DataFrame
            Columns ``quantity``, ``estimate``, ``mc_error``, ``low``, ``high``; all ``nan`` where fewer than two trials
            tell of a quantity (not estimable), and where it is not defined. *Significant*: the p-value reaches the level
            of the analysis at which the trial ended, in either direction, whatever the rule for two endpoints.
            *Claimed*: the rule allows it and the first arm responds more; this is the power of the plan. *Harm found*: the
            rule allows it in the other direction; one-sided plans do not test it. *Type III error*: a claim where the first
            arm is worse in truth, or harm found where it is better. *False claim*: a claim or harm found at an endpoint at
            which the arms do not differ (under a margin: the first is inferior by it or more; with several active arms a claim
            of one that is not better than the control, and no harm is looked for); its chance is the familywise error under
            these assumptions (:func:`~lupus_kit.simulation.familywise` looks for the largest). *Bias*: against the true
            difference of the estimand, ``truth.estimand``; estimates are differences of the arms' rates, all strata together.
            *Type M*: mean size of the estimate over the true difference, and *type S*: share with the wrong sign, both among
            trials that are significant at this endpoint; not defined where the true difference is 0. *Stopped early*: at an
            interim look, for a claim, for harm or for futility. With recruitment in the plan, *patients randomised* are all
            who are in the trial at the decision.
        """
        never, none = np.zeros(len(self.events), dtype=bool), self.undefined
        events = {str(name): said.to_numpy() for name, said in self.events.items()}
        events |= {"type III error": never, "any false claim": never}
        for k, name in ((k, one.name) for k, one in enumerate(self.scenario.comparisons) if one.tested):
            claim, harm = events[f"{name} claimed"], events.get(f"{name} harm found", never)
            wrong = "any false claim" if self._is_null(k) else "type III error"
            said = claim | harm if self._is_null(k) else claim if self.truth.difference(k) < 0 else harm
            events[wrong] = events[wrong] | said
        named = [*self.events, "any false claim"] if self._several else SUMMED
        rows = [(name, *(NOT_ESTIMABLE if name in none else self.probability(events[name]))) for name in named]
        ends, plan = self._rows(0), self.plan
        weight = ends["weight"].to_numpy(dtype=float)
        others = sum(self.scenario.sizes) - self.n1 - self.scenario.sizes[-1]
        ended = {"patients randomised": (ends["randomised1"] + ends["randomised2"] + others).to_numpy(dtype=float)}
        if plan.recruitment:
            weeks = [endpoint.week for endpoint in plan.endpoints]
            found = plan.recruitment.at(ended["patients randomised"], sum(self.scenario.sizes), weeks)
            names = ("months to the decision", "patients randomised", "months to the last visit")
            ended |= dict(zip(names, found, strict=True))
        last = len(plan.looks.fractions) if plan.looks else 1
        early = float(weight[(ends["look"] < last).to_numpy()].sum())
        for name, at in ended.items():
            rows.append((name, *(self._mean(at, weight) if plan.looks or plan.reestimation else known(float(at[0])))))
        rows.append(("stopped early", *(known(0.0) if last == 1 else self._share(early, float(weight.sum())))))
        futile, may_stop = "stopped for futility", plan.looks is not None and plan.looks.futility is not None
        rows.append((futile, *(self.probability(events[futile]) if may_stop else known(0.0))))
        for k, one in enumerate(self.scenario.comparisons):
            rows += [(f"{one.name}: {name}", *found) for name, found in self._estimates(k).items()]
        return pd.DataFrame(rows, columns=["quantity", *Estimate._fields])

    def _estimates(self, comparison: int) -> dict[str, Estimate]:
        """Bias, type M and type S of the estimated difference of one endpoint, or of one active arm at it."""
        rows, one, what = self._rows(comparison), self.scenario.comparisons[comparison], self._selects
        true, error = self.truth.difference(comparison), self.truth.error(comparison)
        n1, x1, n2, x2, weight = (rows[name].to_numpy(dtype=float) for name in (*TABLE, "weight"))
        with np.errstate(divide="ignore", invalid="ignore"):
            difference = x1 / n1 - x2 / n2
        found = {
            "mean difference": self._mean(difference, weight),
            "bias": widened(self._mean(difference - true, weight), error),
        }
        if not one.tested:
            return found
        chosen = weight * self.events[f"{one.name} {what}"].to_numpy()[rows["decision"]]
        size = sign = NOT_ESTIMABLE
        # A true difference that is itself an estimate has a sign only where it is far from 0.
        if abs(true) > 3 * error:
            size = self._mean(np.abs(difference / true), chosen)
            size = widened(size, size.estimate * error / abs(true))
            sign = self._share(float(chosen[np.sign(difference) == -np.sign(true)].sum()), float(chosen.sum()))
        return found | {
            f"mean difference if {what}": self._mean(difference, chosen),
            f"bias if {what}": widened(self._mean(difference - true, chosen), error),
            "type M": size,
            "type S": sign,
        }

    def coverage(self, level: float = 0.95, methods: tuple[str, ...] = INTERVALS) -> pd.DataFrame:
        """How often each confidence interval holds the true value, at the endpoints that are responses.

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
            ``coverage``, its ``mc_error``, ``low`` and ``high``, and ``mean_width`` (``nan`` for ratios, whose intervals
            may have no end).
        """
        named = {key: (label, measure) for key, label, measure, *_ in METHODS}
        chosen = [methods] if isinstance(methods, str) else list(methods)
        for method in chosen:
            require_choice("interval", method, named)
        # Trials that differ in their decision alone, and both endpoints, have the same interval for the same table.
        falls, compared = [end.is_fall for end in self.plan.endpoints], enumerate(self.scenario.comparisons)
        responses = {k: one.name for k, one in compared if not falls[one.endpoint]}
        tables = self.tally[self.tally["endpoint"].isin(responses) & self.tally[["n1", "n2"]].gt(0).all(axis=1)]
        weights = tables.groupby([*TABLE, "endpoint"])["weight"].sum().unstack(fill_value=0)
        weights = weights.reindex(columns=list(responses), fill_value=0)
        n1, x1, n2, x2 = np.array([*weights.index], dtype=np.int64).reshape(-1, 4).T
        ends = {method: many_ends(method, x1, n1, x2, n2, as_level("level", level)) for method in chosen}
        rows = []
        for k, name in responses.items():
            weight = weights[k].to_numpy(dtype=float)
            for method, (low, high) in ends.items():
                label, measure = named[method]
                true = self.truth.measured(measure, k)
                # An interval without ends, as the odds ratio has where nobody responds, holds every value.
                inside = ~((low > true + 1e-12) | (high < true - 1e-12))
                width = self._mean(high - low, weight).estimate if measure == "risk difference" else float("nan")
                found = self._share(float(weight[inside].sum()), float(weight.sum()))
                rows.append((name, method, label, measure, true, *found, width))
        names = ["endpoint", "method", "label", "measure", "true_value", "coverage", "mc_error", "low", "high",
                 "mean_width"]  # fmt: skip
        return pd.DataFrame(rows, columns=names)

    def pvalue_distribution(self, bins: int = 20) -> pd.DataFrame:
        """Distribution of the p-values of one table; those of a fall, or over strata, are in :attr:`trials`.

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
        if not is_whole(bins, 1) or bins > 10_000:
            raise InputError(f"bins == {bins!r}: must be a whole number from 1 to 10000.")
        lows, highs, rows = [*np.arange(bins) / bins, np.nan], [*np.arange(1, bins + 1) / bins, np.nan], []
        for k, name in self._tabled.items():
            table = self._rows(k)
            p = self._pvalues(table, *TABLE)
            # A hair is taken off, so that 0.05 in floating point does not fall above the edge 1/20.
            place = np.clip(np.ceil(p * bins - 1e-9) - 1, 0, bins - 1)
            weight = table["weight"].to_numpy(dtype=float)
            counted = np.bincount(np.where(np.isnan(p), bins, place).astype(int), weight, bins + 1)
            for low, high, trials in zip(lows, highs, counted.tolist(), strict=True):
                if high == high or trials > 0:
                    rows.append((name, low, high, *self._share(trials, float(weight.sum()))[:2]))
        return pd.DataFrame(rows, columns=["endpoint", "low", "high", "share", "mc_error"])

    def estimates(self, endpoint: str = "primary") -> pd.DataFrame:
        """Distribution of the estimated difference, apart for trials that are significant and that are not.

        Parameters
        ----------
        endpoint : {"primary", "secondary"}
            Which endpoint; of several active arms a tested one of ``scenario.comparisons``, by its name.

        Returns
        -------
        pandas.DataFrame
            ``difference`` (first arm minus second), ``significant`` (with several active arms: claimed) and ``share`` of all.
        """
        names = [one.name for one in self.scenario.comparisons if one.tested]
        require_choice("endpoint", endpoint, names)
        k = names.index(endpoint)
        rows = self._rows(k).query("n1 > 0 and n2 > 0")
        # Rounded, so that the same difference from other counts is the same.
        difference = (rows["x1"] / rows["n1"] - rows["x2"] / rows["n2"]).round(12)
        significant = self.events[f"{endpoint} {self._selects}"].to_numpy()[rows["decision"]]
        frame = rows.assign(difference=difference, significant=significant, share=rows["weight"] / rows["weight"].sum())
        return frame.groupby(["difference", "significant"], as_index=False)["share"].sum()

    def to_frame(self) -> pd.DataFrame:
        """Return :meth:`summary`."""
        return self.summary()

    def _repr_html_(self) -> str:
        summary = self.summary()
        summary["status"] = summary["quantity"].isin(self.undefined).map({True: "not defined", False: "not estimable"})
        shown = pd.DataFrame({"quantity": summary["quantity"], "estimate": summary.apply(in_words, axis=1)})
        if self.n_trials is not None:
            ends = summary[["low", "high"]].itertuples(index=False)
            shown["95% interval"] = ["–" if np.isnan(a) else f"{a:.4f} to {b:.4f}" for a, b in ends]
        what = "all outcomes enumerated" if self.n_trials is None else f"{self.n_trials:,} simulated trials"
        head = f"{what}, {listing(self.scenario.sizes)} patients, {self.plan.test} at {self.plan.alpha:g}"
        head += ", one-sided" if self.plan.sided == 1 else ""
        head += f". Estimand: {self.truth.estimand.replace('_', ' ')} ({ESTIMANDS[self.truth.estimand]})."
        return f"{html.escape(head)}{shown.to_html(index=False, border=0)}"
