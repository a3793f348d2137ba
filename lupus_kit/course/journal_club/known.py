"""The numbers that the questions of ``questions.toml`` are filled with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from lupus_kit import audit, inference
from lupus_kit.course.journal_club.effects import Effect, points
from lupus_kit.lessons.exercises.record import printed, table
from lupus_kit.published import Claim, Study

_USUAL = ("pearson", "yates", "fisher")
#: The correlation of both visits that the chance of a false claim of He 2020 is computed for.
_RHO = 0.5


def p_words(p: str) -> str:
    """Write a printed p-value as it stands in a sentence.

    Examples
    --------
    >>> p_words("0.052"), p_words("<0.001"), p_words("NS")
    ('p=0.052', 'p<0.001', 'p: NS')
    """
    return f"p: {p}" if p == "NS" else f"p{p}" if p[:1] in "<>≤≥" else f"p={p}"


def known_numbers(study: Study, effects: Sequence[Effect], report: audit.Report) -> dict[str, object]:
    """Compute what is known of a study, by the names that the questions use; what is not known is not there.

    Parameters
    ----------
    study : Study
        The record.
    effects : sequence of Effect
        Its comparisons, the main one first.
    report : Report
        Its audit.

    Returns
    -------
    dict
        Texts and numbers; shares are in percent.
    """
    known: dict[str, object] = {"alpha": study.trial.alpha}
    harms = [f"{one.title}: {one.patients}, {one.difference} points." for one in effects if one.harmful]
    known |= {"harms": " ".join(harms[:4])} if harms else {"no_harms": True}
    with_p = [claim for claim in study.records if claim.p and claim.confirmed]
    if len(with_p) > 1:
        known |= {"several": len(with_p), "roles": _roles(with_p), "any": 1 - (1 - study.trial.alpha) ** len(with_p)}
    if effects:
        known |= _of_effect(study, effects[0], report)
    return known


def _roles(claims: Sequence[Claim]) -> str:
    primary = [claim for claim in claims if claim.role == "primary"]
    stated = sum(bool(claim.role) for claim in claims)
    return f"Of a primary endpoint: {len(primary)}; without a place in the plan: {len(claims) - stated}."


def _of_effect(study: Study, effect: Effect, report: audit.Report) -> Mapping[str, object]:
    """Describe one comparison: sizes, intervals, tests, and what missing patients could change."""
    claim, (x1, n1, x2, n2), difference = effect.claim, effect.counts, effect.nnt.difference
    ratio, odds = (one.estimate for one in inference.intervals(x1, n1, x2, n2, methods=["koopman", "woolf"]))
    known: dict[str, object] = {"title": effect.title, "first": claim.arms[0], "second": claim.arms[1]}
    known |= {"x1": x1, "n1": n1, "x2": x2, "n2": n2, "percent": 100 * x1 / n1, "ratio": ratio, "odds": odds}
    known |= {"low": points(difference.low), "high": points(difference.high), "change": points(difference.estimate)}
    known |= {"difference": 100 * difference.estimate}
    value = next((value for value in report.values if value.claim is claim and value.is_printed_p), None)
    if value is not None:
        known |= {"p": p_words(claim.p), "printed": claim.p}
        usual = [p for key in _USUAL if (p := float(inference.pvalue(key, x1, n1, x2, n2))) == p]
        if tried := [one for one in value.analyses if one.key and not one.others]:
            named = f" The paper names {claim.analysis or claim.effect}, which counts cannot check."
            model = named if claim.beyond_counts else ""
            known |= {"analyses": len(tried), "fitting": sum(bool(one.fits) for one in tried), "model": model}
            known |= {"least": min(usual), "largest": max(usual)}
    if not effect.harmful and difference.estimate > 0:
        ratios = f" The risk ratio is {ratio:.2f}, the odds ratio {odds:.2f}." if max(ratio, odds) < inf else ""
        known |= {"helped": f"{effect.nnt.short}, its 95% interval in brackets.{ratios}"}
    a, b = lost = [(study.trial.n_randomised[arm] or 0) - n for arm, n in zip(claim.arms, (n1, n2), strict=True)]
    if min(lost) >= 0 and a + b and claim.role == "primary" and not effect.harmful:
        best, worst = (
            float(inference.pvalue("pearson", y1, n1 + a, y2, n2 + b)) for y1, y2 in ((x1 + a, x2), (x1, x2 + b))
        )
        if best == best and worst == worst:  # nobody or everybody responded: no chi-squared
            known |= {"best": best, "worst": worst, "missing": a + b, "randomised": n1 + n2 + a + b, "counted": n1 + n2}
    return known


def he2020_numbers() -> dict[str, object]:
    """Compute what the questions on He 2020 quote besides: both visits, the missing patient, false claims, power."""
    x1, n1, x2, n2 = week12 = table("sri4_week12")
    y1, _, y2, _ = table("sri4_week24")
    p12, p24 = printed("sri4_week12"), printed("sri4_week24")
    two_sided = [float(inference.pvalue(test.key, *week12)) for test in audit.distinct_tests()]
    common = ((x1 + x2) / (n1 + n2), (y1 + y2) / (n1 + n2))
    return {
        "percent12": 100 * float(p12),
        "p24": p24,
        "remission": printed("ln_complete_remission"),
        "visits": inference.between_visit_bounds(x1, y1, n1, x2, y2, n2),
        "difference24": 100 * (y1 / n1 - y2 / n2),
        "bits": inference.s_value(float(p24)) - inference.s_value(float(p12)),
        "least": min(two_sided),
        "largest": max(two_sided),
        "rho": _RHO,
        "either": float(inference.familywise_error(_RHO, n1, n2, common, "either")),
        "sequence": float(inference.familywise_error(_RHO, n1, n2, common, "fixed_sequence")),
        "power": float(inference.power("pearson", x1 / n1, x2 / n2, n1, n2)),
        "per_arm": inference.sample_size("pearson", x1 / n1, x2 / n2, power=0.8).n1,
    }
