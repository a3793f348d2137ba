"""Exercises of stop 7: sizes, two endpoints, looks, and what may be changed after the data."""

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import read_exercises

NOTEBOOK = "07_a_better_trial"

#: The rates of 07.1: the drug that would be worth having, and placebo.
_RATES = (0.45, 0.30)


def _size(test: str, power: float = 0.8) -> int:
    return lk.inference.sample_size(test, *_RATES, power=power).n1


def _false_alarms(*fractions: float) -> float:
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


EXERCISES = read_exercises(
    "stop7",
    patients=lambda: _size("n_minus_1"),
    whole_trial=lambda: 2 * _size("n_minus_1"),
    patients_for_90=lambda: _size("n_minus_1", 0.9),
    pearson=lambda: _size("pearson"),
    published_trial=lambda: lk.design.he2020().n_randomised,
    direction=_direction,
    error_at_04=lambda: _false_claims(0.4),
    error_at_08=lambda: _false_claims(0.8),
    three_looks=lambda: _false_alarms(1 / 3, 2 / 3, 1.0),
    three_looks_as_share=lambda: _false_alarms(1 / 3, 2 / 3, 1.0) / 100,
    five_looks=lambda: _false_alarms(0.2, 0.4, 0.6, 0.8, 1.0),
    independent_looks=lambda: 100 * (1 - 0.95**3),
)
