"""Fit assumptions to the results of another trial: stochastic root finding with common random numbers."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.cohort.what_if.checks import phi_bounds
from lupus_kit.cohort.what_if.measured import EVENT_CODES, Measured, Quantity, draw_for_measuring, quantity
from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.core.seeds import as_generator

#: The field that a target moves where the user names none.
_FIELDS = {
    "sri4_week12_placebo": "care_week12",
    "sri4_week24_placebo": "care_week24",
    "sri4_week12_il2": "drug_effect",
    "sri4_week24_il2": "drug_persistence",
    "sri4_correlation_il2": "response_sd",
    "sri4_correlation_placebo": "response_sd",
    "sledai_median_week0": "activity_shift",
    "sledai_median_week12": "skin_share",
    "sledai_median_week24": "serology_share",
    "pga_median_week0": "pga_scale",
    "pga_median_week12": "pga_relief",
    "pga_median_week24": "pga_relief",
    "active_week0": "bilag_b_cut",
    "active_week12": "relief",
    "active_week24": "relief",
    "prednisone_median_week0": "prednisone_median",
    "prednisone_median_week12": "taper",
    "prednisone_median_week24": "taper",
}
_STEP = 0.25
_ROUNDS = 12
#: Without a better accuracy than this a target counts as reached: a share or a step of a median.
_TOLERANCE = 0.005


@dataclass(frozen=True)
class Calibration:
    """Fitted assumptions and how well they reach the targets.

    Attributes
    ----------
    assumptions : Assumptions
        The fitted assumptions.
    report : pandas.DataFrame
        One row per target: ``quantity``, ``target``, ``achieved``, ``mc_error`` and ``field`` (what was moved for it).
        ``achieved`` is measured in new patients, not in those of the fit.
    moved : dict
        The fields that were changed, with their new values.
    """

    assumptions: Assumptions
    report: pd.DataFrame
    moved: dict[str, Any]

    def to_frame(self) -> pd.DataFrame:
        """Return the report."""
        return self.report.copy()

    def _repr_html_(self) -> str:
        moved = ", ".join(
            f"{name} = {value:.3g}" for name, value in self.moved.items() if isinstance(value, (int, float))
        )
        table = self.report.to_html(index=False, border=0, float_format="{:.3f}".format, justify="left")
        return f"<p><b>Calibrated assumptions</b>: {html.escape(moved)}</p>{table}"


def calibrate(
    targets: Mapping[str, float],
    assumptions: Assumptions | None = None,
    seed: int | np.random.Generator = 0,
    *,
    move: Sequence[str] | None = None,
    n_per_arm: int = 5000,
) -> Calibration:
    """Fit assumptions so that the expected results of a trial are the given ones.

    Parameters
    ----------
    targets : mapping of str to float
        What the trial shall show on average, by name: ``{"sri4_week12_il2": 0.48, "sri4_week12_placebo": 0.40}``.
        :func:`lupus_kit.cohort.quantity_names` lists the names. Shares and rates run from 0 to 1.
    assumptions : Assumptions, optional
        Where to start; all fields that are not moved keep their values.
    seed : int or numpy.random.Generator
        Same seed, same fit.
    move : sequence of str, optional
        Numeric fields that may be moved. Without it each target moves the field it depends on most, for example
        ``care_week12`` for the placebo rate at week 12.
    n_per_arm : int
        Patients simulated in each arm at each step, at least 100. The check afterwards takes four times as many.

    Returns
    -------
    Calibration
        ``.assumptions`` and ``.report``.

    Raises
    ------
    InputError
        If a target has no such name, is impossible (alone or together with another one), or was not reached; the
        message lists every problem.

    Notes
    -----
    Rates of dropout, rescue, remission and adverse events are assumptions themselves and are set. All other targets
    are fitted: the expected value is simulated with the same random numbers at every step, so that it is a smooth
    enough function of the assumptions, and a damped Gauss-Newton method looks for its root. A median is a step
    function; its distance is measured by the share of patients below it.

    Examples
    --------
    >>> from lupus_kit import cohort
    >>> fitted = cohort.calibrate({"sri4_week12_placebo": 0.40, "dropout_il2": 0.1, "dropout_placebo": 0.1},
    ...                           n_per_arm=1000)
    >>> bool(abs(fitted.report.set_index("quantity").loc["sri4_week12_placebo", "achieved"] - 0.40) < 0.05)
    True
    """
    a = Assumptions() if assumptions is None else assumptions
    if not isinstance(a, Assumptions):
        raise InputError(f"assumptions must be an Assumptions object, got {type(a).__name__}.")
    if isinstance(n_per_arm, bool) or not isinstance(n_per_arm, (int, np.integer)) or n_per_arm < 100:
        raise InputError(f"n_per_arm == {n_per_arm!r}, must be a whole number of at least 100.")
    wanted = _checked_targets(targets, a)
    a, settled = _set_directly(a, wanted)
    to_fit = {q: value for q, value in wanted.items() if q.name not in settled}
    moved = _fields_to_move(to_fit, move)
    fit_seed, check_seed = (int(s) for s in as_generator(seed).integers(0, 2**31, 2))
    if to_fit:
        a = _fit(a, to_fit, list(dict.fromkeys(moved.values())), int(n_per_arm), fit_seed)
    report = _report(a, wanted, settled | moved, 4 * int(n_per_arm), check_seed)
    names = dict.fromkeys([*moved.values(), *settled.values()])
    return Calibration(a, report, {name: getattr(a, name) for name in names})


def _checked_targets(targets: Mapping[str, float], a: Assumptions) -> dict[Quantity, float]:
    if not isinstance(targets, Mapping) or not targets:
        raise InputError(f"targets == {targets!r}: give a mapping such as {{'sri4_week12_il2': 0.48}}.")
    problems: list[str] = []
    wanted: dict[Quantity, float] = {}
    for name, value in targets.items():
        try:
            q = quantity(str(name))
        except InputError as error:
            problems.append(str(error))
            continue
        low, high = (-1.0, 1.0) if q.what == "sri4_correlation" else (0.0, _highest(q))
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not low <= value <= high:
            problems.append(f"target {name!r} == {value!r}, must be a number from {low:g} to {high:g}.")
            continue
        wanted[q] = float(value)
        if q.what == "sledai_median" and q.week == 0 and value < a.entry_sledai:
            problems.append(f"target {name!r} == {value:g}: nobody enters below entry_sledai == {a.entry_sledai}.")
    problems += _joint_problems({q.name: value for q, value in wanted.items()})
    if problems:
        raise InputError("\n".join(problems))
    return wanted


def _highest(q: Quantity) -> float:
    return {"sledai_median": 105.0, "pga_median": 3.0, "prednisone_median": 60.0}.get(q.what, 1.0)


def _joint_problems(targets: Mapping[str, float]) -> list[str]:
    """Targets that exclude each other: a correlation outside its bounds, two numbers for one rate."""
    problems = []
    for arm in ("il2", "placebo"):
        rates = [targets.get(f"sri4_week{week}_{arm}") for week in (12, 24)]
        phi = targets.get(f"sri4_correlation_{arm}")
        if phi is not None and rates[0] is not None and rates[1] is not None:
            bounds = phi_bounds(rates[0], rates[1])
            if bounds is None or not bounds[0] - 1e-12 <= phi <= bounds[1] + 1e-12:
                allowed = "has no value" if bounds is None else f"lies from {bounds[0]:.3f} to {bounds[1]:.3f}"
                problems.append(
                    f"target 'sri4_correlation_{arm}' == {phi:g}: with rates {rates[0]:g} and {rates[1]:g} the "
                    f"correlation {allowed}."
                )
    one = [targets.get(f"dropout_{arm}") for arm in ("il2", "placebo")]
    if None not in one and one[0] != one[1]:
        problems.append(
            f"targets 'dropout_il2' == {one[0]:g} and 'dropout_placebo' == {one[1]:g}: the model has one dropout_rate; "
            "give the same value, or leave one out and let a mechanism (MAR, MNAR) make them differ."
        )
    return problems


def _set_directly(a: Assumptions, wanted: Mapping[Quantity, float]) -> tuple[Assumptions, dict[str, str]]:
    """Set the targets that are assumptions themselves; return also which field each of them set."""
    changes: dict[str, Any] = {}
    settled: dict[str, str] = {}
    for q, value in wanted.items():
        code = "il2" if q.arm == "IL-2" else "placebo"
        if q.what in ("remission", "rescue"):
            settled[q.name] = f"{q.what}_{code}"
            changes[settled[q.name]] = value
        elif q.what == "dropout" and a.dropout_mechanism == "MCAR":
            settled[q.name] = "dropout_rate"
            changes["dropout_rate"] = value
        elif q.what.startswith("event_"):
            settled[q.name] = field = f"event_share_{code}"
            shares = changes.get(field, dict(getattr(a, field)))
            changes[field] = {**shares, EVENT_CODES[q.what.removeprefix("event_")]: value}
    return replace(a, **changes), settled


def _fields_to_move(to_fit: Mapping[Quantity, float], move: Sequence[str] | None) -> dict[str, str]:
    """Field for each target. With ``move`` the fields are shared by all targets."""
    numeric = [spec.name for spec in fields(Assumptions) if "low" in spec.metadata and not spec.metadata["whole"]]
    if move is not None:
        for name in move:
            if name not in numeric:
                raise unknown_name("numeric field", name, numeric)
        if to_fit and not move:
            raise InputError("move is empty: name at least one field, or leave it out.")
        shared = {q.name: move[i % len(move)] for i, q in enumerate(to_fit)}
        return shared | {f"and {name}": name for name in move}
    found = {}
    for q in to_fit:
        general = q.name.removesuffix("_il2").removesuffix("_placebo")
        field = _FIELDS.get(q.name, _FIELDS.get(general, "dropout_rate" if q.what == "dropout" else None))
        if field is None:
            raise InputError(
                f"target {q.name!r} has no field of its own: name the fields that may be moved in move=[...]."
            )
        found[q.name] = field
    return found


def _fit(a: Assumptions, targets: Mapping[Quantity, float], names: list[str], n: int, seed: int) -> Assumptions:
    """Damped Gauss-Newton on the logit of each field within its range, with common random numbers."""
    meta = {spec.name: spec.metadata for spec in fields(Assumptions)}
    low, high = (np.array([meta[name][end] for name in names], dtype=float) for end in ("low", "high"))

    def at(z: np.ndarray) -> Assumptions:
        changes = dict(zip(names, (low + (high - low) / (1 + np.exp(-z))).tolist(), strict=True))
        if changes.get("drug_effect", 0) > meta["drug_reference"]["low"]:
            changes["drug_reference"] = changes["drug_effect"]  # the rates on IL-2 stay what they were given as
        return replace(a, **changes)

    def residuals(z: np.ndarray) -> np.ndarray:
        try:
            measured = Measured(draw_for_measuring(at(z), n, seed))
        except InputError:  # these values exclude each other, or nobody could be enrolled: far away
            return np.ones(len(targets))
        apart = np.array([measured.distance(q, value) for q, value in targets.items()])
        return np.where(np.isnan(apart), 1.0, apart)

    start = np.clip((np.array([getattr(a, name) for name in names]) - low) / (high - low), 0.02, 0.98)
    z = np.log(start / (1 - start))
    now, damping = residuals(z), 1e-3
    for _ in range(_ROUNDS):
        if np.abs(now).max() < _TOLERANCE / 2:
            break
        slopes = np.stack([(residuals(z + _STEP * e) - now) / _STEP for e in np.eye(len(z))], axis=1)
        step = np.linalg.solve(slopes.T @ slopes + damping * np.eye(len(z)), -slopes.T @ now)
        trial = z + np.clip(step, -1.5, 1.5)
        new = residuals(trial)
        if new @ new < now @ now:
            z, now, damping = trial, new, damping / 4
        else:
            damping *= 16
            if damping > 10:
                break
    return at(z)


def _report(
    a: Assumptions, wanted: Mapping[Quantity, float], used: Mapping[str, str], n: int, seed: int
) -> pd.DataFrame:
    measured = Measured(draw_for_measuring(a, n, seed))
    rows, missed = [], []
    for q, target in wanted.items():
        achieved, error = measured.estimate(q)
        rows.append((q.name, target, achieved, error, used.get(q.name, "")))
        # The fit has a Monte Carlo error of its own, twice that of the check (a quarter of the patients).
        margin = 4 * np.sqrt(5) * error + _TOLERANCE
        far = abs(measured.distance(q, target)) > 4 * np.sqrt(5) * 0.5 / np.sqrt(n) + 0.5 * _at(measured, q, target)
        if far if q.is_median else not abs(achieved - target) <= margin:
            missed.append(f"{q.name}: target {target:g}, best reached {achieved:.3g}")
    if missed:
        raise InputError(
            "no assumptions were found that reach these targets together:\n" + "\n".join(missed)
            + "\nChange a target, or let more fields move with move=[...]."
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["quantity", "target", "achieved", "mc_error", "field"])


def _at(measured: Measured, q: Quantity, target: float) -> float:
    """Share of patients whose value is the target itself: a median within this step is met."""
    return float((np.abs(measured.values(q) - target) <= 1e-9).mean())
