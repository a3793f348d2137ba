"""Exercises of stop 4: one more responder, the size of a test, bits of surprise."""

from __future__ import annotations

from lupus_kit.lessons._record import printed_p, table
from lupus_kit.lessons.catalogue import Exercise, Misconception

NOTEBOOK = "04_week12_week24"

_ALPHA = 0.05
_CANDIDATES = ("barnard", "fisher", "likelihood_ratio", "boschloo")


def _pearson(extra: int, test: str = "pearson") -> float:
    """p-value of week 12 with some more responders on IL-2."""
    from lupus_kit import inference

    x1, n1, x2, n2 = table("sri4_week12")
    return float(inference.pvalue(test, x1 + extra, n1, x2, n2))


def _size(test: str) -> float:
    from lupus_kit import inference

    _, n1, _, n2 = table("sri4_week12")
    return inference.size(test, n1, n2).size


def _bits() -> tuple[float, float]:
    from lupus_kit import inference

    return inference.s_value(printed_p("sri4_week12")), inference.s_value(printed_p("sri4_week24"))


EXERCISES = (
    Exercise(
        key="04.1",
        aim="Recompute a p-value after one outcome changes.",
        task="compute",
        answer=lambda: _pearson(1),
        tolerance=0.00006,
        unit="(a p-value)",
        hint='Call lk.inference.pvalue("pearson", ...) with one more responder in the first arm.',
        explain=lambda: f"{_pearson(1):.4f}, against {_pearson(0):.4f} as observed: one patient decides.",
        misconceptions=(
            Misconception("That is the p-value of the observed table. Add one responder.", answer=lambda: _pearson(0)),
            Misconception(
                "That is Yates's version, which libraries apply by default. The question asks for plain Pearson.",
                answer=lambda: _pearson(1, "yates"),
            ),
            Misconception(
                "That is Fisher's test. The question asks for Pearson.", answer=lambda: _pearson(1, "fisher")
            ),
            Misconception(
                "With one responder fewer the arms come closer together. Add one instead.", answer=lambda: _pearson(-1)
            ),
        ),
    ),
    Exercise(
        key="04.2",
        aim="Tell a test that keeps its level from one that only approximates it.",
        task="compute",
        answer=lambda: max(_CANDIDATES, key=_size),
        kind="choice",
        choices=_CANDIDATES,
        hint="Compute lk.inference.size(key, n1, n2).size for each of the four and compare with 0.05.",
        explain=lambda: (
            f"Its size is {_size('likelihood_ratio'):.4f}; the three exact tests stay at or below {_ALPHA}."
        ),
        misconceptions=(
            Misconception(
                "An exact test adds up real probabilities, so it cannot exceed its level, whatever the response rate.",
                when=lambda given: given != "likelihood_ratio",
            ),
        ),
    ),
    Exercise(
        key="04.3",
        aim="Compare two p-values on the scale of surprise.",
        task="compute",
        answer=lambda: _bits()[1] - _bits()[0],
        tolerance=0.006,
        unit="bits",
        hint="lk.inference.s_value(p) gives the bits of one p-value; subtract the two.",
        explain=lambda: (
            f"{_bits()[1] - _bits()[0]:.2f} bits: less surprise than one coin toss lies between the two visits."
        ),
        misconceptions=(
            Misconception(
                "That is the difference of the p-values themselves. Turn each into bits first.",
                when=lambda given: abs(abs(given) - abs(printed_p("sri4_week12") - printed_p("sri4_week24"))) < 1e-9,
            ),
            Misconception(
                "The size is right, the sign is not: the smaller p-value is the more surprising one.",
                answer=lambda: _bits()[0] - _bits()[1],
            ),
            Misconception(
                "That is the S-value of one visit. The question asks for the distance.", answer=lambda: _bits()[0]
            ),
            Misconception(
                "That is the S-value of one visit. The question asks for the distance.", answer=lambda: _bits()[1]
            ),
        ),
    ),
)
