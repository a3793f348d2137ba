"""Everything that one simulated trial needs: the design, the analysis plan, what is assumed, and how deep to go."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lupus_kit import cohort
from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.design import TrialDesign, he2020
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.response_rates import ResponseRates

#: How deep a trial is simulated.
DEPTHS = {
    "endpoint": "responders of both visits are drawn from their joint distribution",
    "patient": "patients are invented with every SLEDAI item, BILAG grade and PGA, and scored",
}


@dataclass(frozen=True)
class Scenario:
    """One trial to be simulated; the same plan object serves both depths.

    Attributes
    ----------
    assumptions : ResponseRates or lupus_kit.cohort.Assumptions
        What is true: rates (endpoint level), or a model of patients (patient level).
    design : TrialDesign
        Arms with their sizes, visits.
    plan : AnalysisPlan
        What is tested and how.

    Raises
    ------
    InputError
        Parts that do not go together: an endpoint at a week that the design has not, a patient model for arms that it
        does not know.

    Examples
    --------
    >>> Scenario(ResponseRates((0.55, 0.3), (0.65, 0.37))).depth
    'endpoint'
    """

    assumptions: ResponseRates | cohort.Assumptions
    design: TrialDesign = field(default_factory=he2020)
    plan: AnalysisPlan = field(default_factory=AnalysisPlan)

    def __post_init__(self) -> None:
        if not isinstance(self.design, TrialDesign):
            raise InputError(f"design must be a TrialDesign, got {type(self.design).__name__}.")
        if not isinstance(self.plan, AnalysisPlan):
            raise InputError(f"plan must be an AnalysisPlan, got {type(self.plan).__name__}.")
        if not isinstance(self.assumptions, (ResponseRates, cohort.Assumptions)):
            raise InputError(
                f"assumptions must be simulation.ResponseRates (endpoint level) or cohort.Assumptions (patient level), "
                f"got {type(self.assumptions).__name__}."
            )
        self.plan.check(self.design)
        if isinstance(self.assumptions, ResponseRates):
            self._check_rates()
        else:
            self._check_patients(self.assumptions)

    @property
    def depth(self) -> str:
        """``"endpoint"`` or ``"patient"``: what the assumptions describe."""
        return "endpoint" if isinstance(self.assumptions, ResponseRates) else "patient"

    @property
    def sizes(self) -> tuple[int, int]:
        """Patients planned for the first and the second arm."""
        first, second = self.design.arms
        return first.n_randomised, second.n_randomised

    def _check_rates(self) -> None:
        weeks = (self.design.primary_week, self.design.follow_up_week)
        if sorted(weeks) != sorted(endpoint.week for endpoint in self.plan.endpoints):
            raise InputError(
                f"response rates are known at weeks {weeks[0]} and {weeks[1]} (the design's primary and follow-up week), "
                f"the plan tests {self.plan.primary} and {self.plan.secondary}: at the endpoint level the plan has to use "
                "each of the two weeks once. Other choices need the patient level, with cohort.Assumptions."
            )

    def _check_patients(self, assumptions: cohort.Assumptions) -> None:
        model = he2020()
        known = [arm.name for arm in model.arms]
        if [arm.name for arm in self.design.arms] != known:
            raise InputError(
                f"the patient model knows the arms {known}, the design has {[arm.name for arm in self.design.arms]}."
            )
        weeks = [visit.week for visit in model.visits]
        if not {visit.week for visit in self.design.visits} <= set(weeks):
            raise InputError(
                f"the patient model has visits at weeks {weeks}, the design {self.design.key!r} asks for others."
            )
        if assumptions.dropouts is not None:
            raise InputError(
                f"dropouts == {assumptions.dropouts}: exact numbers belong to one cohort, not to thousands of trials; give "
                "dropout_rate instead."
            )

    def to_toml(self) -> str:
        """Write everything as a plan file that :meth:`from_toml` and ``lupus-kit simulate`` read."""
        from lupus_kit.simulation.plan.plan_file import scenario_toml

        return scenario_toml(self)

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
        from lupus_kit.simulation.plan.plan_file import read_scenario

        return read_scenario(source)


def check_depth(depth: str | None, scenario: Scenario) -> None:
    """Refuse a depth that the assumptions do not describe."""
    if depth is None:
        return
    if depth not in DEPTHS:
        raise unknown_name("depth", depth, DEPTHS)
    if depth != scenario.depth:
        wanted = "simulation.ResponseRates" if depth == "endpoint" else "cohort.Assumptions"
        raise InputError(
            f"depth == {depth!r} needs {wanted}, the assumptions given are {type(scenario.assumptions).__name__}."
        )
