"""Group-sequential boundaries: when a trial may stop at an interim look without spending more than its level.

With k patients' worth of information the standardised difference behaves like Brownian motion: S = Z √t has
independent normal increments of variance t_k − t_{k−1}. The density of S over the trials that go on is carried from
look to look by numerical integration, so the chance of stopping at each look is exact for that law.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from lupus_kit.core.errors import InputError, is_number, is_whole, unknown_name

#: What is said of shapes and rules, by ``"boundaries"``, ``"futility"`` and ``"other_names"``.
SAID = tomllib.loads(resources.files(__package__).joinpath("boundaries.toml").read_text(encoding="utf-8"))
#: Shapes of a boundary, with what they do; and keys of boundaries and rules by what other programs call them.
BOUNDARIES: dict[str, str] = SAID["boundaries"]
OTHER_NAMES: dict[str, str] = SAID["other_names"]

#: Beyond this Z nothing is left to be spent.
LARGEST_Z = 12.0


@dataclass(frozen=True)
class Boundaries:
    """Critical values of a group-sequential test.

    Attributes
    ----------
    shape : str
        Key of :data:`BOUNDARIES`.
    alpha : float
        Level of the whole test.
    fractions : tuple of float
        Information at each look, as a share of all; the last is 1.
    critical : tuple of float
        The test stops at look k where ``|Z| >= critical[k]``; one-sided, where ``Z >= critical[k]``.
    sided : int
        2 or 1.
    futility : tuple of float
        Where given: the trial may stop at interim look k for futility where ``Z < futility[k]``. The bound is not binding:
        the critical values hold also if the trial goes on.

    Examples
    --------
    >>> from lupus_kit import simulation
    >>> bounds = simulation.group_sequential([0.5, 1.0], shape="pocock")
    >>> bounds.shape
    'pocock'
    >>> [round(level, 4) for level in bounds.levels]
    [0.0294, 0.0294]
    >>> [round(alpha, 4) for alpha in bounds.spent]
    [0.0294, 0.05]
    >>> bounds.crossing(0.0).round(4).tolist()
    [0.0294, 0.0206]
    >>> bounds.to_frame()["critical_z"].round(3).tolist()
    [2.178, 2.178]
    """

    shape: str
    alpha: float
    fractions: tuple[float, ...]
    critical: tuple[float, ...]
    sided: int = 2
    futility: tuple[float, ...] = ()

    @property
    def levels(self) -> tuple[float, ...]:
        """Nominal level of each look: the p-value, two-sided or one-sided as the test is, that must be reached."""
        return tuple(float(self.sided * ndtr(-z)) for z in self.critical)

    @property
    def spent(self) -> tuple[float, ...]:
        """Alpha spent up to and including each look."""
        return tuple(float(value) for value in np.cumsum(self.crossing(0.0)))

    def crossing(self, drift: float) -> np.ndarray:
        """Chance of stopping at each look.

        Parameters
        ----------
        drift : float
            Mean of Z at full information: 0 under the null hypothesis.

        Returns
        -------
        numpy.ndarray
            One probability a look; what is missing to 1 never crosses.
        """
        return crossing_probabilities(self.fractions, self.critical, drift, self.sided)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a look: ``look``, ``information``, ``critical_z``, ``nominal_level``, ``alpha_spent``, ``futility_z``."""
        columns = {"information": self.fractions, "critical_z": self.critical, "nominal_level": self.levels}
        frame = pd.DataFrame({"look": range(1, len(self.fractions) + 1)} | columns | {"alpha_spent": self.spent})
        return frame.assign(futility_z=[*self.futility, np.nan]) if self.futility else frame

    def _repr_html_(self) -> str:
        table = self.to_frame().to_html(index=False, float_format="{:.4f}".format, border=0)
        return f"{self.sided}-sided boundary at {self.alpha:g}: {BOUNDARIES[self.shape]}.{table}"


def group_sequential(
    fractions: Sequence[float],
    alpha: float = 0.05,
    shape: str = "obrien_fleming",
    spent: Sequence[float] | None = None,
    sided: int = 2,
    parameter: float | None = None,
) -> Boundaries:
    """Compute the critical values of a group-sequential test.

    Parameters
    ----------
    fractions : sequence of float
        Information at each look as a share of all, increasing, the last 1.
    alpha : float
        Level of the whole test.
    shape : str
        Key of :data:`BOUNDARIES`, or a name of :data:`OTHER_NAMES`.
    spent : sequence of float, optional
        For ``"spending"``: alpha spent up to and including each look, at most `alpha` in the end.
    sided : {2, 1}
        Whether both sides share the level, or one has all of it.
    parameter : float, optional
        γ of ``"hwang_shih_decani"`` (-4 unless given), ρ of ``"kim_demets"`` (3 unless given).

    Returns
    -------
    Boundaries
        With the nominal level of each look.

    Raises
    ------
    InputError
        Fractions that do not increase to 1, an unknown shape, or spending beyond `alpha`.

    See Also
    --------
    with_futility, actual_boundaries, planned_looks

    Notes
    -----
    The two-sided test is symmetric: crossing on either side stops it. Spending functions give half of their value to each
    side.

    References
    ----------
    Armitage P, McPherson CK, Rowe BC. J R Stat Soc A 1969;132:235-244. Pocock SJ. Biometrika 1977;64:191-199.
    O'Brien PC, Fleming TR. Biometrics 1979;35:549-556. Lan KKG, DeMets DL. Biometrika 1983;70:659-663.

    Examples
    --------
    >>> [round(z, 3) for z in group_sequential([0.5, 1], shape="pocock").critical]
    [2.178, 2.178]
    >>> [round(z, 3) for z in group_sequential([0.5, 1], shape="lan_demets_obrien_fleming").critical]
    [2.963, 1.969]
    """
    times = check_fractions(fractions)
    if not is_whole(sided, 1) or sided > 2:
        raise InputError(f"sided == {sided!r}: must be 2 or 1.")
    if not is_number(alpha) or not 0 < alpha < sided / 2:
        raise InputError(f"alpha == {alpha!r}: must be strictly between 0 and {sided / 2:g} for a {sided}-sided test.")
    shape = known_name("boundary", shape)
    if (spent is not None) != (shape == "spending"):
        raise InputError(f"spent == {spent!r} with the boundary {shape!r}: alpha spent is listed for 'spending' alone.")
    total = None if spent is None else tuple(check_spending(spent, len(times), alpha).tolist())
    usual = {"hwang_shih_decani": -4.0, "kim_demets": 3.0}.get(shape)
    least = 0.01 if shape == "kim_demets" else -40
    if parameter is not None and (usual is None or not is_number(parameter) or not least <= parameter <= 40):
        raise InputError(f"parameter == {parameter!r}: {shape!r} takes {least} to 40 if it has one; others have none.")
    form = usual if parameter is None else parameter
    return _solved(tuple(times.tolist()), float(alpha), shape, total, int(sided), form)


def known_name(kind: str, given: object, known: Iterable[str] = tuple(BOUNDARIES)) -> str:
    """Return the key of a boundary or of a rule for futility, also for another program's name.

    Raises
    ------
    InputError
        An unknown name; the message has the nearest ones.

    Examples
    --------
    >>> known_name("boundary", "Hwang-Shih-DeCani"), known_name("boundary", "kimdemets")
    ('hwang_shih_decani', 'kim_demets')
    """
    names = {key: key for key in known}
    names |= {name: key for name, key in OTHER_NAMES.items() if key in names}
    found = {_folded(name): key for name, key in names.items()}.get(_folded(str(given)))
    if not isinstance(given, str) or found is None:
        raise unknown_name(kind, given, names)
    return found


def _folded(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


@lru_cache(maxsize=1024)
def _solved(
    fractions: tuple[float, ...],
    alpha: float,
    shape: str,
    spent: tuple[float, ...] | None,
    sided: int,
    form: float | None,
) -> Boundaries:
    times = np.array(fractions)
    if shape in ("pocock", "obrien_fleming"):
        curve = np.ones(len(times)) if shape == "pocock" else 1 / np.sqrt(times)
        critical = _scaled(times, curve, alpha, sided)
    else:
        due = spending(shape, times, alpha / sided, form) * sided if spent is None else np.array(spent)
        critical = _from_spending(times, due, sided)
    return Boundaries(shape, alpha, fractions, tuple(float(z) for z in critical), sided)


def _numbers(given: Sequence[float]) -> np.ndarray:
    """Return numbers as an array, which is empty where they are none."""
    try:
        return np.array(list(given), dtype=float)
    except (TypeError, ValueError):
        return np.array([])


def check_fractions(fractions: Sequence[float]) -> np.ndarray:
    """Return information fractions as an array, or say what is wrong with them."""
    times = _numbers(fractions)
    if times.ndim != 1 or len(times) < 1 or not (np.diff(times, prepend=0.0) > 0).all() or times[-1] != 1:
        raise InputError(f"fractions == {fractions!r}: information must rise from above 0 to 1, such as [0.5, 1.0].")
    return times


def check_spending(spent: Sequence[float], looks: int, alpha: float) -> np.ndarray:
    """Return cumulative spending as an array, or say what is wrong with it."""
    total = _numbers(spent)
    if total.shape != (looks,) or not np.isfinite(total).all():
        raise InputError(f"spent == {spent!r}: {looks} looks need {looks} numbers, one a look.")
    if total[0] < 0 or (np.diff(total) < 0).any() or total[-1] <= 0:
        raise InputError(f"spent == {list(spent)}: alpha spent starts at 0 or above, never falls, and ends above 0.")
    if total[-1] > alpha * (1 + 1e-12):
        raise InputError(f"spent == {list(spent)}: cumulative, it ends at more than alpha == {alpha:g}.")
    return total


def spending(shape: str, times: np.ndarray, alpha: float, parameter: float | None = None) -> np.ndarray:
    """Alpha that one side has spent up to each look."""
    if shape == "kim_demets":
        return np.asarray(alpha * times**parameter)
    if shape == "hwang_shih_decani":
        return np.asarray(alpha * (np.expm1(-parameter * times) / np.expm1(-parameter) if parameter else times))
    if shape == "lan_demets_pocock":
        return np.asarray(alpha * np.log1p((np.e - 1) * times))
    return np.asarray(2 * ndtr(ndtri(alpha / 2) / np.sqrt(times)))


def _scaled(times: np.ndarray, form: np.ndarray, alpha: float, sided: int) -> np.ndarray:
    """Scale a form of boundary until it is crossed with chance alpha."""

    def excess(constant: float) -> float:
        return float(crossing_probabilities(times, constant * form, 0.0, sided).sum()) - alpha

    # One look alone is too lenient, Bonferroni over all of them too strict; the last look has the smallest value.
    low = float(-ndtri(alpha / sided)) * 0.999 / float(form.max())
    high = float(-ndtri(alpha / sided / len(times))) * 1.001 / float(form.min())
    return np.asarray(brentq(excess, low, high, xtol=1e-12) * form)


def _from_spending(times: np.ndarray, total: np.ndarray, sided: int) -> np.ndarray:
    """Find look by look the critical value that spends what is due."""
    critical: list[float] = []
    state = Continuing()
    for time, due in zip(times, np.diff(total, prepend=0.0), strict=True):
        z = np.inf  # where nothing, or too little to matter, is spent
        if state.crossing(time, LARGEST_Z, sided) < due:
            z = float(brentq(lambda c, t=time, d=due: state.crossing(t, c, sided) - d, 0.0, LARGEST_Z, xtol=1e-12))
        critical.append(z)
        state.advance(time, -z if sided == 2 else -np.inf, z)
    return np.array(critical)


class Continuing:
    """Density of S over the trials that have not crossed after some looks, as weights at nodes."""

    def __init__(self, drift: float = 0.0) -> None:
        self.drift, self.time = drift, 0.0
        self.nodes, self.mass = np.zeros(1), np.ones(1)

    def below(self, time: float, z: float, side: int = 1) -> float:
        """Chance of not having crossed before, and of a Z of ``z`` or less at this time; with a side of -1, of -Z."""
        centre = self.nodes + self.drift * (time - self.time)
        return float(self.mass @ ndtr((z * np.sqrt(time) - side * centre) / np.sqrt(time - self.time)))

    def crossing(self, time: float, z: float, sided: int) -> float:
        """Chance of not having crossed before, and of crossing ``z``, on both sides if the test has two."""
        return self.below(time, -z, -1) + (self.below(time, -z) if sided == 2 else 0.0)

    def advance(self, time: float, lower: float, upper: float) -> None:
        """Move to the next look and keep the trials with a Z between both values."""
        step = np.sqrt(time - self.time)
        shift = self.drift * time
        # Beyond nine standard deviations nothing is left to integrate.
        spread = 9 * np.sqrt(time)
        low, high = (np.clip(edge * np.sqrt(time), shift - spread, shift + spread) for edge in (lower, upper))
        # Gauss–Legendre nodes close enough to resolve the increment.
        x, w = _nodes(32 + 16 * int(min(0.35 * (high - low) / step, 60)))
        nodes = (low + high) / 2 + (high - low) / 2 * x
        centre = self.nodes + self.drift * (time - self.time)
        kernel = np.exp(-(((nodes[:, None] - centre) / step) ** 2) / 2) / (step * np.sqrt(2 * np.pi))
        self.mass = (high - low) / 2 * w * (kernel @ self.mass)
        self.nodes, self.time = nodes, time


@lru_cache(maxsize=128)
def _nodes(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss–Legendre nodes and weights on (−1, 1)."""
    x, w = np.polynomial.legendre.leggauss(number)
    return x, w


def crossing_probabilities(
    fractions: Sequence[float] | np.ndarray, critical: Sequence[float] | np.ndarray, drift: float, sided: int = 2
) -> np.ndarray:
    """Chance that ``|Z|`` (one-sided: ``Z``) first reaches its critical value at each look.

    Parameters
    ----------
    fractions : sequence of float
        Information at each look.
    critical : sequence of float
        Critical value of each look.
    drift : float
        Mean of Z at full information.
    sided : {2, 1}
        Sides of the test.

    Returns
    -------
    numpy.ndarray
        One probability a look.

    Examples
    --------
    >>> round(float(crossing_probabilities([1.0], [1.96], 2.8)[0]), 3)
    0.8
    """
    state, found = Continuing(drift), []
    for time, z in zip(fractions, critical, strict=True):
        found.append(state.crossing(float(time), float(z), sided))
        if time < fractions[-1]:
            state.advance(float(time), -float(z) if sided == 2 else -np.inf, float(z))
    return np.array(found)
