"""Every figure: labelled axes, alt text with the numbers that matter, nothing left open."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from lupus_kit import audit, design, figures, inference

WEEK12 = (16, 29, 9, 30)
STRATA = pd.DataFrame(
    [("a", 16, 27, 5, 25), ("b", 0, 5, 0, 6), ("one arm only", 4, 4, 0, 0), ("nobody in arm 2", 2, 5, 0, 4)],
    columns=["stratum", "x1", "n1", "x2", "n2"],
)


def _visits():
    return pd.DataFrame([{"name": v.name, "week": v.week} for v in design.he2020().visits])


FIGURES = {
    "dosing": (
        lambda: figures.design.dosing_calendar(design.he2020().dosing_calendar(), _visits()),
        ["21 injections", "3 groups", "week 9.7", "week 12, week 24"],
    ),
    "balance": (
        lambda: figures.design.allocation_balance(
            {"blocks of 4": design.permuted_blocks(60, ["IL-2", "placebo"], 4, seed=1)}, "IL-2"
        ),
        ["blocks of 4: at most 2"],
    ),
    "flow": (
        lambda: figures.design.participant_flow(
            design.participant_flow(
                pd.DataFrame({"patient": list("aab"), "arm": ["IL-2", "IL-2", "placebo"], "week": [0, 12, 0]}),
                excluded={"declined": 2},
            )
        ),
        [
            "assessed for eligibility (n = 4)",
            "IL-2, analysis: analysed for the primary outcome, week 12 (n = 1)",
            "received the intervention (not in the data)",
            "placebo, follow-up: seen at week 12 (n = 0)",
        ],
    ),
    "lattice": (
        lambda: figures.inference.pvalue_lattice(
            inference.pvalue_lattice("pearson", 29, 30), {"week 12": (16, 9)}, label="Pearson"
        ),
        ["all 930 tables", "week 12 at 16 and 9 has p = 0.0504", "not defined"],
    ),
    "tests": (
        lambda: figures.inference.pvalues(inference.compare(*WEEK12).tests(), reported=0.052),
        ["30 tests", "0.0434 (Wald", "0.0905 (Yates", "27 lie above 0.05"],
    ),
    "size": (
        lambda: figures.inference.size_curves(inference.size_curve("fisher", 29, 30).assign(label="Fisher")),
        ["Fisher reaches 0.0364"],
    ),
    "tipping": (
        lambda: figures.inference.tipping_map(inference.tipping_point(*WEEK12, 2, 1)),
        ["6 ways", "are at most 0.05"],
    ),
    "line-up": (
        lambda: figures.audit.line_up(audit.explain("0.052", *WEEK12), "0.052"),
        ["29 two-sided tests", "7 fall in it", "Student t"],
    ),
    "forest of differences": (
        lambda: figures.inference.forest(inference.stratified(STRATA).forest()),
        ["risk difference (percentage points) in 4 strata", "b: 0 (", "one arm only: none", "all strata: "],
    ),
    "forest of odds ratios": (
        lambda: figures.inference.forest(inference.stratified(STRATA).forest("odds ratio")),
        ["odds ratio (log scale) in 4 strata", "b: nan (0 to inf)", "nobody in arm 2: inf ("],
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figure(name):
    draw, said = FIGURES[name]
    ax = draw()
    try:
        assert isinstance(ax, Axes)
        assert len(ax.get_xlabel()) > 3
        assert ax.get_ylabel() or any(tick.get_text() for tick in ax.get_yticklabels())
        alt = figures.alt_text(ax)
        assert [words for words in said if words not in alt] == []
    finally:
        plt.close(ax.figure)


def test_drawing_on_given_axes():
    _, ax = plt.subplots()
    assert figures.inference.size_curves(inference.size_curve("fisher", 5, 5).assign(label="Fisher"), ax=ax) is ax
    plt.close("all")


@pytest.mark.parametrize(
    ("reported", "band"), [("0.052", (0.0515, 0.0525)), ("<0.001", (0, 0.001)), (">0.5", (0.5, 1))]
)
def test_band_of_a_printed_value(reported, band):
    assert figures.audit._band(reported) == pytest.approx(band)


def test_show_needs_alt_text():
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="no alt text"):
        figures.show(ax)
    plt.close("all")


def test_png_closes_the_figure_and_escapes_alt_text():
    ax = figures.describe(plt.subplots()[1], 'a "quoted" <alt>')
    picture = figures.png(ax)
    assert picture.startswith(b"\x89PNG")
    assert not plt.get_fignums()
    assert "&quot;quoted&quot; &lt;alt&gt;" in figures.img(picture, figures.alt_text(ax))


def test_arm_colours_stay_apart_without_colour_vision():
    # Luminance alone separates the arms, so the figures survive grey-scale printing.
    grey = [np.dot(figures.ARM_PALETTE[arm], [0.299, 0.587, 0.114]) for arm in ("IL-2", "placebo")]
    assert abs(grey[0] - grey[1]) > 0.15
