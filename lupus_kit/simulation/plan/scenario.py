"""Everything that one simulated trial needs: the design, the analysis plan, and what is assumed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from lupus_kit.core.errors import InputError, require_kind, unknown_name
from lupus_kit.design import TrialDesign, he2020
from lupus_kit.design.trial import Visit
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.between_arms import MOST_ACTIVE, Comparison
from lupus_kit.simulation.plan.endpoint import ROLES
from lupus_kit.simulation.plan.plan_file import FORMAT, as_toml, built, checked, plain, read_toml
from lupus_kit.simulation.plan.response_rates import Dropout, ResponseRates, StratifiedRates

if TYPE_CHECKING:
    from lupus_kit import cohort

#: What can be assumed. Cohorts, which take longer to import than 10,000 trials to draw, are imported where there is one.
Assumed: TypeAlias = "ResponseRates | StratifiedRates | cohort.Assumptions"


@dataclass(frozen=True)
class Scenario:
    """One trial to be simulated; the same plan object serves both depths.

    Attributes
    ----------
    assumptions : ResponseRates, StratifiedRates or lupus_kit.cohort.Assumptions
        What is true: rates (endpoint level), of all patients or by stratum, or a model of patients (patient level).
    design : TrialDesign
        Arms with their sizes, the control last, and visits.
    plan : AnalysisPlan
        What is tested and how. With several active arms each is compared with the control at the primary endpoint, and
        ``arm_multiplicity`` is the rule between them; the secondary endpoint is estimated, not tested.

    Raises
    ------
    InputError
        Parts that do not go together: an endpoint at a week that the design has not, a patient model for arms that it
        does not know.

    Examples
    --------
    >>> Scenario(ResponseRates((0.55, 0.3), (0.65, 0.37))).depth
    'endpoint'
    >>> from lupus_kit import simulation
    >>> scenario = simulation.Scenario(simulation.ResponseRates((0.55, 0.30), (0.65, 0.37)))
    >>> one = simulation.ResponseRates((0.5, 0.2), (0.5, 0.2))
    >>> scenario.rates.primary
    (0.55, 0.3)
    >>> scenario.sizes, [one.name for one in scenario.comparisons]
    ((30, 30), ['primary', 'secondary'])
    >>> scenario.patients_at_looks().tolist()
    [[[30, 30], [30, 30], [30, 30]]]
    >>> sorted(scenario.to_dict())
    ['design', 'format', 'plan', 'rates']
    >>> simulation.Scenario.from_dict(scenario.to_dict()) == scenario
    True
    >>> scenario.to_toml().splitlines()[0]
    'format = 1'
    >>> simulation.Scenario.from_toml(scenario.to_toml()) == scenario
    True
    >>> simulation.Scenario(simulation.StratifiedRates(("nephritis", "none"), (0.4, 0.6), (one, one))).strata()[0].tolist()
    [0.4, 0.6]
    """

    assumptions: Assumed
    design: TrialDesign = field(default_factory=he2020)
    plan: AnalysisPlan = field(default_factory=AnalysisPlan)

    def __post_init__(self) -> None:
        require_kind("design", self.design, TrialDesign, "a TrialDesign")
        require_kind("plan", self.plan, AnalysisPlan, "an AnalysisPlan")
        self.plan.check(self.design, several=True)
        self._check_arms()
        if isinstance(self.assumptions, StratifiedRates):
            self._check_strata(self.plan)
            return
        if isinstance(self.assumptions, ResponseRates):
            self._check_rates(self.assumptions)
        else:
            self._check_patients(self.assumptions)
        if self.plan.over_strata or self.plan.block_size:
            raise InputError("a test over strata, and a block_size within them, need simulation.StratifiedRates.")

    @property
    def depth(self) -> str:
        """``"endpoint"`` or ``"patient"``: what the assumptions describe."""
        return "endpoint" if isinstance(self.assumptions, (ResponseRates, StratifiedRates)) else "patient"

    @property
    def rates(self) -> ResponseRates:
        """What is assumed at the endpoint level."""
        assert isinstance(self.assumptions, ResponseRates)
        return self.assumptions

    def strata(self) -> tuple[np.ndarray, list[Scenario]]:
        """Return the shares of the strata, and a trial in each of them alone."""
        assert isinstance(self.assumptions, StratifiedRates)
        plan = replace(self.plan, test="pearson", block_size=None)  # what is tested is not a stratum's matter
        shares = np.array(self.assumptions.shares)
        return shares / shares.sum(), [Scenario(rates, self.design, plan) for rates in self.assumptions.rates]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Patients planned for each arm."""
        return tuple(arm.n_randomised for arm in self.design.arms)

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """What is compared: each active arm with the control, the last arm, at the primary and then the secondary endpoint.

        One active arm is tested at both endpoints, which name its comparisons; several are tested at the primary alone.
        """
        *active, _ = self.design.arms
        return tuple(
            Comparison(f"{one.name}, {role}" if active[1:] else role, endpoint, arm, not (active[1:] and endpoint))
            for endpoint, role in enumerate(ROLES)
            for arm, one in enumerate(active)
        )

    def patients_at_looks(self) -> np.ndarray:
        """Planned patients at each look.

        Returns
        -------
        numpy.ndarray of int, shape (looks, 3, arms)
            Of each arm: randomised, and analysed at the primary and the secondary endpoint.
        """
        looks = [
            [(n, *(end.analysed(arm, size, n) for end in self.plan.endpoints)) for n in self.plan.arm_sizes(size)]
            for arm, size in enumerate(self.sizes)
        ]
        return np.array(looks, dtype=np.int64).transpose(1, 2, 0)

    def _check_arms(self) -> None:
        """Choose the rule between several active arms where none is named; refuse what is for one active arm alone."""
        plan, active, rule = self.plan, len(self.design.arms) - 1, self.plan.arm_multiplicity
        if active == 1 and rule is None:
            return
        strata = isinstance(self.assumptions, StratifiedRates) or plan.block_size or plan.tabled != (0, 1)
        if not 2 <= active <= MOST_ACTIVE:
            said = f"give two to {MOST_ACTIVE} active arms, and the control as the last arm"
            raise InputError(f"{active + 1} arms: {said}; or one active arm, and no arm_multiplicity.")
        if plan.multiplicity != "fixed_sequence":
            said = (
                "is for two endpoints; with several active arms the primary alone is tested, as arm_multiplicity says"
            )
            raise InputError(f"multiplicity == {plan.multiplicity!r} {said}: leave multiplicity out.")
        if plan.looks or plan.reestimation or strata or any(end.patients for end in plan.endpoints):
            said = "the endpoints are responses of all, tested once, without strata, interim looks and re-estimation"
            raise InputError(f"with several active arms {said}.")
        object.__setattr__(self, "plan", replace(plan, arm_multiplicity=rule or "holm"))

    def _check_rates(self, rates: ResponseRates) -> None:
        if len(rates.primary) != len(self.sizes):
            raise InputError(f"{len(rates.primary)} rates at the primary week for {len(self.sizes)} arms: one each.")
        weeks, ends = (self.design.primary_week, self.design.follow_up_week), self.plan.endpoints
        for end in ends:
            if end.is_fall:
                raise InputError(f"{end} has no response rate: it needs the patient level, with cohort.Assumptions.")
        lost = rates.dropout
        if ends[0].week == ends[1].week and lost.primary != lost.follow_up:
            raise InputError(f"both endpoints are at week {ends[0].week}: give the dropout the same shares twice.")
        if ends[0].week != ends[1].week and sorted(weeks) != sorted(end.week for end in ends):
            raise InputError(
                f"response rates are known at the design's weeks {weeks[0]} and {weeks[1]}, the plan tests {ends[0]} and "
                f"{ends[1]}: use each week once or one twice, or the patient level, with cohort.Assumptions."
            )

    def _check_strata(self, plan: AnalysisPlan) -> None:
        for end in plan.endpoints:
            if end.patients is not None:
                raise InputError(f"{end}: make these patients a stratum; with strata an endpoint is measured in all.")
        if plan.block_size and plan.block_size * self.sizes[0] % sum(self.sizes):
            raise InputError(
                f"block_size == {plan.block_size}: whole blocks cannot keep the ratio of arms of {self.sizes}."
            )
        self.strata()

    def _check_patients(self, assumptions: cohort.Assumptions) -> None:
        from lupus_kit import cohort

        said = "simulation.ResponseRates, simulation.StratifiedRates or cohort.Assumptions"
        require_kind("assumptions", assumptions, cohort.Assumptions, said)
        model = he2020()
        known, own = ([arm.name for arm in design.arms] for design in (model, self.design))
        if own != known:
            raise InputError(f"the patient model knows the arms {known}, the design has {own}.")
        for end in self.plan.endpoints:
            if end.patients is not None:
                raise InputError(f"{end}: a patient model has its own patients; leave `patients` out.")
            if end.of_nephritis and assumptions.nephritis_share == 0:
                raise InputError(f"{end}: with nephritis_share == 0 nobody has nephritis.")
            if end.name == "SRI-50":
                raise InputError("SRI-50 asks for items that improve by half, which the patient model does not have.")
        weeks = [visit.week for visit in model.visits]
        if not {visit.week for visit in self.design.visits} <= set(weeks):
            raise InputError(f"the patient model has visits at weeks {weeks}, the design others, too.")
        if assumptions.dropouts is not None:
            raise InputError(f"dropouts == {assumptions.dropouts} are of one cohort: give dropout_rate instead.")

    def to_dict(self) -> dict[str, Any]:
        """Return the tables of a plan file, in plain values."""
        assumed = self.assumptions
        tables = {"format": FORMAT, "design": _design_table(self.design), "plan": self.plan.to_dict()}
        if isinstance(assumed, ResponseRates):
            tables["rates"] = _rates_table(assumed)
        elif isinstance(assumed, StratifiedRates):
            strata = zip(assumed.names, assumed.shares, assumed.rates, strict=True)
            tables["strata"] = [{"name": name, "share": share} | _rates_table(rates) for name, share, rates in strata]
        else:
            usual = type(assumed)().to_dict()
            tables["patients"] = {name: value for name, value in assumed.to_dict().items() if value != usual[name]}
        written: dict[str, Any] = plain(tables)
        return written

    @classmethod
    def from_dict(cls, tables: dict[str, Any]) -> Scenario:
        """Build a scenario from the tables of a plan file."""
        design, plan = _design(tables.get("design", {})), AnalysisPlan.from_dict(tables.get("plan", {}))
        return cls(_assumptions(tables), design, plan)

    def to_toml(self) -> str:
        """Write everything as a plan file that :meth:`from_toml` and ``lupus-kit simulate`` read."""
        return as_toml(self.to_dict())

    @classmethod
    def from_toml(cls, source: str | Path) -> Scenario:
        """Read a plan file.

        Parameters
        ----------
        source : str or Path
            A path, or the text of a plan file (a text has a line break).

        Raises
        ------
        InputError
            The file cannot be read, is not TOML, has an unknown key, or its parts do not go together.
        """
        return read_toml(source, cls.from_dict)


def _rates_table(assumed: ResponseRates) -> dict[str, Any]:
    rates = asdict(assumed)
    if assumed.dropout.none and assumed.dropout.nonresponder_ratio == 1:
        del rates["dropout"]
    return rates


def _design_table(design: TrialDesign) -> dict[str, Any]:
    return {
        "base": "he2020",
        "arms": [arm.name for arm in design.arms],
        "patients": [arm.n_randomised for arm in design.arms],
        "visit_weeks": [visit.week for visit in design.visits],
        "primary_week": design.primary_week,
        "follow_up_week": design.follow_up_week,
    }


def _design(table: object) -> TrialDesign:
    """Build the design from the ``[design]`` table: the trial of 2020 with what the table changes."""
    base = he2020()
    usual = _design_table(base)
    given = usual | checked(table, usual, "[design]")
    if given["base"] != "he2020":
        raise InputError(f"[design]: {unknown_name('base', given['base'], ['he2020'])}")
    for key, kind in {"arms": str, "patients": int, "visit_weeks": int}.items():
        if not isinstance(given[key], list) or not all(type(item) is kind for item in given[key]):
            kinds = "names" if kind is str else "whole numbers"
            raise InputError(f"[design]: {key} == {given[key]!r} must be a list of {kinds}.")
    names, sizes = given["arms"], given["patients"]
    if not len(names) == len(sizes) >= 2:
        said = "two arms need two names and two numbers, more arms as many, the control last"
        raise InputError(f"[design]: arms == {names}, patients == {sizes}; {said}.")
    first, control = base.arms
    arms = [*[first] * (len(names) - 1), control]
    known = {visit.week: visit for visit in base.visits}
    try:
        return replace(
            base,
            arms=tuple(replace(a, name=n, n_randomised=k) for a, n, k in zip(arms, names, sizes, strict=True)),
            visits=tuple(known.get(week, Visit(f"week {week}", week, "follow-up")) for week in given["visit_weeks"]),
            primary_week=given["primary_week"],
            follow_up_week=given["follow_up_week"],
        )
    except InputError as error:
        raise InputError(f"[design]: {error}") from None


def _assumptions(tables: dict[str, Any]) -> Assumed:
    """Build what is assumed from the ``[rates]`` or the ``[patients]`` table, or from the tables ``[[strata]]``."""
    there = [name for name in ("rates", "patients", "strata") if name in tables]
    if len(there) != 1:
        raise InputError(f"needs [rates], [[strata]] or [patients], {'not both' if there else 'and has neither'}.")
    if "patients" in tables:
        from lupus_kit import cohort

        return built(cohort.Assumptions, tables["patients"], "[patients]")
    if "rates" in tables:
        return _rates(tables["rates"], "rates")
    listed = tables["strata"]
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise InputError("[[strata]] must be a list of tables, each with a name, a share and rates.")
    rates = [_rates({k: v for k, v in one.items() if k not in ("name", "share")}, "strata") for one in listed]
    named = {of: [one.get(name) for one in listed] for of, name in (("names", "name"), ("shares", "share"))}
    return built(StratifiedRates, named | {"rates": rates}, "[[strata]]")


def _rates(table: Any, where: str) -> ResponseRates:
    if isinstance(table, dict) and "dropout" in table:
        table = table | {"dropout": built(Dropout, table["dropout"], f"[{where}.dropout]")}
    return built(ResponseRates, table, f"[{where}]")
