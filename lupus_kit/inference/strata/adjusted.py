"""Responders of two arms, compared with baseline covariates in a model.

A logistic model gives an odds ratio for patients alike in their covariates. What a trial asks for is a difference of
rates among all its patients: every patient's probability is predicted twice, once in each arm, and the means of both are
compared (standardisation, g-computation).
"""

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtr, stdtrit

from lupus_kit.core.errors import InputError
from lupus_kit.core.seeds import as_generator
from lupus_kit.core.text import listing, plural
from lupus_kit.inference.intervals.proportion import z_quantile
from lupus_kit.inference.strata import models
from lupus_kit.inference.strata.covariates import Design, design_of
from lupus_kit.inference.strata.patients import complete, in_first_arm, names_of, need_frame, responses
from lupus_kit.inference.two_by_two.counts import FloatArray, as_count, as_level

ODDS, RATIO, DIFFERENCE = "odds ratio", "risk ratio", "risk difference"


@dataclass(frozen=True)
class Effect:
    """One adjusted effect of the first arm against the second.

    Attributes
    ----------
    key, label : str
        Name of the method in the code and in print.
    measure : str
        ``"odds ratio"``, ``"risk ratio"`` or ``"risk difference"``.
    estimate, low, high : float
        The effect and both ends of its interval.
    standard_error : float
        Of the difference, or of the logarithm of a ratio; ``nan`` for a profile likelihood.
    p : float
        Two-sided p-value of no effect; ``nan`` for the bootstrap.
    level : float
        Confidence level.
    """

    key: str
    label: str
    measure: str
    estimate: float
    low: float
    high: float
    standard_error: float
    p: float
    level: float


@dataclass(frozen=True)
class Adjusted:
    """Responders of two arms, compared with covariates in a model.

    Attributes
    ----------
    arms : tuple of str
        Names of the first and second arm.
    patients : int
        Patients in the model.
    rates : tuple of float
        Standardised response rates: everybody in the first arm, everybody in the second.
    firth : bool
        Whether the response separates, so that Firth's penalised likelihood was used.
    effects : mapping of str to Effect
        Every effect by its key.
    coefficients : pandas.DataFrame
        Of the logistic model: ``term log_odds standard_error``, covariates in their own units.
    notes : tuple of str
        What was assumed, and how many patients it touches.
    """

    arms: tuple[str, str]
    patients: int
    rates: tuple[float, float]
    firth: bool
    effects: Mapping[str, Effect]
    coefficients: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def odds_ratio(self) -> Effect:
        """Odds ratio at given covariates: Wald's interval, or with Firth's penalty the profile likelihood's."""
        return self.effects["profile_likelihood" if self.firth else "logistic"]

    @property
    def risk_difference(self) -> Effect:
        """Standardised difference with the delta method."""
        return self.effects["standardised"]

    @property
    def risk_ratio(self) -> Effect:
        """Standardised ratio with the delta method."""
        return self.effects["standardised_ratio"]

    def to_frame(self) -> pd.DataFrame:
        """Return every effect, one row each: ``key label measure estimate low high standard_error p level``."""
        return pd.DataFrame([vars(effect) for effect in self.effects.values()])

    def _repr_html_(self) -> str:
        first, second = (f"{html.escape(arm)} {rate:.1%}" for arm, rate in zip(self.arms, self.rates, strict=True))
        form = dict.fromkeys(("estimate", "low", "high"), "{:.3f}".format) | {"p": "{:.4f}".format}
        table = self.to_frame()[["label", "measure", *form]].to_html(index=False, border=0, formatters=form, na_rep="")
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return f"Standardised response: {first}, {second} ({plural(self.patients, 'patient')}).{table}<ul>{notes}</ul>"


def _wald(key: str, label: str, measure: str, value: float, error: float, level: float, df: float = np.inf) -> Effect:
    """Make an effect from an estimate and its standard error, on the log scale for a ratio."""
    if np.isinf(df):
        quantile, p = z_quantile(level), float(2 * ndtr(-abs(value) / error))
    else:
        quantile, p = float(stdtrit(df, 0.5 + level / 2)), float(2 * stdtr(df, -abs(value) / error))
    shown = float if measure == DIFFERENCE else math.exp
    low, high = value - quantile * error, value + quantile * error
    return Effect(key, label, measure, shown(value), shown(low), shown(high), error, p, level)


def _standardised(design: Design, response: FloatArray, fitted: FloatArray, level: float) -> list[Effect]:
    """Difference and ratio of the standardised rates, with the delta method."""
    (p1, p2), (slope1, slope2) = models.standardised(design, fitted)
    found = []
    for key, robust, said in (
        ("standardised", False, "delta method"),
        ("standardised_robust", True, "delta, sandwich"),
    ):
        spread = models.covariance(design, response, fitted, robust)
        slope, relative = slope1 - slope2, slope1 / p1 - slope2 / p2
        error, log_error = (float(np.sqrt(one @ spread @ one)) for one in (slope, relative))
        found.append(_wald(key, f"standardised, {said}", DIFFERENCE, float(p1 - p2), error, level))
        log_ratio = float(np.log(p1 / p2))
        found.append(
            _wald(
                key.replace("standardised", "standardised_ratio"),
                f"standardised, {said}",
                RATIO,
                log_ratio,
                log_error,
                level,
            )
        )
    return found


def _bootstrapped(
    design: Design,
    response: FloatArray,
    firth: bool,
    resamples: int,
    rng: np.random.Generator,
    difference: float,
    level: float,
) -> tuple[Effect, list[str]]:
    rates, separated = models.bootstrap(design, response, firth, resamples, rng)
    differences = rates[:, 0] - rates[:, 1]
    low, high = np.quantile(differences, [(1 - level) / 2, (1 + level) / 2])
    notes = [f"Bootstrap: {plural(resamples, 'resample')} of patients, drawn within each arm; percentile interval."]
    if separated:
        notes.append(f"{plural(separated, 'resample')} separated and took Firth's penalty.")
    label = "standardised, bootstrap"
    error = float(np.std(differences, ddof=1))
    return Effect(
        "standardised_bootstrap", label, DIFFERENCE, difference, float(low), float(high), error, np.nan, level
    ), notes


def _linear(design: Design, response: FloatArray, level: float) -> tuple[list[Effect], list[str]]:
    """Least squares on 0 and 1 with standard errors that allow for unequal variances, and Student's distribution."""
    from statsmodels.regression.linear_model import OLS

    fitted = OLS(response, design.matrix).fit()
    leverage = np.einsum("ij,jk,ik->i", design.matrix, fitted.normalized_cov_params, design.matrix)
    alone = int((leverage > 1 - 1e-10).sum())
    found = []
    for kind in ("HC0", "HC1", "HC2", "HC3"):
        error = np.nan if alone and kind in ("HC2", "HC3") else float(getattr(fitted, f"{kind}_se")[1])
        value, df = float(fitted.params[1]), float(fitted.df_resid)
        found.append(
            _wald(f"linear_{kind.lower()}", f"linear probability model, {kind}", DIFFERENCE, value, error, level, df)
        )
    said = f"{plural(alone, 'patient')} alone with a value of a covariate: HC2 and HC3 are not defined."
    return found, [said] if alone else []


def adjusted(
    patients: pd.DataFrame,
    outcome: str,
    arm: str,
    covariates: str | list[str],
    *,
    first_arm: object = None,
    level: float = 0.95,
    missing: str = "refuse",
    bootstrap: int = 1000,
    seed: int | np.random.Generator = 0,
) -> Adjusted:
    """Compare the responders of two arms with baseline covariates in a model.

    Parameters
    ----------
    patients : pandas.DataFrame
        One row a patient.
    outcome : str
        Column of the outcome: 1 or True (responded), 0 or False.
    arm : str
        Column of the two arms.
    covariates : str or list of str
        Columns known at baseline. Numbers and truth values count as numbers; words and categories as levels against the
        first of them.
    first_arm : optional
        The arm that is compared with the other; by default the one that stands first in the data. A note says which.
    level : float
        Confidence level.
    missing : {"refuse", "drop"}
        For patients who lack a value in one of the columns.
    bootstrap : int
        Resamples; 0 for none.
    seed : int or numpy.random.Generator
        Of the bootstrap.

    Returns
    -------
    Adjusted
        With ``.odds_ratio``, ``.risk_difference``, ``.risk_ratio``, ``.effects``, ``.to_frame()`` and ``.notes``. The keys
        of effects: ``logistic`` and ``profile_likelihood`` (odds ratio at given covariates); ``standardised`` (delta
        method, covariance from the information), ``standardised_robust`` (sandwich) and ``standardised_bootstrap``;
        ``standardised_ratio`` and ``standardised_ratio_robust``; ``linear_hc0`` to ``linear_hc3``.

    Raises
    ------
    InputError
        No such column, an outcome that is not 0 or 1, not two arms, missing values, everybody or nobody responds, a
        covariate with one value or that the others explain, more coefficients than patients.

    Notes
    -----
    Where the covariates separate those who respond from the others, a coefficient of the maximum-likelihood fit is
    infinite. That is found by a linear program, and Firth's penalised likelihood is used and said in a note.

    The delta method takes the covariates as they are; the bootstrap draws them anew. The linear model's p-values and
    intervals are Student's, with patients minus coefficients degrees of freedom.

    References
    ----------
    Food and Drug Administration. Adjusting for covariates in randomized clinical trials for drugs and biological
    products: guidance for industry. May 2023. Ge M, et al. Drug Inf J 2011;45:481-493. Only their descriptions in the
    documentation of the R package beeca were read. MacKinnon JG, White H. J Econom 1985;29:305-325 (HC1 to HC3).

    Examples
    --------
    SAS's trial in migraine, one row a patient:

    >>> groups = pd.DataFrame({
    ...     "gender": ["female"] * 4 + ["male"] * 4,
    ...     "treatment": ["active", "active", "placebo", "placebo"] * 2,
    ...     "better": [1, 0] * 4,
    ...     "patients": [16, 11, 5, 20, 12, 16, 7, 19],
    ... })
    >>> found = adjusted(groups.loc[groups.index.repeat(groups["patients"])], "better", "treatment", ["gender"])
    >>> round(found.odds_ratio.estimate, 3), round(found.risk_difference.estimate, 3)
    (3.306, 0.275)
    """
    names, confidence = names_of(covariates, "covariates"), as_level("level", level)
    resamples, rng = as_count("bootstrap", bootstrap), as_generator(seed)
    if {outcome, arm} & set(names) or outcome == arm or len(set(names)) < len(names):
        raise InputError(f"outcome {outcome!r}, arm {arm!r} and covariates {names!r} must be different columns.")
    frame, left_out = complete(need_frame(patients, [outcome, arm, *names], "patients"), missing)
    response = responses(frame[outcome])
    first, arms, notes = in_first_arm(frame[arm], first_arm)
    if response.min() == response.max():
        raise InputError(f"{'everybody' if response[0] else 'nobody'} responds: there is nothing to adjust.")
    design = design_of(frame, first, names)
    notes += [*left_out, *design.notes]
    infinite = models.infinite_terms(design, response)
    fitted, low, high, p = models.fit_profile(design, response, confidence, firth=bool(infinite))
    if infinite:
        notes.append(
            f"The response separates: no finite maximum-likelihood estimate of {listing(infinite)}. Firth's penalised "
            "likelihood instead; it draws standardised rates towards one half."
        )
    else:
        fitted = models.fit_likelihood(design, response)
    spread = models.covariance(design, response, fitted, robust=False)
    method = "Firth" if infinite else "maximum likelihood"
    log_odds, error = float(fitted[1]), float(np.sqrt(spread[1, 1]))
    profile = (float(np.exp(log_odds)), float(np.exp(low)), float(np.exp(high)), np.nan, p, confidence)
    effects = [
        _wald("logistic", f"logistic, {method}, Wald", ODDS, log_odds, error, confidence),
        Effect("profile_likelihood", f"logistic, {method}, profile likelihood", ODDS, *profile),
        *_standardised(design, response, fitted, confidence),
    ]
    rates = models.standardised(design, fitted)[0]
    if resamples:
        drawn, said = _bootstrapped(
            design, response, bool(infinite), resamples, rng, float(rates[0] - rates[1]), confidence
        )
        effects.append(drawn)
        notes += said
    linear, said = _linear(design, response, confidence)
    units = design.to_units
    coefficients = pd.DataFrame({
        "term": design.terms,
        "log_odds": units @ fitted,
        "standard_error": np.sqrt(np.diag(units @ spread @ units.T)),
    })  # fmt: skip
    return Adjusted(
        arms, len(frame), (float(rates[0]), float(rates[1])), bool(infinite),
        {effect.key: effect for effect in [*effects, *linear]}, coefficients, (*notes, *said),
    )  # fmt: skip
