"""Responders of two arms, compared with baseline covariates in a model.

A logistic model gives an odds ratio for patients alike in their covariates. What a trial asks for is a difference of
rates among all its patients: every patient's probability is predicted twice, once in each arm, and the means of both are
compared (standardisation, g-computation).
"""

import html
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from lupus_kit.core.columns import names_of
from lupus_kit.core.errors import InputError
from lupus_kit.core.seeds import as_generator
from lupus_kit.core.text import listing, p_value_text, plural
from lupus_kit.inference.strata import models
from lupus_kit.inference.strata.patients import in_first_arm, need_frame, responses
from lupus_kit.inference.two_by_two.counts import FloatArray, as_count, as_level

_ODDS, _DIFFERENCE = "odds ratio", "risk difference"


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

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit import inference
    >>> groups = pd.DataFrame({"gender": ["female"] * 4 + ["male"] * 4, "arm": ["active", "active", "placebo", "placebo"] * 2,
    ...                    "better": [1, 0] * 4, "patients": [16, 11, 5, 20, 12, 16, 7, 19]})
    >>> found = inference.adjusted(groups.loc[groups.index.repeat(groups["patients"])], "better", "arm", ["gender"])
    >>> found.risk_difference.measure
    'risk difference'
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
    notes : tuple of str
        What was assumed, and how many patients it touches.

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit import inference
    >>> groups = pd.DataFrame({"gender": ["female"] * 4 + ["male"] * 4, "arm": ["active", "active", "placebo", "placebo"] * 2,
    ...                    "better": [1, 0] * 4, "patients": [16, 11, 5, 20, 12, 16, 7, 19]})
    >>> found = inference.adjusted(groups.loc[groups.index.repeat(groups["patients"])], "better", "arm", ["gender"])
    >>> found.arms
    ('active', 'placebo')
    >>> round(found.odds_ratio.estimate, 3)
    3.383
    >>> round(found.risk_difference.estimate, 3)
    0.274
    >>> round(found.risk_ratio.estimate, 3)
    2.163
    >>> found.to_frame()["key"].tolist()[:3]
    ['logistic', 'profile_likelihood', 'standardised']
    """

    arms: tuple[str, str]
    patients: int
    rates: tuple[float, float]
    firth: bool
    effects: Mapping[str, Effect]
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
        form = dict.fromkeys(("estimate", "low", "high"), "{:.3f}".format) | {"p": p_value_text}
        table = self.to_frame()[["label", "measure", *form]].to_html(index=False, border=0, formatters=form, na_rep="")
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return f"Standardised response: {first}, {second} ({plural(self.patients, 'patient')}).{table}<ul>{notes}</ul>"


def _wald(key: str, label: str, measure: str, value: float, error: float, level: float, df: float = np.inf) -> Effect:
    """Make an effect from an estimate and its standard error, on the log scale for a ratio."""
    half = float(stdtrit(df, 0.5 + level / 2)) * error
    p = float(2 * stdtr(df, -abs(value) / error)) if error else 0.0  # no residual at all
    shown = float if measure == _DIFFERENCE else math.exp
    return Effect(key, label, measure, shown(value), shown(value - half), shown(value + half), error, p, level)


def _standardised(matrix: FloatArray, response: FloatArray, fitted: FloatArray, level: float) -> Iterator[Effect]:
    """Difference and ratio of the standardised rates, with the delta method."""
    (p1, p2), (slope1, slope2) = models.standardised(matrix, fitted)
    relative = slope1 / p1 - slope2 / p2
    for key, label, measure, value, slope, robust in (
        ("standardised", "standardised, delta method", _DIFFERENCE, p1 - p2, slope1 - slope2, False),
        ("standardised_robust", "standardised, delta method, sandwich", _DIFFERENCE, p1 - p2, slope1 - slope2, True),
        ("standardised_ratio", "standardised, delta method", "risk ratio", np.log(p1 / p2), relative, False),
    ):
        variance = slope @ models.covariance(matrix, response, fitted, robust) @ slope
        yield _wald(key, label, measure, float(value), float(np.sqrt(variance)), level)


def _linear(matrix: FloatArray, response: FloatArray, level: float) -> Iterator[Effect]:
    """Least squares on 0 and 1 with standard errors that allow for unequal variances; nan where a leverage is 1."""
    from statsmodels.regression.linear_model import OLS

    fitted = OLS(response, matrix).fit()
    value, df = float(fitted.params[1]), float(fitted.df_resid)
    leverage = np.einsum("ij,jk,ik->i", matrix, fitted.normalized_cov_params, matrix)
    for kind in ("HC0", "HC1", "HC2", "HC3"):
        defined = kind in ("HC0", "HC1") or leverage.max() < 1 - 1e-10
        error = float(getattr(fitted, f"{kind}_se")[1]) if defined else np.nan
        label = f"linear probability model, {kind}"
        yield _wald(f"linear_{kind.lower()}", label, _DIFFERENCE, value, error, level, df)


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
        ``standardised_ratio``; ``linear_hc0`` to ``linear_hc3``.

    Raises
    ------
    InputError
        No such column, an outcome that is not 0 or 1, not two arms, missing values, everybody or nobody responds, a
        covariate with one value or that the others explain, more coefficients than patients.

    See Also
    --------
    stratified

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
    (3.383, 0.274)
    """
    names, confidence = names_of(covariates, "covariates"), as_level("level", level)
    resamples, rng = as_count("bootstrap", bootstrap), as_generator(seed)
    names_of([outcome, arm], "outcome and arm")
    if {outcome, arm} & set(names) or outcome == arm or len(set(names)) < len(names):
        raise InputError(f"outcome {outcome!r}, arm {arm!r} and covariates {names!r} must be different columns.")
    frame, left_out = need_frame(patients, [outcome, arm, *names], missing)
    response = responses(frame[outcome])
    first, arms, compared = in_first_arm(frame[arm], first_arm)
    if response.min() == response.max():
        raise InputError(f"{'everybody' if response[0] else 'nobody'} responds: there is nothing to adjust.")
    matrix, terms, levels = models.design_of(frame, first, names)
    notes = [compared, *left_out, *levels]
    infinite = models.infinite_terms(matrix, response)
    firth = bool(len(infinite))
    fitted, low, high, p = models.fit(matrix, response, confidence, firth)
    if firth:
        notes.append(
            f"The response separates: no finite maximum-likelihood estimate of {listing(terms[k] for k in infinite)}. Firth's "
            "penalised likelihood instead; it draws standardised rates towards one half."
        )
    if np.isnan([low, high, p]).any():
        notes.append("Profile likelihood: a search did not end, so a value is missing.")
    log_odds, error = float(fitted[1]), float(np.sqrt(models.covariance(matrix, response, fitted, robust=False)[1, 1]))
    method = "logistic, Firth" if firth else "logistic"
    effects = [
        _wald("logistic", f"{method}, Wald", _ODDS, log_odds, error, confidence),
        Effect("profile_likelihood", f"{method}, profile likelihood", _ODDS,
               math.exp(log_odds), math.exp(low), math.exp(high), np.nan, p, confidence),
        *_standardised(matrix, response, fitted, confidence),
        *_linear(matrix, response, confidence),
    ]  # fmt: skip
    p1, p2 = map(float, models.standardised(matrix, fitted)[0])
    if resamples:
        drawn, separated = models.bootstrap(matrix, response, firth, resamples, rng)
        low, high = map(float, np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2]))
        again = f"; {separated} of them separate and take Firth's penalty" if separated else ""
        notes.append(f"Bootstrap: {plural(resamples, 'resample')} of patients within each arm, percentiles{again}.")
        effects.append(Effect("standardised_bootstrap", "standardised, bootstrap", _DIFFERENCE, p1 - p2, low, high,
                              float(drawn.std()), np.nan, confidence))  # fmt: skip
    return Adjusted(arms, len(frame), (p1, p2), firth, {effect.key: effect for effect in effects}, tuple(notes))
