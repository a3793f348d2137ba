"""Exercises of stop 4: one more responder, the size of a test, how large an effect is, and four misreadings."""

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import Exercise, Slip, choice
from lupus_kit.lessons.exercises.record import printed_p, table

NOTEBOOK = "04_week12_week24"

_ALPHA = 0.05
_CANDIDATES = ("barnard", "fisher", "likelihood_ratio", "boschloo")


def _pearson(extra: int, test: str = "pearson") -> float:
    """p-value of week 12 with some more responders on IL-2."""
    x1, n1, x2, n2 = table("sri4_week12")
    return float(lk.inference.pvalue(test, x1 + extra, n1, x2, n2))


def _ratios() -> tuple[float, float, float]:
    """Return difference, ratio and odds ratio of the two response rates of week 12."""
    x1, n1, x2, n2 = table("sri4_week12")
    p, q = x1 / n1, x2 / n2
    return p - q, p / q, (p / (1 - p)) / (q / (1 - q))


def _smaller_with_more_patients() -> float:
    """Probability that as many patients again, on a drug that does nothing, make the p-value of week 12 smaller."""
    import numpy as np
    from scipy.stats import binom

    x1, n1, x2, n2 = table("sri4_week12")
    rate = (x1 + x2) / (n1 + n2)
    new1, new2 = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)[None, :]
    chance = binom.pmf(new1, n1, rate) * binom.pmf(new2, n2, rate)
    together = lk.inference.pvalue("pearson", x1 + new1, 2 * n1, x2 + new2, 2 * n2)
    return float(chance[together < _pearson(0)].sum())


#: What the four answers of 04.5 say.
_SHARES = {"a": 0.95, "b": 0.50, "c": 0.20, "d": 0.05}


def _nearest_share() -> str:
    return min(_SHARES, key=lambda letter: abs(_SHARES[letter] - _smaller_with_more_patients()))


def _size(test: str) -> float:
    _, n1, _, n2 = table("sri4_week12")
    return lk.inference.size(test, n1, n2).size


def _bits() -> tuple[float, float]:
    return lk.inference.s_value(printed_p("sri4_week12")), lk.inference.s_value(printed_p("sri4_week24"))


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
            Slip("That is the p-value of the observed table. Add one responder.", lambda: _pearson(0)),
            Slip(
                "That is Yates's version, which libraries apply by default. The question asks for plain Pearson.",
                lambda: _pearson(1, "yates"),
            ),
            Slip("That is Fisher's test. The question asks for Pearson.", lambda: _pearson(1, "fisher")),
            Slip("With one responder fewer the arms come closer together. Add one instead.", lambda: _pearson(-1)),
        ),
    ),
    choice(
        key="04.2",
        aim="Tell a test that keeps its level from one that only approximates it.",
        task="compute",
        answer=lambda: max(_CANDIDATES, key=_size),
        choices=_CANDIDATES,
        hint="Compute lk.inference.size(key, n1, n2).size for each of the four and compare with 0.05.",
        explain=lambda: (
            f"Its size is {_size('likelihood_ratio'):.4f}; the three exact tests stay at or below {_ALPHA}."
        ),
        wrong={
            "fisher": "Fisher's test is the most cautious of the four: look at its curve in the picture.",
            "barnard": (
                "Barnard's p-value is the largest over the nuisance parameter. So it keeps its level for every value of "
                "it."
            ),
            "boschloo": (
                "Boschloo's test takes Fisher's p-value as its statistic and adds up real probabilities: it is exact, "
                "too."
            ),
        },
    ),
    Exercise(
        key="04.3",
        aim="Tell a ratio of response rates from a ratio of odds.",
        task="compute",
        answer=lambda: _ratios()[1],
        tolerance=0.006,
        unit="times: the rate on IL-2, divided by the rate on placebo",
        hint="Divide the response rate of the first arm by the response rate of the second.",
        explain=lambda: (
            f"{_ratios()[1]:.2f} times, not {_ratios()[2]:.2f} times. Where responses are frequent, an odds ratio is "
            "further from 1 than the ratio of the rates."
        ),
        misconceptions=(
            Slip(
                "That is the odds ratio. Odds are responders divided by non-responders; a rate divides by all patients.",
                when=lambda given: abs(given - _ratios()[2]) < 0.02,
            ),
            Slip(
                "That is the difference of the rates. 'How many times' asks for a ratio.",
                when=lambda given: abs(given - _ratios()[0]) < 0.006 or abs(given - 100 * _ratios()[0]) < 0.6,
            ),
            Slip(
                "That is placebo divided by IL-2. Turn the ratio round.",
                when=lambda given: abs(given - 1 / _ratios()[1]) < 0.006,
            ),
            Slip(
                "That is how much *larger* the first rate is. 'How many times as large' is one more.",
                when=lambda given: min(abs(given - (_ratios()[1] - 1)), abs(given / 100 - (_ratios()[1] - 1))) < 0.006,
            ),
            Slip(
                "That is the ratio of the counts. The arms are not equally large: divide the rates.",
                lambda: table("sri4_week12")[0] / table("sri4_week12")[2],
            ),
        ),
    ),
    Exercise(
        key="04.4",
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
            Slip(
                "That is the difference of the p-values themselves. Turn each into bits first.",
                when=lambda given: abs(abs(given) - abs(printed_p("sri4_week12") - printed_p("sri4_week24"))) < 1e-9,
            ),
            Slip(
                "The size is right, the sign is not: the smaller p-value is the more surprising one.",
                lambda: _bits()[0] - _bits()[1],
            ),
            Slip("That is the S-value of one visit. The question asks for the distance.", lambda: _bits()[0]),
            Slip("That is the S-value of one visit. The question asks for the distance.", lambda: _bits()[1]),
        ),
    ),
    choice(
        key="04.5",
        aim="Predict what more patients do to a p-value that is said to show a trend.",
        task="predict",
        answer=_nearest_share,
        choices=tuple(_SHARES),
        hint="The new patients know nothing of the old ones. What do they add, if the drug does nothing?",
        explain=lambda: (
            f"In {100 * _smaller_with_more_patients():.0f} of 100 continuations. In most of them the p-value moves away: a "
            "p-value has no direction of travel."
        ),
        wrong={
            "a": (
                "That takes the drug's effect for granted. Here it does nothing, so the new patients pull the difference "
                "back towards zero."
            ),
            "b": (
                "The new patients are as likely to favour one arm as the other, true. But the old difference was large, "
                "and half of it is not enough any more."
            ),
            "d": "That is the level of the test. The old patients stay in the analysis, and they already favour IL-2.",
        },
    ),
    choice(
        key="04.6",
        aim="Recognise observed power as the p-value in other clothes.",
        task="judge",
        answer=lambda: "b",
        hint="Look at the table: does the column of the power hold anything that the column of p does not?",
        explain=(
            "The table shows it: where p rises, observed power falls, always. What the data leave open is said by the "
            "interval, and power belongs to the planning of the next trial."
        ),
        wrong={
            "a": (
                "Observed power is low in every trial that is not significant, also when the drug does nothing. So it "
                "cannot speak for the drug."
            ),
            "c": (
                "Power is the probability of a result if an effect is there. It is not the probability that the effect "
                "is there."
            ),
            "d": "A test keeps its level in small trials, too. Low power makes a result imprecise, not invalid.",
        },
    ),
)
