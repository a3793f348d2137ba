"""The analysis of a trial as data: written down before any data, and the same for every simulated trial."""

from __future__ import annotations

import html
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtr

from lupus_kit.core.errors import InputError, is_number, is_whole, require_choice
from lupus_kit.core.strategies import EVENT_STRATEGIES
from lupus_kit.design import TrialDesign
from lupus_kit.inference import STRATEGIES, TESTS
from lupus_kit.inference.strata.conditional import OVER_STRATA
from lupus_kit.inference.two_by_two.registry import get
from lupus_kit.simulation.plan.between_arms import ARM_RULES
from lupus_kit.simulation.plan.boundaries import (
    Boundaries,
    check_fractions,
    check_spending,
    group_sequential,
    known_name,
)
from lupus_kit.simulation.plan.endpoint import ROLES, Endpoint
from lupus_kit.simulation.plan.futility import with_futility
from lupus_kit.simulation.plan.plan_file import as_toml, built, checked, plain, read_toml
from lupus_kit.simulation.plan.rate_priors import RatePriors
from lupus_kit.simulation.plan.recruitment import Recruitment
from lupus_kit.simulation.plan.reestimation import Reestimation

#: Rules for a patient whose outcome is not known, with what they do.
MISSING_RULES = {
    "nonresponder": "counts as a non-responder, in all arms",
    "observed": "is left out of the analysis of that visit",
    "worst": "counts as a non-responder in the first (each active) arm and as a responder in the last: the worst for the first",
    "best": "counts as a responder in the first (each active) arm and as a non-responder in the last: the best for the first",
}

#: Tests over strata (keys of :func:`lupus_kit.inference.stratified`) that have a margin, and how they weight the strata.
MARGIN_WEIGHTS = {"cmh": "cmh", "score_inverse_variance": "inverse_variance"}

#: Rules for two endpoints that stay valid when the trial may stop early; see :class:`InterimLooks`.
RULES_WITH_LOOKS = ("either", "fixed_sequence", "bonferroni")


@dataclass(frozen=True)
class InterimLooks:
    """Looks at the primary endpoint while patients still come in; the trial stops once the boundary is crossed.

    At a look with information fraction t the first ``t · n`` patients of each arm have their primary outcome. A trial that
    stops recruits no more; these patients are followed to the secondary endpoint, tested at the nominal level of that look.

    Attributes
    ----------
    fractions : tuple of float
        Information at each look, the final one (1.0) included.
    boundary : str
        Key of :data:`~lupus_kit.simulation.BOUNDARIES`, or another program's name of it, such as ``"asOF"``.
    spent : tuple of float, optional
        For the boundary ``"spending"``: cumulative alpha spent up to each look.
    parameter : float, optional
        For the boundaries ``"hwang_shih_decani"`` and ``"kim_demets"``.
    futility : str, optional
        Key of :data:`~lupus_kit.simulation.FUTILITY`: the trial also stops where the primary endpoint is unlikely to succeed,
        judged by the one-sided p-value. Not binding: the levels hold if the trial goes on.
    futility_level : float
        Beta to be spent, or least conditional power.

    Notes
    -----
    Testing the secondary endpoint at the full level after an early stop would raise the familywise error (Hung HMJ, Wang SJ,
    O'Neill R. J Biopharm Stat 2007;17:1201-1210). The boundary of the same look keeps it: whatever the primary endpoint does,
    the other one, if null, crosses its own at some look with probability alpha at most (Glimm E et al. Stat Med 2010;29:219-228).

    Examples
    --------
    >>> from lupus_kit.simulation import InterimLooks
    >>> InterimLooks((0.5, 1.0)).fractions
    (0.5, 1.0)
    >>> [round(z, 3) for z in InterimLooks((0.5, 1.0)).boundaries(0.05).critical]
    [2.797, 1.977]
    """

    fractions: tuple[float, ...]
    boundary: str = "obrien_fleming"
    spent: tuple[float, ...] | None = None
    parameter: float | None = None
    futility: str | None = None
    futility_level: float = 0.2

    def __post_init__(self) -> None:
        object.__setattr__(self, "fractions", tuple(check_fractions(self.fractions).tolist()))
        if len(self.fractions) < 2:
            raise InputError(f"fractions == {self.fractions}: one look is no interim look; leave `looks` out instead.")
        object.__setattr__(self, "boundary", known_name("boundary", self.boundary))
        if self.spent is not None:
            object.__setattr__(self, "spent", tuple(check_spending(self.spent, len(self.fractions), 1.0).tolist()))

    def boundaries(self, alpha: float, share: float = 1.0, sided: int = 2) -> Boundaries:
        """Compute critical values at a level, of which one endpoint may have a share only."""
        spent = None if self.spent is None else tuple(share * value for value in self.spent)
        bounds = group_sequential(self.fractions, share * alpha, self.boundary, spent, sided, self.parameter)
        return with_futility(bounds, self.futility, self.futility_level) if self.futility else bounds

    def __str__(self) -> str:
        futile = f", {self.futility} {self.futility_level:g} for futility" if self.futility else ""
        return f"{self.boundary} at {', '.join(f'{t:.0%}' for t in self.fractions)}{futile}"


_PARTS: dict[str, type] = {"primary": Endpoint, "secondary": Endpoint, "looks": InterimLooks,
                           "reestimation": Reestimation, "recruitment": Recruitment, "prior": RatePriors}  # fmt: skip


@dataclass(frozen=True)
class AnalysisPlan:
    """What will be tested, how, and at which level.

    Attributes
    ----------
    primary, secondary : Endpoint
        The endpoints, by default SRI-4 at weeks 12 and 24.
    test : str
        Key of :data:`lupus_kit.inference.TESTS`, for both endpoints; or for :class:`~lupus_kit.simulation.StratifiedRates` a
        test of :func:`lupus_kit.inference.stratified`: ``"cmh"`` (with a margin: stratified Miettinen–Nurminen score),
        ``"cmh_corrected"``, ``"score_inverse_variance"``, or ``"exact"``, ``"exact_point"`` and ``"midp"`` (conditional; 0.1 ms
        a p-value). A claim needs the direction of benefit, too: the first arm responds more (within strata).
    alpha : float
        Familywise level: 0.05 for two-sided tests, usually 0.025 for one-sided ones.
    sided : int
        2: a two-sided p-value; a significant difference in the other direction is harm found. 1: the p-value is that of
        the alternative "the first arm responds more", and harm is not tested.
    multiplicity : str
        Key of :data:`lupus_kit.inference.STRATEGIES`: which endpoint may be claimed.
    missing : str
        Key of :data:`MISSING_RULES`.
    events : str
        Key of :data:`lupus_kit.endpoints.EVENT_STRATEGIES`: what rescue and the like do. Response rates know no events.
    looks : InterimLooks, optional
        Interim looks; none unless given.
    reestimation : Reestimation, optional
        Re-estimation of the sample size; none unless given.
    correlation : float
        Correlation of a patient's two outcomes that the rule ``"obrien_fleming"`` plans with; others ignore it.
    margin : float
        For one-sided plans: what is tested is that the first arm's rate is not lower by so much (non-inferiority), at
        both endpoints. A claim then needs an estimate above minus the margin. 0 tests a benefit.
    recruitment : Recruitment, optional
        For dates and overrun; without it a look stops the trial at its own patients.
    prior : RatePriors, optional
        What is known of the rates at the primary endpoint, for :func:`~lupus_kit.simulation.assurance`.
    block_size : int, optional
        For strata: permuted blocks of so many within each, so that the arms' sizes vary; else each has its planned number.
    arm_multiplicity : str, optional
        For several active arms: key of :data:`ARM_RULES`, at the primary endpoint; ``"holm"`` unless told.

    Raises
    ------
    InputError
        An unknown name, a level outside (0, 1), spending beyond alpha, or parts that do not go together.

    Examples
    --------
    >>> plan = AnalysisPlan(test="boschloo", looks=InterimLooks((0.5, 1.0)))
    >>> [round(level, 4) for level in plan.boundaries().levels]
    [0.0052, 0.048]
    >>> from lupus_kit import simulation
    >>> plan = simulation.AnalysisPlan(looks=simulation.InterimLooks((0.5, 1.0)))
    >>> plan.alternative, plan.levels(), plan.arm_sizes(30), plan.over_strata, plan.tabled
    ('two-sided', ((0.05,), (0.05,)), (15, 30), False, (0, 1))
    >>> [one.week for one in plan.endpoints]
    [12, 24]
    >>> [round(z, 3) for z in plan.boundaries().critical], [round(z, 3) for z in plan.boundaries_at(0.5).critical]
    ([2.797, 1.977], [3.183, 2.25])
    >>> plan.check(simulation.Scenario(simulation.ResponseRates((0.5, 0.3), (0.6, 0.4))).design)
    >>> simulation.AnalysisPlan.from_dict(plan.to_dict()) == plan
    True
    >>> simulation.AnalysisPlan.from_toml(simulation.plan_template()).in_words()[0]
    ('primary endpoint', 'SRI-4 at week 12')
    """

    primary: Endpoint = field(default_factory=lambda: Endpoint(12))
    secondary: Endpoint = field(default_factory=lambda: Endpoint(24))
    test: str = "pearson"
    alpha: float = 0.05
    sided: int = 2
    multiplicity: str = "fixed_sequence"
    missing: str = "nonresponder"
    events: str = "composite"
    looks: InterimLooks | None = None
    reestimation: Reestimation | None = None
    correlation: float = 0.4
    margin: float = 0.0
    recruitment: Recruitment | None = None
    prior: RatePriors | None = None
    block_size: int | None = None
    arm_multiplicity: str | None = None

    def __post_init__(self) -> None:
        for kind, value, allowed in (
            ("test", self.test, [*TESTS, *OVER_STRATA]),
            ("multiplicity rule", self.multiplicity, STRATEGIES),
            ("arm_multiplicity", "holm" if self.arm_multiplicity is None else self.arm_multiplicity, ARM_RULES),
            ("rule for missing data", self.missing, MISSING_RULES),
            ("strategy for intercurrent events", self.events, EVENT_STRATEGIES),
        ):
            require_choice(kind, value, allowed)
        for name, low, high in (("alpha", 0, 1), ("correlation", -1, 1)):
            value = getattr(self, name)
            if not is_number(value) or not low < value < high:
                raise InputError(f"{name} == {value!r}: must be strictly between {low} and {high}.")
        if not is_number(self.sided) or self.sided not in (1, 2):
            raise InputError(f"sided == {self.sided!r}: 2 for two-sided tests, 1 for one-sided tests of a benefit.")
        if self.sided == 1 and self.alpha >= 0.5:
            raise InputError(f"alpha == {self.alpha:g}: the level of a one-sided test is below 0.5.")
        for name, part in _PARTS.items():
            value = getattr(self, name)
            if not isinstance(value, part) and not (value is None and part is not Endpoint):
                raise InputError(f"{name} == {value!r}: give a simulation.{part.__name__}.")
        if self.primary == self.secondary:
            raise InputError(f"primary and secondary are both {self.primary}: they must differ.")
        margin, falls = self.margin, [endpoint for endpoint in self.endpoints if endpoint.is_fall]
        if not is_number(margin) or not 0 <= margin < 1:
            raise InputError(f"margin == {margin!r}: must be from 0 to below 1, such as 0.1 for ten percentage points.")
        if margin and (self.sided == 2 or falls):
            raise InputError(f"margin == {margin:g}: it is for response rates, in a one-sided plan (sided = 1).")
        if not self.over_strata:
            get(self.test, difference=-margin)  # a test of no difference only is found now
        elif margin and self.test not in MARGIN_WEIGHTS:
            raise InputError(f"margin == {margin:g}: {self.test!r} is a test of no difference only; use 'cmh'.")
        if self.block_size is not None and (not is_whole(self.block_size, 2) or self.block_size > 10_000):
            raise InputError(f"block_size == {self.block_size!r}: a whole number of patients from 2 to 10,000.")
        if falls and self.missing in ("worst", "best"):
            raise InputError(f"missing == {self.missing!r}: {falls[0]} has no worst or best value, use 'observed'.")
        if falls and self.reestimation is not None and self.primary.is_fall:
            raise InputError(f"re-estimation needs a response rate, but the primary endpoint is {self.primary}.")
        if (looks := self.looks) is None:
            return
        if self.reestimation is not None:
            raise InputError("the plan has interim looks and re-estimation of the sample size: choose one of them.")
        if self.multiplicity not in RULES_WITH_LOOKS:
            raise InputError(f"{self.multiplicity!r} is not defined with interim looks: use one of {RULES_WITH_LOOKS}.")
        if looks.spent is not None:
            check_spending(looks.spent, len(looks.fractions), self.alpha)
        self.boundaries_at(1.0)  # an unknown boundary is found now, not after an hour

    @property
    def alternative(self) -> str:
        """Alternative of the tests, as in :func:`lupus_kit.inference.pvalue`."""
        return "two-sided" if self.sided == 2 else "greater"

    @property
    def over_strata(self) -> bool:
        """Whether the test compares the arms within strata."""
        return self.test in OVER_STRATA

    @property
    def tabled(self) -> tuple[int, ...]:
        """Endpoints (0 or 1) whose test looks at one table of responders: neither falls, nor compared within strata."""
        return tuple(k for k, end in enumerate(self.endpoints) if not end.is_fall and not self.over_strata)

    @property
    def endpoints(self) -> tuple[Endpoint, Endpoint]:
        """Both endpoints, the primary first."""
        return self.primary, self.secondary

    def boundaries(self) -> Boundaries | None:
        """Critical values of the interim looks at the level of the plan, or ``None`` where there are none."""
        return None if self.looks is None else self.boundaries_at(1.0)

    def levels(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Levels of both endpoints' p-values that matter under the rule."""
        return STRATEGIES[self.multiplicity].levels(self.alpha, self.correlation, self.sided)

    def boundaries_at(self, share: float) -> Boundaries:
        """Critical values of the interim looks for an endpoint with a share of the level."""
        assert self.looks is not None
        return self.looks.boundaries(self.alpha, share, self.sided)

    def check(self, design: TrialDesign, several: bool = False) -> None:
        """Say what of the plan the design does not have; ``several``: more than two arms may be compared.

        Raises
        ------
        InputError
            Not two arms, an endpoint at a week without a visit, or looks too close for the patients.
        """
        if len(design.arms) != 2 and not several:
            raise InputError(f"the design has {len(design.arms)} arms; a comparison of two needs exactly two.")
        weeks = [visit.week for visit in design.visits if visit.week > 0]
        for role, endpoint in zip(ROLES, self.endpoints, strict=True):
            if endpoint.week not in weeks:
                there = ", ".join(map(str, weeks))
                raise InputError(f"the {role} endpoint is at week {endpoint.week}, the visits at weeks {there}.")
            for arm, n in zip(design.arms, endpoint.patients or (), strict=False):
                if n > arm.n_randomised:
                    raise InputError(f"{role} endpoint: {n} patients of {arm.name!r}, which has {arm.n_randomised}.")
        for arm in design.arms:
            self.arm_sizes(arm.n_randomised, arm.name)

    def arm_sizes(self, n: int, name: str = "arm") -> tuple[int, ...]:
        """Patients of an arm of ``n`` at each look; ``(n,)`` without looks.

        Raises
        ------
        InputError
            Two looks fall on the same number of patients.
        """
        fractions = (self.reestimation.at, 1.0) if self.reestimation else self.looks.fractions if self.looks else (1.0,)
        sizes = tuple(int(np.floor(n * t + 0.5)) for t in fractions)
        if min(np.diff(sizes, prepend=0)) < 1:
            after = ", ".join(map(str, sizes))
            raise InputError(f"of {n} in {name!r} looks come after {after} patients: each needs more than before.")
        return sizes

    def to_dict(self) -> dict[str, Any]:
        """Return the ``[plan]`` table of a plan file, in plain values."""
        table: dict[str, Any] = plain(asdict(self) | {"margin": self.margin or None})  # no margin is not written
        return table

    @classmethod
    def from_dict(cls, table: object) -> AnalysisPlan:
        """Build a plan from the ``[plan]`` table of a plan file."""
        values = checked(table, [spec.name for spec in fields(cls)], "[plan]")
        made = {name: built(kind, values[name], f"[plan.{name}]") for name, kind in _PARTS.items() if name in values}
        return built(cls, values | made, "[plan]")

    def to_toml(self) -> str:
        """Write the plan as the ``[plan]`` table of a plan file; :meth:`from_toml` reads it back.

        Examples
        --------
        >>> print(AnalysisPlan(test="fisher").to_toml().splitlines()[1])
        test = "fisher"
        """
        return as_toml({"plan": self.to_dict()})

    @classmethod
    def from_toml(cls, source: str | Path) -> AnalysisPlan:
        """Read the ``[plan]`` table of a plan file.

        Parameters
        ----------
        source : str or Path
            A path, or the text of a plan file (a text has a line break).

        Raises
        ------
        InputError
            The file cannot be read, is not TOML, or has an unknown key.
        """
        return read_toml(source, lambda tables: cls.from_dict(tables.get("plan", {})))

    def in_words(self) -> list[tuple[str, str]]:
        """Pairs of what is planned and how."""
        label = OVER_STRATA[self.test] if self.over_strata else TESTS[self.test].label
        rule, arms = STRATEGIES[self.multiplicity], self.arm_multiplicity
        first = "an active arm" if arms else "the first arm"
        claim = f"needs the direction of benefit: {first} responds more"
        if self.margin:
            claim = f"of non-inferiority: {first}'s rate is not lower by {self.margin:g}"
        rows = [
            *((f"{role} endpoint", str(end)) for role, end in zip(ROLES, self.endpoints, strict=True)),
            ("test", f"{label}, {'two-sided' if self.sided == 2 else 'one-sided'}"),
            ("a claim", claim),
            ("level", f"{self.alpha:g}"),
            ("several active arms", ARM_RULES[arms])
            if arms
            else ("two endpoints", f"{rule.label}: {rule.description}"),
            ("a patient without outcome", MISSING_RULES[self.missing]),
            ("intercurrent events", f"{self.events.replace('_', ' ')}: {EVENT_STRATEGIES[self.events]}"),
        ]
        bounds = self.boundaries()
        if bounds is not None:
            pairs = zip(bounds.fractions, bounds.levels, strict=True)
            rows.append(("looks", "; ".join(f"{t:.0%} of the patients, p ≤ {p:.4f}" for t, p in pairs)))
            stops = ", ".join(f"{ndtr(-z):.4f}" for z in bounds.futility)
            rows += [("futility, not binding", f"one-sided p above {stops}")] if stops else []
        if self.reestimation is not None:
            again = self.reestimation
            said = f"after {again.at:.0%} of the patients, blinded, for a difference of {again.difference:g}, "
            rows.append(("re-estimation", f"{said}at most {again.max_factor:g} times the planned size"))
        parts = (self.recruitment, self.prior, self.block_size)
        more = zip(("recruitment", "prior of both rates", "blocks within strata"), parts, strict=True)
        return rows + [(name, str(part)) for name, part in more if part is not None]

    def _repr_html_(self) -> str:
        row = "<tr><th>{}</th><td style='text-align:left'>{}</td></tr>"
        body = "".join(row.format(*map(html.escape, words)) for words in self.in_words())
        return f"<table>{body}</table>"
