"""Paired counts, ordered groups and means, against other software and by enumeration."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references.cases import case
from references.invented_studies import claim, lines
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from lupus_kit import audit
from lupus_kit.audit.values import summary_tests as summaries
from lupus_kit.core.errors import InputError

SOME = settings(max_examples=20)


def fits(frame: pd.DataFrame) -> set[str]:
    return set(frame.loc[frame["rounds_to_reported"], "label"])


# ------------------------------------------------------------------ paired


@SOME
@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_agrees_with_statsmodels(b, c):
    found = summaries.mcnemar(b, c)
    if b + c:
        table = [[0, b], [c, 0]]
        assert found["mcnemar_exact"] == pytest.approx(mcnemar(table, exact=True).pvalue)
        assert found["mcnemar"] == pytest.approx(mcnemar(table, exact=False, correction=False).pvalue)
        # statsmodels lets the correction overshoot a difference of none; it stops there, and p is 1.
        corrected = mcnemar(table, exact=False, correction=True).pvalue if b != c else 1.0
        assert found["mcnemar_corrected"] == pytest.approx(corrected)
    # Mid-p by its definition: tables less probable than the one seen, and half of those as probable.
    law = stats.binom.pmf(np.arange(b + c + 1), b + c, 0.5)
    if b + c == 0:
        assert set(map(float, found.values())) == {1.0}
        return
    equal = np.isclose(law, law[b], rtol=1e-9, atol=0)
    assert found["mcnemar_midp"] == pytest.approx(law[(law < law[b]) & ~equal].sum() + law[equal].sum() / 2)
    assert all(0 <= p <= 1 for p in found.values())
    assert found == summaries.mcnemar(c, b)


@SOME
@given(st.integers(1, 30), st.data())
def test_every_joint_table_of_two_margins_is_tried(n, data):
    x1, x2 = data.draw(st.integers(0, n)), data.draw(st.integers(0, n))
    ways = [k for k in range(n + 1) if k <= x1 and k <= x2 and x1 + x2 - k <= n]
    found = summaries.explain_paired("0.5", x1, x2, n).set_index("label")
    assert set(found["n_ways"]) == {len(ways)}
    exact = [summaries.mcnemar(x1 - k, x2 - k)["mcnemar_exact"] for k in ways]
    assert found.loc["McNemar exact", "p_low"] == min(exact)
    assert found.loc["McNemar exact", "p_high"] == max(exact)
    assert found.loc["McNemar exact", "n_fit"] == sum(audit.rounds_to(p, "0.5") for p in exact)
    both = data.draw(st.sampled_from(ways))
    alone = summaries.explain_paired("0.5", x1, x2, n, both).set_index("label")
    assert alone.loc["McNemar exact", "p_low"] == alone.loc["McNemar exact", "p_high"]


@SOME
@given(st.integers(0, 25), st.integers(0, 25), st.sampled_from(list(summaries.mcnemar(3, 1))), st.integers(2, 4))
def test_the_paired_analysis_of_a_made_up_paper_is_found(b, c, test, decimals):
    p = f"{summaries.mcnemar(b, c)[test]:.{decimals}f}"
    both, n, label = 4, b + c + 10, summaries.LABELS[test]
    assert label in fits(summaries.explain_paired(p, b + both, c + both, n, both))
    assert label in fits(summaries.explain_paired(p, b + both, c + both, n))


@pytest.mark.parametrize("call", [(5, 6, 4, None), (-1, 2, 4, None), (3, 2, 4, 3), (3, 3, 4, 1)])
def test_counts_that_no_patients_have(call):
    with pytest.raises(InputError):
        summaries.explain_paired("0.5", *call)


# ------------------------------------------------------------------ means


@SOME
@given(
    st.lists(st.floats(0, 30), min_size=4, max_size=25),
    st.lists(st.floats(0, 30), min_size=4, max_size=25),
    st.integers(0, 3),
    st.integers(2, 3),
    st.booleans(),
    st.sampled_from(["two-sided", "greater", "less"]),
)
def test_the_t_test_of_made_up_patients_is_found_through_the_rounding(first, second, decimals, digits, equal, side):
    one, two = np.array(first), np.array(second)
    if min(one.std(), two.std()) < 1e-3:
        return
    p = stats.ttest_ind(one, two, equal_var=equal, alternative=side).pvalue
    printed = [(f"{x.mean():.{decimals}f}", f"{x.std(ddof=1):.{decimals}f}", len(x)) for x in (one, two)]
    label = ("Student t" if equal else "Welch t") + ("" if side == "two-sided" else f", one-sided ({side})")
    found = summaries.explain_means(f"{p:.{digits}f}", *printed)
    assert label in fits(found)
    # Sharp: with many digits the range is no wider than the print of p.
    fine = [(f"{x.mean():.9f}", f"{x.std(ddof=1):.9f}", len(x)) for x in (one, two)]
    row = summaries.explain_means(f"{p:.3f}", *fine).set_index("label").loc[label]
    assert row["p_low"] == pytest.approx(p, abs=1e-5)
    assert row["p_high"] == pytest.approx(p, abs=1e-5)


def test_the_means_of_this_trials_table_1():
    # t-tests from the printed means and SDs: age .478, weight .086, height .783, BSA .157, duration .839.
    p = {
        value.claim.endpoint: value
        for value in audit.check("he2020").values
        if value.part == "table1" and value.what == "p"
    }
    for name, value in (
        ("Age (years)", 0.478),
        ("Weight (kg)", 0.086),
        ("Height (cm)", 0.783),
        ("Body surface area (m2)", 0.157),
        ("Disease duration (months)", 0.839),
    ):
        student = p[name].analyses[0]
        assert (student.key, student.alternative) == ("student_t", "two-sided")
        assert student.low - 5e-4 <= value <= student.high + 5e-4
        assert p[name].verdict == "not checkable"
        assert p[name].sentence.startswith(
            "not checkable: a rank test of the patients' own values may have given it (not"
        )


def test_a_named_t_test_that_the_means_do_not_give_is_not_reproduced():
    means = {"kind": "mean", "reported": ["4.2±3.1", "6.9±4.0"], "n": [29, 30], "p": "0.500"}
    assert lines(claim(**means))["a", "p"].verdict == "not checkable"
    row = lines(claim(**means, analysis="Student's t test"))["a", "p"]
    assert (row.verdict, "rank test" in row.sentence) == ("not reproduced", False)


def test_means_of_a_claims_file_are_held_against_whole_numbers():
    for printed, n, keys, check in [
        ("5.19±2.11", 28, {"scale": "whole"}, "GRIM"),  # 145/28 = 5.18, 146/28 = 5.21
        ("5.19±2.11", 28, {"items": 1}, "GRIM"),
        ("5.19±2.11", 28, {"items": 4}, None),  # 581/112 = 5.1875
        ("3.44±2.47", 18, {"scale": "whole"}, "GRIMMER"),  # the preprint's own example
        ("3.44±2.48", 18, {"scale": "whole"}, None),
        ("0.55±0.48", 29, {"scale": "binary"}, "DEBIT"),
        ("0.55±0.51", 29, {"scale": "binary"}, None),
        ("5.19±2.11", 28, {}, None),
    ]:
        with case(printed, n, keys, check):
            for printed_n in ([n, 30], None):
                made = claim(kind="mean", reported=[printed, "5±2"], **({"n": printed_n} if printed_n else {}), **keys)
                row = lines(made, n=(n, 30))["a", "drug"]
                assert row.verdict == ("not reproduced" if check else "as printed")
                if check:
                    assert row.analyses[0].label == check
                    assert f"of {n} patients give" in row.sentence
                if check:
                    assert ("supposing all randomised were analysed" in row.sentence) == (printed_n is None)


def test_the_continuity_correction_stops_at_no_difference():
    # As many patients changed one way as the other: |b - c| - 1 would be -1, and its square 1, not 0.
    assert summaries.mcnemar(5, 5)["mcnemar_corrected"] == 1.0
    assert summaries.mcnemar(5, 5)["mcnemar"] == 1.0
    assert summaries.mcnemar(6, 5)["mcnemar_corrected"] == 1.0  # one apart: nothing is left of it


def test_a_standard_deviation_needs_two_patients():
    with pytest.raises(InputError, match="two patients"):
        summaries.explain_means("0.5", ("1.0", "0.5", 1), ("2.0", "0.5", 9))
    found = summaries.explain_means("0.5", ("1.0", "0.0", 5), ("2.0", "0.0", 9))
    assert found["p_high"].max() <= 1
