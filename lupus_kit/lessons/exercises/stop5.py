"""Exercises of stop 5: hunt for an analysis, count the missing patient, conclude without over-claiming."""

import pandas as pd

import lupus_kit as lk
from lupus_kit.lessons import conclusion
from lupus_kit.lessons.exercises.exercise import Exercise, Slip, choice
from lupus_kit.lessons.exercises.record import printed, table

NOTEBOOK = "05_why_052_and_027"

_NEPHRITIS = "ln_complete_remission"


def _analyses(alternatives: tuple[str, ...] = ("two-sided",)) -> pd.DataFrame:
    """Every analysis of the nephritis table that the kit tries."""
    return lk.audit.explain(printed(_NEPHRITIS), *table(_NEPHRITIS), alternatives=alternatives)


def _fitting(alternatives: tuple[str, ...] = ("two-sided",)) -> int:
    """How many of them print as reported."""
    return int(_analyses(alternatives)["rounds_to_reported"].sum())


def _week24(extra_patients: int, extra_responders: int = 0) -> float:
    x1, n1, x2, n2 = table("sri4_week24")
    return float(lk.inference.pvalue("pearson", x1 + extra_responders, n1 + extra_patients, x2, n2))


def _share(claim: str, defensible: bool = True) -> float:
    """Share of the analyses of one claim that reach the level, the missing patients counted by the multiverse."""
    randomised = tuple(lk.published.load("he2020").trial.n_randomised.values())
    ways = lk.audit.multiverse(*table(claim), randomised=randomised)  # type: ignore[arg-type]
    return ways.share_significant if defensible else float(ways.table["significant"].mean())


#: The correlations and the common response rates (week 12, week 24) of 05.4.
_FAR_APART, _NO_EFFECT = (0.0, 0.8), (0.42, 0.5)


def _either(correlation: float) -> float:
    """Probability of a false alarm at one visit at least."""
    n1, n2 = (arm.n_randomised for arm in lk.design.he2020().arms)
    return float(lk.inference.familywise_error(correlation, n1, n2, _NO_EFFECT, "either"))


def _what_correlation_does() -> str:
    low, high = map(_either, _FAR_APART)
    return "stays" if low == high else "falls" if high < low else "rises"


def _sober() -> str:
    """Choose the conclusion that the two visits, read together, leave standing."""
    (a1, n, b1, m), (a2, _, b2, _) = table("sri4_week12"), table("sri4_week24")
    bounds = lk.inference.between_visit_bounds(a1, a2, n, b1, b2, m)
    visits_agree = bounds.p_low > 0.05
    return "b" if visits_agree else "a"


def _example() -> str:
    """Write a conclusion that claims no more than the counts do."""
    (a1, n, b1, m), (a2, _, b2, _) = table("sri4_week12"), table("sri4_week24")
    return (
        f"The primary endpoint, SRI-4 at week 12, was not met ({a1}/{n} v {b1}/{m}, p={printed('sri4_week12')}). The "
        f"estimates at both visits ({a2}/{n} v {b2}/{m} at week 24) favour IL-2 and are much alike, but their intervals "
        "are wide, and a larger trial is needed."
    )


EXERCISES = (
    Exercise(
        key="05.1",
        aim="Find out whether any two-sided test prints a reported p-value.",
        task="compute",
        answer=lambda: _fitting(),
        unit="two-sided tests",
        hint='Use lk.audit.explain("0.036", *nephritis, alternatives=["two-sided"]) and count the rows that fit.',
        explain=lambda: (
            f"{_fitting()}: not reproduced by any two-sided test of these counts. A model with covariates, "
            "other patients or a slip in typing could all explain it."
        ),
        misconceptions=(
            Slip(
                "That counts one-sided analyses too. The question asks for two-sided ones.",
                lambda: _fitting(("two-sided", "greater", "less")),
            ),
            Slip(
                "That is how many two-sided tests are significant. A p-value below the level need not print as reported.",
                lambda: int((_analyses()["p"] <= 0.05).sum()),
            ),
            Slip(
                "That is how many two-sided tests were tried. Look at the column rounds_to_reported.",
                lambda: len(_analyses()),
            ),
        ),
    ),
    Exercise(
        key="05.2",
        aim="Count a missing patient as a non-responder.",
        task="compute",
        answer=lambda: _week24(1),
        tolerance=0.00006,
        unit="(a p-value)",
        hint="The arm grows to 30 patients; its responders stay.",
        explain=lambda: f"{_week24(1):.4f}, against {_week24(0):.4f} without that patient.",
        misconceptions=(
            Slip("That is the p-value without the missing patient.", lambda: _week24(0)),
            Slip("That counts the missing patient as a responder.", lambda: _week24(1, 1)),
        ),
    ),
    Exercise(
        key="05.3",
        aim="Say how much of the multiverse of analyses reaches the level.",
        task="compute",
        answer=lambda: _share("sri4_week24"),
        tolerance=0.006,
        unit="a share from 0 to 1",
        hint="Call lk.audit.multiverse with the counts of week 24 and ask for share_significant.",
        explain=lambda: (
            f"{_share('sri4_week24'):.2f} at week 24, against {_share('sri4_week12'):.2f} at week 12: at the second visit, too, "
            "it depends on the choice."
        ),
        misconceptions=(
            Slip("That is week 12.", lambda: _share("sri4_week12")),
            Slip(
                "That counts the analyses that are shown but not counted, too.",
                lambda: _share("sri4_week24", defensible=False),
            ),
        ),
    ),
    choice(
        key="05.4",
        aim="Predict how the correlation of two visits changes the price of two chances.",
        task="predict",
        answer=_what_correlation_does,
        choices=("rises", "falls", "stays"),
        hint="Think of the extreme: every patient has the same outcome at both visits. How many chances are there then?",
        explain=lambda: (
            f"From {100 * _either(_FAR_APART[0]):.1f}% without any correlation to {100 * _either(_FAR_APART[1]):.1f}% at "
            f"{_FAR_APART[1]}. The more alike the visits are, the nearer two chances come to one."
        ),
        wrong={
            "rises": "Correlated tests fail *together*. So they do not fail more often; they fail in fewer trials.",
            "stays": (
                "Each single test keeps its rate, true. But 'at least one of two' also depends on how often both alarms "
                "come in the same trial."
            ),
        },
    ),
    choice(
        key="05.5",
        aim="Recognise a conclusion that claims no more than the numbers do.",
        task="judge",
        answer=_sober,
        hint="Reread the part on the two visits, and the one on the fixed sequence.",
        explain="It states what was planned, what was found, how sure we are, and what would settle it.",
        wrong={
            "a": "That reads a difference between the visits out of two p-values that hardly differ.",
            "c": "That accuses. A p-value that we cannot reproduce has innocent explanations.",
            "d": "A p-value does not tend anywhere, and an unplanned finding confirms nothing.",
        },
    ),
    Exercise(
        key="05.6",
        aim="Write two sentences that claim no more than the numbers do.",
        task="judge",
        answer=_example,
        kind="text",
        hint="The check looks for typical phrases only; a careful reader finds more.",
        explain="The check found nothing to remark. It knows typical phrases only: now give it to a person to read.",
        remarks=conclusion.remarks,
    ),
)
