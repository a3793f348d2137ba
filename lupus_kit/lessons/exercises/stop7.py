"""Exercises of stop 7: sizes, two endpoints, looks, and what may be changed after the data."""

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import Exercise, Slip, choice

NOTEBOOK = "07_a_better_trial"

#: The rates of 07.1: the drug that would be worth having, and placebo.
_RATES = (0.45, 0.30)
_LOOKS = (1 / 3, 2 / 3, 1.0)


def _size(test: str, power: float = 0.8) -> int:
    return lk.inference.sample_size(test, *_RATES, power=power).n1


def _published_size() -> int:
    return lk.design.he2020().n_randomised


def _false_alarms(fractions: tuple[float, ...]) -> float:
    """Chance, in percent, of a false alarm at any look when each is made at the limit of a single one."""
    from scipy.stats import norm

    limit = float(norm.isf(0.025))
    return 100 * lk.simulation.Boundaries("no adjustment", 0.05, fractions, (limit,) * len(fractions)).spent[-1]


def _false_claims(correlation: float) -> float:
    rates = lk.simulation.ResponseRates(_RATES, (0.52, 0.37), correlation).under_null()
    plan = lk.simulation.AnalysisPlan(test="boschloo", multiplicity="either")
    found = lk.simulation.exact(lk.simulation.with_patients(lk.design.he2020(), 100), rates, plan=plan).summary()
    return float(found.set_index("quantity").at["any false claim", "estimate"])


def _direction() -> str:
    before, after = _false_claims(0.4), _false_claims(0.8)
    return "a" if after > before else "b" if after < before else "c"


EXERCISES = (
    Exercise(
        key="07.1",
        aim="Find the size of a trial from the difference that matters.",
        task="compute",
        answer=lambda: _size("n_minus_1"),
        unit="patients in each arm",
        hint='Call lk.inference.sample_size with the key "n_minus_1" and the two rates, and take .n1 of what it returns.',
        explain=lambda: (
            f"{_size('n_minus_1')} in each arm, {2 * _size('n_minus_1')} in all. The published trial had "
            f"{_published_size()} patients in all."
        ),
        misconceptions=(
            Slip("That is the whole trial. The question asks for one arm.", lambda: 2 * _size("n_minus_1")),
            Slip("That is Pearson's test.", lambda: _size("pearson")),
            Slip("That is for 90% power.", lambda: _size("n_minus_1", 0.9)),
        ),
    ),
    choice(
        key="07.2",
        aim="Predict how the correlation of two endpoints moves the familywise error.",
        task="predict",
        answer=_direction,
        choices=("a", "b", "c"),
        hint="Think of the extreme: the second visit repeats the first exactly. How many false claims does a trial make then?",
        explain=lambda: (
            f"With a correlation of 0.4 it is {_false_claims(0.4):.1%}, with 0.8 it is {_false_claims(0.8):.1%}. If the second "
            "visit repeated the first exactly, it would be the error of a single test."
        ),
        wrong={
            "a": "Do two tests that say the same thing give more chances to be wrong, or fewer?",
            "c": "Each test keeps its own level. The question is about *any* false claim of the trial.",
        },
    ),
    Exercise(
        key="07.3",
        aim="Compute how unplanned looks raise the chance of a false alarm.",
        task="compute",
        answer=lambda: _false_alarms(_LOOKS),
        tolerance=0.06,
        unit="percent",
        hint="Give simulation.Boundaries the three fractions and three times the limit; .spent holds what is used up.",
        explain=lambda: f"{_false_alarms(_LOOKS):.1f}%, more than twice the 5% that each single look seems to promise.",
        misconceptions=(
            Slip("The looks share patients, so their chances do not simply add up.", lambda: 15.0),
            Slip("That would be true if the three looks were independent. They share patients.",
                          lambda: 100 * (1 - 0.95**3)),
            Slip("That is one look.", lambda: 5.0),
            Slip("That is a share. The question asks for percent.", lambda: _false_alarms(_LOOKS) / 100),
            Slip("That is five looks.", lambda: _false_alarms((0.2, 0.4, 0.6, 0.8, 1.0))),
        ),
    ),
    choice(
        key="07.4",
        aim="Tell an honest amendment from a choice that the result made.",
        task="judge",
        answer=lambda: "c",
        hint="Ask of each change: could whoever made it know which result it would help?",
        explain="The change was made without knowing whom it would help, and it is reported.",
        wrong={
            "a": "It may be true that lupus needs time. Then the plan should have said so before the result did.",
            "b": "Both tests are valid when chosen before. Chosen after, the better of two is neither.",
            "d": "The rule for missing patients was made for exactly this moment.",
        },
    ),
    choice(
        key="07.5",
        aim="Report a result that is not significant without saying too much or too little.",
        task="judge",
        answer=lambda: "b",
        hint="Which sentence says what the data allow, and leaves out what they cannot know?",
        explain="The interval shows what is compatible with the data, small and large.",
        wrong={
            "a": "Power at the observed difference is the p-value in other clothes: it adds nothing.",
            "c": "Not significant is not the same as no effect: look at the interval.",
            "d": "Nobody knows what more patients would have shown. Think of the dance.",
        },
    ),
)  # fmt: skip
