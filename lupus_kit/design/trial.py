"""A two-arm trial as data: what is public, and what is not."""

import html
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError, is_number, is_whole, require_choice, require_kind
from lupus_kit.core.templates import toml_beside

NOT_REPORTED = "not reported"


@dataclass(frozen=True)
class Arm:
    """One arm of a trial.

    Attributes
    ----------
    name : str
        Short name, as in every table of the kit.
    n_randomised : int
        Patients allocated to the arm.
    treatment : str
        What they receive, in words.
    dose_miu : float
        Active dose of one injection, in million international units (MIU).

    Examples
    --------
    >>> from lupus_kit import design
    >>> trial = design.he2020()
    >>> [(arm.name, arm.n_randomised) for arm in trial.arms]
    [('IL-2', 30), ('placebo', 30)]
    """

    name: str
    n_randomised: int
    treatment: str
    dose_miu: float

    def __post_init__(self) -> None:
        if not is_whole(self.n_randomised, 1):
            raise InputError(
                f"arm {self.name!r}: n_randomised == {self.n_randomised!r}, must be at least 1, a whole number."
            )
        if not is_number(self.dose_miu) or self.dose_miu < 0:
            raise InputError(f"arm {self.name!r}: dose_miu == {self.dose_miu!r}, must not be negative, and a number.")


@dataclass(frozen=True)
class Visit:
    """One visit whose results are public.

    Attributes
    ----------
    name : str
        Name of the visit.
    week : int
        Weeks since the first injection.
    purpose : str
        What it is for.

    Examples
    --------
    >>> from lupus_kit import design
    >>> visits = design.he2020().visits
    >>> visits[0].name, visits[0].week
    ('baseline', 0)
    """

    name: str
    week: int
    purpose: str

    def __post_init__(self) -> None:
        if not is_whole(self.week, 0):
            raise InputError(f"visit {self.name!r}: week == {self.week!r}, must be a whole number of 0 or more.")


@dataclass(frozen=True)
class DosingPlan:
    """Injections in cycles: some weeks on, some weeks off.

    Attributes
    ----------
    cycles, injections_per_cycle, days_between_injections : int
        How many cycles, injections in each, and days from one injection to the next.
    weeks_on, weeks_off : int
        Length of the dosing period and of the break in each cycle, in weeks.

    Examples
    --------
    >>> from lupus_kit import design
    >>> dosing = design.he2020().dosing
    >>> dosing.cycles, dosing.injections_per_cycle
    (3, 7)
    >>> dosing.n_injections
    21
    >>> dosing.weeks
    12
    >>> dosing.days()["day"].tolist()[:4]
    [0, 2, 4, 6]
    """

    cycles: int
    injections_per_cycle: int
    days_between_injections: int
    weeks_on: int
    weeks_off: int

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            least = 0 if name == "weeks_off" else 1
            if not is_whole(value, least):
                raise InputError(f"{name} == {value!r}: must be a whole number of {least} or more.")
        last_day = (self.injections_per_cycle - 1) * self.days_between_injections
        if last_day >= 7 * self.weeks_on:
            raise InputError(f"the injections of a cycle end on day {last_day}, after weeks_on == {self.weeks_on}.")

    @property
    def n_injections(self) -> int:
        """Injections per patient over all cycles."""
        return self.cycles * self.injections_per_cycle

    @property
    def weeks(self) -> int:
        """Weeks from the first injection to the end of the last break."""
        return self.cycles * (self.weeks_on + self.weeks_off)

    def days(self) -> pd.DataFrame:
        """Return one row per injection.

        Returns
        -------
        pandas.DataFrame
            Columns ``cycle`` (from 1), ``injection`` (from 1, over all cycles), ``day`` (days since the
            first injection, from 0) and ``week`` (``day / 7``).
        """
        number = np.arange(self.n_injections)
        cycle, before = np.divmod(number, self.injections_per_cycle)
        day = 7 * cycle * (self.weeks_on + self.weeks_off) + before * self.days_between_injections
        return pd.DataFrame({"cycle": 1 + cycle, "injection": 1 + number, "day": day, "week": day / 7})


@dataclass(frozen=True)
class TrialDesign:
    """A trial before its first patient: arms, visits, dosing, eligibility and what is not known.

    Attributes
    ----------
    key, title : str
        Name of the design in the kit, and in words.
    arms : tuple of Arm
        The first arm is the active one.
    visits : tuple of Visit
        Only visits whose results are public.
    dosing : DosingPlan
        Injections and breaks.
    primary_endpoint : str
        Name of the primary endpoint.
    primary_week, follow_up_week : int
        Weeks of the primary endpoint and of the last visit.

    Examples
    --------
    >>> from lupus_kit import design
    >>> trial = design.he2020()
    >>> trial.primary_week, trial.follow_up_week
    (12, 24)
    >>> trial.n_randomised
    60
    >>> trial.cumulative_dose_miu
    21.0
    >>> trial.arm(trial.arms[0].name).n_randomised
    30
    >>> list(trial.facts().columns)
    ['topic', 'fact', 'source', 'reported']
    """

    key: str
    title: str
    arms: tuple[Arm, ...]
    visits: tuple[Visit, ...]
    dosing: DosingPlan
    primary_endpoint: str
    primary_week: int
    follow_up_week: int
    _facts: tuple[tuple[str, str, str], ...] = ()

    def __post_init__(self) -> None:
        for what, kind in (("arms", Arm), ("visits", Visit)):
            require_kind(what, given := getattr(self, what), (tuple, list), f"a tuple of design.{kind.__name__}")
            for one in given:
                require_kind(f"each of the {what}", one, kind, f"a design.{kind.__name__}")
        names = [arm.name for arm in self.arms]
        if len(names) < 2 or len(set(names)) < len(names):
            raise InputError(f"arms == {names}: a trial needs at least two arms with different names.")
        weeks = [visit.week for visit in self.visits]
        if not all(is_whole(week, 0) for week in weeks) or weeks != sorted(set(weeks)):
            raise InputError(f"visits are at weeks {weeks}: they must be in order, each week once.")
        for name, week in (("primary_week", self.primary_week), ("follow_up_week", self.follow_up_week)):
            if not is_whole(week, 0) or week not in weeks:
                raise InputError(f"{name} == {week!r} is not a visit; visits are at weeks {weeks}.")

    @property
    def n_randomised(self) -> int:
        """Patients in all arms together."""
        return sum(arm.n_randomised for arm in self.arms)

    @property
    def cumulative_dose_miu(self) -> float:
        """Active dose of one patient on the active arm over all cycles, in million IU (MIU)."""
        return self.dosing.n_injections * max(arm.dose_miu for arm in self.arms)

    def arm(self, name: str) -> Arm:
        """Return one arm by its name.

        Raises
        ------
        InputError
            There is no such arm.
        """
        arms = {arm.name: arm for arm in self.arms}
        require_choice("arm", name, arms)
        return arms[name]

    def dosing_calendar(self) -> pd.DataFrame:
        """Return the injections of both arms, one row per arm and injection.

        Returns
        -------
        pandas.DataFrame
            Columns ``arm``, ``cycle``, ``injection``, ``day`` (from 0), ``week``, ``dose_miu`` and
            ``cumulative_dose_miu`` (after this injection), doses in million IU.

        Examples
        --------
        >>> he2020().dosing_calendar().query("arm == 'IL-2'").tail(1)[["day", "cumulative_dose_miu"]]
            day  cumulative_dose_miu
        20   68                 21.0
        """
        days = self.dosing.days()
        frames = [days.assign(arm=arm.name, dose_miu=arm.dose_miu) for arm in self.arms]
        calendar = pd.concat(frames, ignore_index=True)
        calendar["cumulative_dose_miu"] = calendar.groupby("arm", sort=False)["dose_miu"].cumsum()
        return calendar[["arm", "cycle", "injection", "day", "week", "dose_miu", "cumulative_dose_miu"]]

    def facts(self) -> pd.DataFrame:
        """Return what is public about the design, and what is not, as a table.

        Returns
        -------
        pandas.DataFrame
            Columns ``topic``, ``fact`` (``"not reported"`` where nothing is public), ``source`` and
            ``reported`` (bool).
        """
        rows = [(topic, fact, source, fact != NOT_REPORTED) for topic, fact, source in self._facts]
        return pd.DataFrame(rows, columns=["topic", "fact", "source", "reported"])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(arm.name)}</td><td>{arm.n_randomised}</td>"
            f"<td style='text-align:left'>{html.escape(arm.treatment)}</td></tr>"
            for arm in self.arms
        )
        dosing = self.dosing
        return (
            f"<b>{html.escape(self.title)}</b>"
            f"<table><tr><th>arm</th><th>randomised</th><th>treatment</th></tr>{rows}</table>"
            f"{dosing.cycles} cycles of {dosing.injections_per_cycle} injections, one every "
            f"{dosing.days_between_injections} days, then {dosing.weeks_off} weeks' break: {dosing.n_injections} "
            f"injections, {self.cumulative_dose_miu:g} MIU by week {dosing.weeks}. Primary endpoint: "
            f"{html.escape(self.primary_endpoint)} at week {self.primary_week}; follow-up to week "
            f"{self.follow_up_week}."
        )


@cache
def he2020() -> TrialDesign:
    """Return the design of He et al. 2020, from the abstract and the registry.

    Returns
    -------
    TrialDesign
        Two arms of 30; one million IU or placebo every other day for two weeks, two weeks' break, three
        times; visits at baseline, week 12 and week 24.

    References
    ----------
    He J, Zhang R, Shao M, et al. Ann Rheum Dis 2020;79:141-149. doi:10.1136/annrheumdis-2019-215396.
    Registry: NCT02465580, NCT02932137.

    Examples
    --------
    >>> trial = he2020()
    >>> [(arm.name, arm.n_randomised) for arm in trial.arms]
    [('IL-2', 30), ('placebo', 30)]
    >>> trial.dosing.n_injections, trial.dosing.weeks
    (21, 12)
    """
    raw = toml_beside(__file__, "he2020.toml")
    facts = [(f["topic"], f["fact"], f["source"]) for f in raw["facts"]]
    facts += [(f["topic"], NOT_REPORTED, "") for f in raw["not_reported"]]
    arms, visits = (Arm(**arm) for arm in raw["arms"]), (Visit(**visit) for visit in raw["visits"])
    named = {name: raw[name] for name in ("key", "title", "primary_endpoint", "primary_week", "follow_up_week")}
    return TrialDesign(
        **named, arms=tuple(arms), visits=tuple(visits), dosing=DosingPlan(**raw["dosing"]), _facts=tuple(facts)
    )
