"""Stop 7: plan a trial, and see what its p-value would do if it were repeated."""

from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.stats import binom

from lupus_kit.core.seeds import as_generator
from lupus_kit.figures.planning import dance_of_p, power_plan
from lupus_kit.inference import TESTS, pvalue, rejection_region
from lupus_kit.inference.intervals.difference import agresti_caffo
from lupus_kit.widgets.app import App, Scene
from lupus_kit.widgets.controls import bare_p, dropdown, float_slider, int_slider

#: Patients per arm of the curve; the rejected tables of each are worked out once.
SIZES = tuple(range(10, 201, 10))
_OFFERED = ("pearson", "n_minus_1", "fisher", "barnard", "boschloo")
#: Boschloo's p-values, unlike its rejected tables, take seconds in a large trial.
_DANCING = ("pearson", "n_minus_1", "fisher")
_ALPHA, _TARGET = 0.05, 0.8


@lru_cache(maxsize=256)
def _region(test: str, n: int) -> np.ndarray:
    return rejection_region(test, n, n, _ALPHA).astype(float)


def expected(test: str, p1: float, p2: float, n: int) -> dict[str, float]:
    """Work out what a trial with two arms of one size does, by adding up its tables.

    Parameters
    ----------
    test : str
        Key of the test, two-sided at 0.05.
    p1, p2 : float
        True response rates.
    n : int
        Patients in each arm.

    Returns
    -------
    dict of str to float
        ``power`` (significant in either direction), ``benefit`` and ``harm`` (significant with the drug, with placebo the
        better arm), ``wrong_way`` (significant with the sign against the truth) and ``exaggeration`` (mean size of a
        significant difference over the true one); the last two are ``nan`` for equal rates.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> found = expected("pearson", 0.55, 0.3, 40)
    >>> abs(found["power"] - inference.power("pearson", 0.55, 0.3, 40, 40)) < 1e-12
    True
    """
    counts = np.arange(n + 1)
    weight = np.outer(binom.pmf(counts, n, p1), binom.pmf(counts, n, p2)) * _region(test, n)
    difference = (counts[:, None] - counts[None, :]) / n
    power, benefit, harm = (float(weight[side].sum()) for side in (..., difference > 0, difference < 0))
    wrong, size = float("nan"), float("nan")
    if p1 != p2 and power:
        wrong = harm if p1 > p2 else benefit
        size = float((weight * np.abs(difference)).sum()) / power / abs(p1 - p2)
    return {"power": power, "benefit": benefit, "harm": harm, "wrong_way": wrong, "exaggeration": size}


def designer_scene(p1: float, p2: float, dropout: float, n: int, test: str) -> Scene:
    """Plan a trial: its exact power to find that the drug is better, and what a significant result would be worth.

    Parameters
    ----------
    p1, p2 : float
        True response rates of patients who stay, on the drug and on placebo.
    dropout : float
        Share who leave; they count as non-responders.
    n : int
        Patients in each arm, one of :data:`SIZES`.
    test : str
        Key of the test, two-sided at 0.05.

    Returns
    -------
    Scene
        Power against size; the plan in words.

    Examples
    --------
    >>> "power is <b>51 %</b>" in designer_scene(0.55, 0.3, 0.0, 30, "pearson").text
    True
    """
    first, second = p1 * (1 - dropout), p2 * (1 - dropout)
    power = [expected(test, first, second, m)["benefit"] for m in SIZES]
    here, false = expected(test, first, second, n), expected(test, second, second, n)["power"]
    frame = pd.DataFrame({"n_per_arm": SIZES, "power": power})
    enough = frame.loc[frame["power"] >= _TARGET, "n_per_arm"]
    said = (
        f"{_TARGET:.0%} is reached with {int(enough.iloc[0])} per arm."
        if len(enough)
        else f"Not even {SIZES[-1]} per arm reach {_TARGET:.0%}."
    )
    worth = (
        "The drug does nothing here: every significant result is a false alarm."
        if first == second
        else f"A significant result would overstate the difference {here['exaggeration']:.2f} times on average, and point "
        f"the wrong way in {here['wrong_way'] / here['power']:.1%} of such results."
    )
    if here["harm"] >= 0.0005:
        worth += f" In {here['harm']:.1%} of such trials placebo is significantly better: harm found, not power."
    text = (
        f"True rates {first:.1%} and {second:.1%}{' after dropout' if dropout else ''}, {n} patients per arm ({2 * n} in "
        f"all), {TESTS[test].label}, two-sided at {_ALPHA:g}: power is <b>{100 * here['benefit']:.0f} %</b>. {said}<br>{worth} "
        f"If the drug did nothing, {false:.1%} of such trials would be significant."
    )
    facts = {"power": here["benefit"], "power_of_smaller": max([0.0, *frame.loc[frame["n_per_arm"] < n, "power"]])}
    return Scene(text, power_plan(frame, n, _TARGET, TESTS[test].label), facts=facts)


def trial_designer() -> App:
    """Return the widget of stop 7 that plans a trial: rates, dropout, size and test.

    See Also
    --------
    visits_explorer, from_state

    Examples
    --------
    >>> "80% is reached with 80 per arm" in trial_designer().set(p1=0.52).text.value
    True
    """
    for test in _OFFERED:  # once, so that no slider has to wait
        for n in SIZES:
            _region(test, n)
    controls = {
        "p1": float_slider("respond on the drug", 0.55, 0.0, 1.0, 0.01),
        "p2": float_slider("respond on placebo", 0.30, 0.0, 1.0, 0.01),
        "dropout": float_slider("leave the trial", 0.0, 0.0, 0.5, 0.01),
        "n": int_slider("patients per arm", 30, SIZES[0], SIZES[-1], 10),
        "test": dropdown("test", [(TESTS[key].label, key) for key in _OFFERED], "pearson"),
    }
    return App("Design a better trial", controls, designer_scene, name="trial_designer")


def repeated(p1: float, p2: float, n: int, trials: int, seed: int | np.random.Generator, test: str) -> pd.DataFrame:
    """Draw a trial again and again.

    Parameters
    ----------
    p1, p2 : float
        True response rates.
    n : int
        Patients in each arm.
    trials : int
        How many trials.
    seed : int or numpy.random.Generator
        Same seed, same trials.
    test : str
        Key of the test.

    Returns
    -------
    pandas.DataFrame
        One row per trial: ``x1``, ``x2``, ``difference``, ``low`` and ``high`` (95 % interval of Agresti and Caffo) and
        ``p``; a table on which the test is not defined has p = 1.

    References
    ----------
    Agresti A, Caffo B. Am Stat 2000;54:280-288.

    Examples
    --------
    >>> repeated(0.55, 0.3, 30, 3, seed=1, test="pearson").shape
    (3, 6)
    """
    rng = as_generator(seed)
    # One pair of uniforms for each trial: a rate that is moved moves the same trials, not other ones.
    x1, x2 = (binom.ppf(rng.random(trials), n, p).astype(int).clip(0, n) for p in (p1, p2))
    low, high = agresti_caffo(x1, n, x2, n, 0.95)
    found = pd.DataFrame({"x1": x1, "x2": x2, "difference": (x1 - x2) / n, "low": low, "high": high})
    return found.assign(p=np.nan_to_num(np.asarray(pvalue(test, x1, n, x2, n)), nan=1.0))


def dance_scene(p1: float, p2: float, n: int, trials: int, seed: int, test: str = "pearson") -> Scene:
    """Repeat one trial and watch its p-value.

    Parameters
    ----------
    p1, p2 : float
        True response rates.
    n : int
        Patients in each arm, one of :data:`SIZES`.
    trials : int
        How many repetitions are drawn.
    seed : int
        Seed of the repetitions.
    test : str
        Key of the test.

    Returns
    -------
    Scene
        Differences and p-values, trial by trial; in words what stays and what dances.

    Raises
    ------
    InputError
        A seed that is not a whole number of 0 or more.

    Examples
    --------
    >>> "30 trials of 30 + 30 patients" in dance_scene(0.55, 0.3, 30, 30, 1).text
    True
    """
    found = repeated(p1, p2, n, trials, seed, test)
    hit, harm = found["p"] <= _ALPHA, int(((found["p"] <= _ALPHA) & (found["difference"] < 0)).sum())
    power = expected(test, p1, p2, n)["power"]
    chosen = (
        f"Their mean difference is {100 * found.loc[hit, 'difference'].mean():.0f} points, that of all trials "
        f"{100 * found['difference'].mean():.0f}."
        if hit.any()
        else "None can be shown as a success."
    )
    told = f", {harm} of them with placebo better" if harm else ""
    held = ((found["low"] <= p1 - p2) & (p1 - p2 <= found["high"])).sum()
    text = (
        f"{trials} trials of {n} + {n} patients, all with the same truth: {p1:.0%} against {p2:.0%}, {100 * (p1 - p2):.0f} "
        f"points. <b>{int(hit.sum())}</b> have p ≤ {_ALPHA:g} (expected: {power:.0%} of all){told}. {chosen}<br>The smallest p is "
        f"{bare_p(found['p'].min())}, the largest {bare_p(found['p'].max())}: same drug, same patients, other chance. "
        f"{int(held)} of {trials} intervals hold the truth."
    )
    return Scene(text, dance_of_p(found, p1 - p2, _ALPHA), facts={"hits": int(hit.sum())})


def pvalue_dance() -> App:
    """Return the widget of stop 7 that repeats a trial: rates, size, number of repetitions, seed and test.

    See Also
    --------
    table_explorer, pvalue_detective, from_state

    Examples
    --------
    >>> app = pvalue_dance()
    >>> app.set(seed=5).text.value == app.set(seed=5).text.value != app.set(seed=6).text.value
    True
    """
    for test in _DANCING:
        for n in SIZES:
            _region(test, n)
    controls = {
        "p1": float_slider("respond on the drug", 0.55, 0.0, 1.0, 0.01),
        "p2": float_slider("respond on placebo", 0.30, 0.0, 1.0, 0.01),
        "n": int_slider("patients per arm", 30, SIZES[0], SIZES[-1], 10),
        "trials": int_slider("trials to show", 30, 10, 60, 5),
        "seed": int_slider("seed (try several)", 1, 0, 200),
        "test": dropdown("test", [(TESTS[key].label, key) for key in _DANCING], "pearson"),
    }
    return App("The dance of the p-values", controls, dance_scene, name="pvalue_dance")
