"""Non-inferiority and equivalence: the test, the interval that agrees with it, and the words."""

from __future__ import annotations

import numpy as np
import pytest
from references.cases import case

from lupus_kit import inference
from lupus_kit.core.errors import InputError
from lupus_kit.inference.margins.shifted import limit

# The test and the interval of the kit that inverts it.
INTERVALS = {
    "miettinen_nurminen": "miettinen_nurminen",
    "n_minus_1": "miettinen_nurminen",
    "pearson": "mee",
    "wald_unpooled": "wald",
    "agresti_caffo": "agresti_caffo",
}
TABLES = [
    (83, 88, 69, 76),
    (16, 29, 9, 30),
    (40, 50, 42, 50),
    (0, 10, 0, 12),
    (9, 9, 4, 11),
    (10, 10, 0, 12),
    (0, 1, 1, 1),
]


def test_the_interval_is_the_one_of_the_kit():
    for table in TABLES:
        for test, interval in INTERVALS.items():
            with case(table, test, interval):
                # Where both arms respond wholly or not at all the Wald interval is a point, found by halving to 1e-13.
                for alpha in (0.025, 0.05):
                    found = inference.noninferiority(*table, margin=0.1, alpha=alpha, test=test)
                    (listed,) = inference.intervals(*table, 1 - 2 * alpha, [interval])
                    assert (found.low, found.high) == pytest.approx((listed.low, listed.high), abs=1e-10)
                    assert found.level == pytest.approx(1 - 2 * alpha)


def test_test_and_interval_never_contradict():
    for test in [*INTERVALS, "barnard", "barnard_unpooled"]:
        with case(test):
            exact = test.startswith("barnard")
            n1, n2, step = (5, 4, 3) if exact else (7, 5, 2)
            for x1 in range(0, n1 + 1, step):
                for x2 in range(n2 + 1):
                    for side, inside in (("greater", lambda f: f.low >= -0.3), ("less", lambda f: f.high <= 0.3)):
                        found = inference.noninferiority(
                            x1, n1, x2, n2, margin=0.3, alternative=side, alpha=0.1, test=test
                        )
                        assert found.p == inference.pvalue(
                            test, x1, n1, x2, n2, side, difference=-0.3 if side == "greater" else 0.3
                        )
                        assert found.shown is inside(found) is (found.p <= 0.1), (x1, x2, side)
                    both = inference.equivalence(x1, n1, x2, n2, margin=(-0.45, 0.5), alpha=0.1, test=test)
                    assert both.shown is (both.low >= -0.45 and both.high <= 0.5)
                    assert both.p == max(both.p_lower, both.p_upper)


def test_the_limits_solve_the_equation_of_the_test():
    for test in [*INTERVALS, "barnard"]:
        with case(test):
            for table in TABLES[:3]:
                found = inference.noninferiority(*table, margin=0.1, test=test)
                below, above = (
                    inference.pvalue(test, *table, "greater", difference=found.low + shift) for shift in (-1e-8, 1e-8)
                )
                assert below <= 0.025 <= above


def test_events_are_the_mirror_image_of_responders():
    good = inference.noninferiority(83, 88, 69, 76, margin=0.1)
    bad = inference.noninferiority(5, 88, 7, 76, margin=0.1, alternative="less")
    assert (bad.p, bad.high, bad.low) == pytest.approx((good.p, -good.low, -good.high), abs=1e-12)
    assert (bad.lower, bad.upper) == (-np.inf, 0.1)
    assert "lies wholly below the margin of 10" in bad.sentence()
    assert np.isnan(bad.p_lower)


def test_the_words_say_level_interval_and_margin():
    shown = inference.noninferiority(83, 88, 69, 76, margin=0.1, test="barnard")
    assert "Non-inferiority is shown at the one-sided level 0.025 (p = 0.0017, Barnard" in shown.sentence()
    assert (
        "the 95% interval of the difference, -5.0 to 13.0 percentage points, lies wholly above the margin of -10."
        in shown.sentence()
    )
    assert shown._repr_html_().startswith("<b>Non-inferiority is shown</b> at the one-sided level")
    missed = inference.equivalence(40, 50, 42, 50, margin=0.15)
    assert "Equivalence is not shown at the level 0.05 on each side" in missed.sentence()
    assert "the 90% interval" in missed.sentence()
    assert missed.sentence().endswith("That it is not shown does not show the opposite.")
    assert "40/50 (80.0%) v 42/50 (84.0%)" in missed._repr_html_()
    frame = missed.to_frame()
    assert len(frame) == 1
    assert frame.loc[0, ["claim", "shown"]].tolist() == ["equivalence", False]
    assert "p < 0.0001" in inference.noninferiority(90, 90, 60, 90, margin=0.2).sentence()


def test_an_exact_limit_sought_from_either_side_agrees_with_the_test_there():
    # The exact p-value does not rise steadily with the difference (Röhmel 2005).
    for x1, x2 in ((3, 1), (2, 4)):
        for margin in np.linspace(-0.85, 0.85, 9).tolist():
            found = limit("barnard", (x1, 6, x2, 5), 0.05, "greater", margin)
            assert (found >= margin) is (
                inference.pvalue("barnard", x1, 6, x2, 5, "greater", difference=margin) <= 0.05
            )


def test_what_is_no_margin():
    for margin in [0, 1, -0.1, 10, "0.1", None, True, float("nan"), (0.1, -0.1), (0.1, 0.1), (-0.5, 0), (0.1,)]:
        with case(margin):
            with pytest.raises(InputError, match="margin"):
                inference.equivalence(16, 29, 9, 30, margin=margin)
            if not isinstance(margin, tuple):
                with pytest.raises(InputError, match=r"strictly between 0 and 1 .* ten percentage points are 0\.1"):
                    inference.noninferiority(16, 29, 9, 30, margin=margin)


def test_other_input_that_is_refused():
    with pytest.raises(InputError, match=r"alpha == 0\.5"):
        inference.noninferiority(16, 29, 9, 30, margin=0.1, alpha=0.5)
    with pytest.raises(InputError, match="unknown alternative 'two-sided'"):
        inference.noninferiority(16, 29, 9, 30, margin=0.1, alternative="two-sided")
    with pytest.raises(InputError, match="'fisher' is a test of no difference only"):
        inference.noninferiority(16, 29, 9, 30, margin=0.1, test="fisher")
    with pytest.raises(InputError, match="x1 == 30"):
        inference.equivalence(30, 29, 9, 30, margin=0.1)
    with pytest.raises(InputError, match="'barnard_berger_boos' is a test of no difference only"):
        inference.noninferiority(16, 29, 9, 30, margin=0.1, test=inference.TESTS["barnard_berger_boos"])
