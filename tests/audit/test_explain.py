"""Printed p-values over populations, roundings and spellings; several together; rows that are not 2×2; the multiverse."""

from __future__ import annotations

from itertools import chain, combinations, pairwise, product
from math import isnan
from statistics import quantiles

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from references.cases import case
from scipy import stats
from scipy.special import stdtr

from lupus_kit import audit, inference, published
from lupus_kit.audit.values.consistency import quantile_definitions
from lupus_kit.audit.values.multiverse import EXCLUDED
from lupus_kit.core.errors import InputError

FEW = settings(max_examples=13)
TRIAL = [("0.052", 16, 29, 9, 30), ("0.027", 19, 29, 11, 30)]


# ------------------------------------------------------------------ one p-value


@st.composite
def papers(draw):
    """A made-up paper: the test, the patients counted, the rounding and the print are known."""
    test = draw(st.sampled_from([t for t in audit.distinct_tests() if not t.one_sided_as]))
    side = draw(st.sampled_from(["two-sided", "greater", "less"]))
    n1, n2 = draw(st.integers(2, 10)), draw(st.integers(2, 10))
    table = draw(st.integers(0, n1)), n1, draw(st.integers(0, n2)), n2
    randomised = n1 + draw(st.integers(0, 2)), n2 + draw(st.integers(0, 2))
    rule = draw(st.sampled_from(["analysed only", "non-responders", "as responders"]))
    rounding = draw(st.sampled_from(["half-up", "half-even", "truncate"]))
    return test.key, side, table, randomised, rule, rounding, draw(st.integers(2, 4))


@FEW
@given(papers())
def test_the_true_analysis_of_a_made_up_paper_is_found(paper):
    test, side, (x1, n1, x2, n2), randomised, rule, rounding, places = paper
    m1, m2 = randomised
    counted = {
        "analysed only": (x1, n1, x2, n2),
        "non-responders": (x1, m1, x2, m2),
        "as responders": (x1 + m1 - n1, m1, x2 + m2 - n2, m2),
    }[rule]
    p = inference.pvalue(test, *counted, side)
    assume(not isnan(p))
    printed = f"{p:.{places}f}" if rounding != "truncate" else f"{int(p * 10**places) / 10**places:.{places}f}"
    found = audit.explain(printed, x1, n1, x2, n2, randomised=randomised, rounding=rounding)
    row = found[(found["test"] == test) & (found["alternative"] == side)]
    row = row[(row[["x1", "n1", "x2", "n2"]].to_numpy() == np.array(counted)).all(axis=1)]
    # A float next to a cut or to a half may fall on its other side when scaled: then only the other print is right.
    assume(abs(p * 10**places * 2 - round(p * 10**places * 2)) > 1e-9 or p in (0, 1))
    assert row["rounds_to_reported"].item()
    assert row["p"].item() == p
    assert rounding in row["prints"].item().split()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("p = .052", "0.052"),
        ("0,052", "0.052"),
        ("0·052", "0.052"),
        ("P<0·001", "<0.001"),
        ("NS", ">0.05"),
        ("n.s.", ">0.05"),
    ],
)
def test_spellings_are_read_and_said(written, read):
    found = audit.explain(written, *TRIAL[0][1:])
    expected = audit.explain(read, *TRIAL[0][1:])
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert read.lstrip(">") in found.attrs["remarks"][0]
    assert expected.attrs["remarks"] == []


def test_truncation_is_another_convention():
    # Pearson's 0.05045 at week 12 prints as 0.050 either way; the t-test's 0.05159 as 0.051 where digits are cut.
    cut = audit.explain("0.051", *TRIAL[0][1:], rounding="truncate")
    assert "student_t" in set(cut.loc[cut["rounds_to_reported"], "test"])
    assert not audit.explain("0.051", *TRIAL[0][1:], tests=["student_t"])["rounds_to_reported"].any()


# ------------------------------------------------------------------ several together


def test_the_printed_pair_and_the_t_test():
    found = audit.explain_jointly(TRIAL)
    best = audit.smallest_sets(found)
    assert best.n_best == 2
    assert set(chain(*best.sets[0])) == {
        *("Student t on 0/1 data", "Welch t on 0/1 data", "Arcsine (Anscombe)"),
        *("Least squares, robust variance (HC1)", "Least squares, robust variance (HC2)"),
    }
    two_sided = audit.explain_jointly(TRIAL, alternatives=["two-sided"])
    fits = two_sided[two_sided["explains_all"]]
    assert set(fits["test"]) == {"student_t", "welch_t", "ols_hc1", "ols_hc2", "anscombe_arcsine"}
    assert len(two_sided) == 29


def test_the_smallest_sets_are_those_of_a_full_search():
    rng = np.random.default_rng(7)
    for _ in range(60):
        n_claims, n_analyses = int(rng.integers(1, 6)), int(rng.integers(1, 8))
        fits = rng.random((n_analyses, n_claims)) < 0.35
        table = pd.DataFrame(
            {
                "label": [f"a{i}" for i in range(n_analyses)],
                "alternative": "two-sided",
                **{f"fits_{j + 1}": fits[:, j] for j in range(n_claims)},
                "n_explained": fits.sum(axis=1),
                "total_distance": 0.0,
            }
        ).sort_values("n_explained", ascending=False, kind="stable")
        found = audit.smallest_sets(table)
        wanted = fits.any(axis=0)
        assert found.unexplained == tuple(np.flatnonzero(~wanted) + 1)
        patterns = [tuple(p) for p in np.unique(fits, axis=0) if p.any()]
        brute = []
        for size in range(1, n_claims + 1):
            brute = [c for c in combinations(patterns, size) if (np.any(c, axis=0) == wanted).all()]
            if brute:
                break
        assert len(found.sets) == (len(brute) if wanted.any() else 0)
        assert all(len(chosen) == len(brute[0]) for chosen in found.sets)


def test_large_denominators():
    found = audit.counts_from_percent("43.2", n_max=5000)
    assert all(abs(100 * x / n - 43.2) <= 0.05 + 1e-12 for x, n in found[:: max(1, len(found) // 500)])
    assert (118, 273) in found


# ------------------------------------------------------------------ rows that are not 2x2


def welch_enclosure(first, second) -> tuple[float, float]:
    """Rigorous bounds of Welch's two-sided p over everything that rounds to the print, by subdivision.

    In each small cell p is largest with the smallest t and fewest degrees of freedom, smallest with the largest of both.
    """
    (m1, s1, n1), (m2, s2, n2) = first, second
    half = [0.5 * 10.0 ** -len(text.partition(".")[2]) for text in (m1, m2, s1, s2)]
    centre = abs(float(m1) - float(m2))
    near, far = max(centre - half[0] - half[1], 0.0), centre + half[0] + half[1]
    edges = [np.linspace(float(s) - h, float(s) + h, 65) for s, h in ((s1, half[2]), (s2, half[3]))]
    low, high = 1.0, 0.0
    for (a, a2), (b, b2) in product(*(pairwise(e) for e in edges)):
        v = [(a * a / n1, a2 * a2 / n1), (b * b / n2, b2 * b2 / n2)]

        def df(v1, v2):
            return (v1 + v2) ** 2 / (v1 * v1 / (n1 - 1) + v2 * v2 / (n2 - 1))

        ratios = v[0][0] / v[1][1], v[0][1] / v[1][0]
        ends = [df(r, 1.0) for r in ratios]
        top = n1 + n2 - 2 if ratios[0] <= (n1 - 1) / (n2 - 1) <= ratios[1] else max(ends)
        t_far, t_near = far / np.sqrt(v[0][0] + v[1][0]), near / np.sqrt(v[0][1] + v[1][1])
        low, high = min(low, 2 * stdtr(top, -t_far)), max(high, 2 * stdtr(min(ends), -t_near))
    return low, high


TABLE1 = [
    ("Age (years)", 0.478),
    ("Weight (kg)", 0.086),
    ("Height (cm)", 0.783),
    ("Body surface area (m2)", 0.157),
    ("Disease duration (months)", 0.839),
]


@pytest.mark.parametrize(("row", "expected"), TABLE1)
def test_table_1_means_within_their_rounding(row, expected):
    frame = published.load("he2020").tables["table1"]
    cells = frame[frame["characteristic"] == row]
    sides = [(*(part.strip() for part in cell.split("±")), 30) for cell in cells["printed"]]
    printed = cells["reported_p"].iloc[0]
    found = audit.explain_means(printed, *sides).set_index("label")
    student = found.loc["Student t"]
    centre = stats.ttest_ind_from_stats(*map(float, sides[0]), *map(float, sides[1])).pvalue
    assert round(centre, 3) == expected
    assert student["p_low"] <= centre <= student["p_high"]
    low, high = welch_enclosure(*sides)
    welch = found.loc["Welch t"]
    assert low <= welch["p_low"] <= welch["p_high"] <= high
    assert welch["p_low"] - low < 0.02 * (high - low) + 1e-4
    assert high - welch["p_high"] < 0.02 * (high - low) + 1e-4
    # None of the five printed p-values lies within the rounding of the printed means and SDs, one- or two-sided.
    assert not found["rounds_to_reported"].any()


def test_paired_counts_over_every_joint_table():
    found = audit.explain_paired("0.158", 12, 6, 29)
    exact = found[found["label"] == "McNemar exact"].iloc[0]
    p = [stats.binomtest(12 - k, 18 - 2 * k, 0.5).pvalue for k in range(7)]
    assert exact["n_ways"] == 7
    assert exact["p_low"] == pytest.approx(min(p))
    assert exact["p_high"] == pytest.approx(max(p))


# ------------------------------------------------------------------ between the cells


def test_findings_of_the_trial():
    found = audit.inconsistencies(published.load("he2020"))
    said = " ".join(found["finding"])
    assert "8–13.75 called a range" in said
    assert "12.5 (0–50) in table1 and 15 (0–50) in table2" in said
    assert "29 (13 (44.83) under Rash) and 30 (21 (70.00)" in said
    assert "0.612 under Female/male" in said
    assert "0.611 under Leflunomide" in said
    paired = found.loc[found["check"] == "paired data", "finding"].item()
    study, fisher = published.load("he2020"), 0
    for claim in study.table_claims():
        if claim.kind == "paired":
            n = 30 if "66.67" in str(claim.reported) or claim.arms[0] == "placebo" or "BILAG" in claim.endpoint else 29
            x1, x2 = (int(str(value).split("(")[0]) for value in claim.reported)
            fisher += audit.rounds_to(inference.pvalue("fisher", x1, n, x2, n), claim.p)
    assert paired.startswith(f"{fisher} of 36 ")


def test_what_is_printed_well_has_no_findings():
    found = audit.inconsistencies(published.load("bliss52"))
    assert found.empty
    assert found.columns.tolist() == ["check", "table", "row", "arm", "printed", "finding"]


@pytest.mark.parametrize(("n", "p"), [(7, "1/4"), (8, "1/4"), (30, "3/4"), (29, "3/4"), (11, "1/2")])
def test_quartile_definitions_reach_what_samples_reach(n, p):
    """Definitions 6 and 7 against Python's own quantiles of random whole numbers."""
    rng, place = np.random.default_rng(1), {"1/4": 0, "1/2": 1, "3/4": 2}[p]
    for method, definition in (("exclusive", 6), ("inclusive", 7)):
        for _ in range(40):
            value = quantiles(rng.integers(0, 40, n).tolist(), n=4, method=method)[place]
            assert definition in quantile_definitions(f"{value:.2f}", n, p)
    assert quantile_definitions("10.40", n, p) == ()


# ------------------------------------------------------------------ the multiverse


def test_the_multiverse_of_the_primary_endpoint():
    found = audit.multiverse(16, 29, 9, 30, randomised=(30, 30))
    table = found.to_frame()
    assert len(table) == 3 * audit.n_analyses()
    for row in table.sample(25, random_state=1).itertuples():
        alternative = "two-sided" if row.side == "two-sided" else "greater"
        assert row.p == pytest.approx(inference.pvalue(row.test, row.x1, row.n1, row.x2, row.n2, alternative))
        assert row.size == inference.size(row.test, row.n1, row.n2, row.level, alternative).size
        assert row.significant == (row.p <= row.level)
        assert row.p_equivalent == pytest.approx(min(1, row.p * 0.05 / row.level))
    # One missing patient as a responder takes Pearson from 0.0504 to 0.0371.
    flips = found.flips.set_index("chosen")
    assert round(flips.loc["all randomised, missing as responders", "p"], 4) == 0.0371
    assert not flips.loc["all randomised, missing as responders", "defensible"]
    assert flips.loc["likelihood_ratio", "defensible"]
    counted = found.defensible
    assert f"Of {len(counted)} defensible analyses {int(counted['significant'].sum())} reach" in found.sentences[0]
    assert found.sentences[0] in found._repr_html_()


def test_intervals_agree_with_their_tests():
    for table in ((16, 29, 9, 30), (19, 29, 11, 30), (7, 13, 2, 12)):
        frame = audit.multiverse(*table).to_frame()
        known = frame[(frame["measure"] != "") & frame["p"].notna()]
        assert len(known) >= 8
        null = known["measure"].map({"risk difference": 0.0, "risk ratio": 1.0, "odds ratio": 1.0})
        assert ((known["low"] > null) | (known["high"] < null)).tolist() == known["significant"].tolist()


def test_exclusions_follow_the_registry_and_not_the_results():
    for key, test in inference.TESTS.items():
        advised_against = test.avoid.startswith(("as a main analysis", "as a stand-alone"))
        assert (key in EXCLUDED) == advised_against
    assert all(len(reason) > 15 for reason in EXCLUDED.values())


def test_bad_input_is_named():
    for call, said in [
        (lambda: audit.explain("0.05", 16, 29, 9, 30, randomised=(28, 30)), "fewer patients"),
        (lambda: audit.explain("0.05", 16, 29, 9, 30, randomised=30), "two whole numbers"),
        (lambda: audit.explain("0.05", 16, 29, 9, 30, randomised=(30, "30")), "two whole numbers"),
        (lambda: audit.explain("0.05", 16, 29, 9, 30, rounding="up"), "half-up"),
        (lambda: audit.smallest_sets(pd.DataFrame()), "explain_jointly"),
        (lambda: audit.multiverse(16, 29, 9, 30, planned="up"), "'greater'"),
        (lambda: audit.multiverse(16, 29, 9, 30, alpha=2), "alpha == 2"),
        (lambda: audit.multiverse(16, 29, 9, 30, reference=("pearsn", "analysed only", "two-sided")), "'pearson'"),
        (lambda: audit.multiverse(0, 29, 0, 30), "undefined"),
        (lambda: audit.inconsistencies("he2020"), "published.load"),
        (lambda: quantile_definitions("3", 9, "1"), "strictly"),
    ]:
        with case(call, said):
            with pytest.raises(InputError) as caught:
                call()
            assert said in str(caught.value)
