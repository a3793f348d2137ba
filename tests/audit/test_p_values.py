"""P-values of counts: other numbers of patients, the usual tests, and what chance alone would give."""

from __future__ import annotations

import numpy as np
import pytest
from references.invented_studies import claim, lines, study
from references.reading import checked, fitting, words

from lupus_kit import audit, inference
from lupus_kit.audit.report.p_values import chance_nearby
from lupus_kit.core.errors import InputError
from lupus_kit.published import read_p

#: Six rows of Tables 1 and 2 of He 2020 that no analysis of the printed numbers gives: printed p, the table that Fisher's
#: test gives it for (R 4.2.2, fisher.test: 0.35247, 0.61148, 0.15806, 0.14427, 0.14427, 0.35247), and the patients printed.
ONE_PATIENT = {
    ("table1", "Azathioprine", "0.352"): ((1, 29, 4, 29), "29 instead of 30"),
    ("table1", "Leflunomide", "0.611"): ((3, 29, 1, 29), "29 instead of 30"),
    ("table2", "Alopecia, baseline v week 12", "0.158"): ((12, 30, 6, 30), "30 instead of 29"),
    ("table2", "Alopecia, baseline v week 12", "0.144"): ((7, 29, 2, 29), "29 instead of 30"),
    ("table2", "Alopecia, baseline v week 24", "0.144"): ((7, 29, 2, 29), "29 instead of 30"),
    ("table2", "Fever, baseline v week 12", "0.352"): ((4, 29, 1, 29), "29 instead of 30"),
}


@pytest.fixture(scope="module")
def he() -> audit.Report:
    return audit.check("he2020")


def test_six_rows_of_the_trial_are_fisher_with_one_patient_more_or_less(he):
    found = {
        (value.part, value.claim.title.removesuffix(", baseline"), value.printed): value
        for value in he.values
        if value.only_others and value.is_printed_p
    }
    assert set(found) == set(ONE_PATIENT)
    for key, (table, patients) in ONE_PATIENT.items():
        value = found[key]
        assert read_p(key[2]).prints(inference.pvalue("fisher", *table))
        assert value.verdict == "some"
        assert value.sentence.startswith("not reproduced by any of")
        assert f"; reproduced by Fisher (point probability) with {patients} patients" in value.sentence
        assert [one.counts for one in value.fitting] == [table]
        assert value.of_printed == []
    counted = he.statements_on("verdicts")[1]
    assert "6 given only with other patients counted than those printed" in counted
    assert sum(value.verdict == "not reproduced" and value.is_printed_p for value in he.values) == 5


def test_one_patient_of_one_arm_is_named_with_both_arms():
    # 17/30 v 9/31 printed; Pearson's p is that of 17/30 v 9/30.
    p = f"{inference.pvalue('pearson', 17, 30, 9, 30):.4f}"
    row = lines(claim(reported=["17/30", "9/31"], p=p), n=(None, None))["a", "p"]
    assert "reproduced by Pearson chi-squared with 30 v 30 instead of 30 v 31 patients" in row.sentence
    assert "one patient more or less (17/30 v 9/30)" in words(row)


def test_what_the_printed_numbers_give_is_not_looked_for_elsewhere():
    row = lines(claim(p=f"{inference.pvalue('fisher', 18, 29, 9, 30):.3f}"))["a", "p"]
    assert not any(one.others for one in row.analyses)
    below = lines(claim(p="<0.001"))["a", "p"]
    assert below.verdict == "not reproduced"
    full = lines(claim(reported=["1/1", "1/1"], p="0.123"), n=(1, 1))["a", "p"]
    assert full.verdict == "not reproduced"


def test_the_usual_tests_stand_first_and_are_counted_apart(he):
    week12, week24 = (checked(he)[f"sri4_week{week}", "p"] for week in (12, 24))
    assert week12.sentence == f"reproduced only by 7 of {he.n_analyses} analyses"
    assert week12.in_words == f"{week12.sentence} (none of the 3 usual tests; 28% of the prints nearby would be)"
    assert "(1 of the 3 usual tests; 44% of the prints nearby would be)" in week24.in_words
    assert week24.fitting[0].key == "pearson"
    for form in ("table", "markdown", "html"):
        assert "44% of the prints nearby would be" in " ".join(he.render(form, 200).split())


def test_chance_is_the_share_of_prints_around_that_some_analysis_has(he):
    tried = audit.explain("0.052", 16, 29, 9, 30)["p"].to_numpy()
    moved = [f"{k / 1000:.3f}" for k in range(26, 105) if k != 52]
    share = np.mean([any(read_p(text).prints(tried)) for text in moved])
    assert chance_nearby(read_p("0.052"), tried) == pytest.approx(share)
    assert checked(he)["sri4_week12", "p"].chance == pytest.approx(share)
    assert np.isnan(chance_nearby(read_p("<0.05"), tried))
    assert chance_nearby(read_p("1"), [0.2, np.nan]) == 1.0  # the only other print is 0
    assert chance_nearby(read_p("0.000"), [0.0]) == 0.0


def test_each_table_says_how_many_rows_chance_would_give(he):
    texts = he.statements_on("chance")
    rows = [v for v in he.values if v.part == "table1" and v.chance == v.chance]
    given, expected = sum(bool(v.of_printed) for v in rows), sum(v.chance for v in rows)
    assert len(texts) == 2
    assert texts[0].startswith(f"In table1 {given} of {len(rows)} exact p-values of counts")
    assert texts[0].endswith(f"of prints moved at random nearby {expected:.1f} would be.")
    assert audit.check(study(claim(p="0.02"))).statements_on("chance") == ()


# ------------------------------------------------------------------ strata

#: SAS's example of a trial in migraine: women, then men. Cochran-Mantel-Haenszel 8.3052, p=0.0040.
MIGRAINE = [[16, 27, 5, 25], [12, 28, 7, 26]]


def test_printed_strata_are_checked_with_the_stratified_tests():
    made = claim(reported=["28/55", "12/51"], p="0.0040", analysis="stratified CMH", strata=MIGRAINE)
    row = lines(made, n=(55, 51))["a", "p"]
    assert row.verdict == "some"
    assert row.sentence == f"reproduced only by {len(row.fitting)} of 6 stratified tests"
    assert "Cochran–Mantel–Haenszel, 2 strata" in fitting(row)
    missed = lines(claim(reported=["28/55", "12/51"], p="0.5", strata=MIGRAINE), n=(55, 51))["a", "p"]
    assert missed.sentence == "not reproduced by any of 6 stratified tests"


def test_strata_that_are_not_printed_leave_the_p_value_open():
    row = lines(claim(p="0.5", effect="OR 9.0", analysis="stratified Cochran-Mantel-Haenszel"))
    for what in ("p", "effect"):
        assert row["a", what].verdict == "model"
        assert row["a", what].sentence.startswith("stratified: not checkable from these counts; crude")
    both = lines(claim(p="0.5", analysis="logistic regression stratified by region"))["a", "p"]
    assert both.sentence.startswith("from an adjusted or stratified analysis")


def test_the_p_value_of_another_question_than_no_difference_gets_no_verdict_from_the_counts():
    said = (
        *(
            {"analysis": one}
            for one in ("test of non-inferiority", "Cox regression", "log-rank test", "P for interaction")
        ),
        *({"effect": one} for one in ("HR 0.51 (0.34-0.77)", "aOR 1.9 (1.1-3.2)", "adjusted difference 13.4")),
    )
    for said_in in said:
        row = lines(claim(p="0.5", **said_in))["a", "p"]
        assert row.verdict == "model", said_in
        assert "not checkable from counts" in row.sentence
    assert lines(claim(p="0.5", effect="unadjusted OR 9.0"))["a", "p"].verdict == "not reproduced"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"strata": [[16, 15, 5, 25]]}, "responders and patients of the first"),
        ({"strata": [[1, 2, 3]]}, "responders and patients of the first"),
        ({"strata": 3}, "one entry"),
        ({"strata": MIGRAINE, "kind": "mean", "reported": ["1±1", "2±1"]}, 'kind = "binary"'),
        ({"items": 3}, 'kind = "mean"'),
        ({"scale": "hole"}, "'whole'"),
        ({"scale": "binary", "items": 2, "kind": "mean", "reported": ["1±1", "2±1"]}, 'scale = "whole"'),
    ],
)
def test_keys_that_do_not_go_together_are_told(keys, said):
    with pytest.raises(InputError, match=said):
        study(claim(**keys))


# ------------------------------------------------------------------ many patients


def test_a_percentage_alone_in_a_large_trial_is_a_sentence_at_once():
    for n in (20_000, 1_000_000, 1_000_000_000):
        row = lines(claim(reported=["46%", "46.0% (460)"], p="0.03"), n=(n, n))
        assert "none is named" in words(row["a", "drug"])
        assert row["a", "p"].verdict == "not checkable"
        assert row["a", "placebo"].analyses[0].counts in ((460, 1000), ())
    with pytest.raises(InputError, match="give fewer patients"):
        audit.counts_from_percent("46", n_max=1_000_000)
    with pytest.raises(InputError, match="at most 10,000,000"):
        audit.counts_from_percent("46", n_max=10**9)


# ------------------------------------------------------------------ programs


def test_what_programs_print_it_under_stands_beside_it(he):
    week12 = checked(he)["sri4_week12", "p"]
    assert week12.fitting[0].software[0] == "SPSS: CROSSTABS /STATISTICS=CHISQ: Linear-by-Linear Association"
    assert "[SPSS: CROSSTABS /STATISTICS=CHISQ: Linear-by-Linear Association]" in words(week12)
    frame = he.to_frame().query("claim == 'sri4_week12' and analysis == 'n_minus_1'")
    assert "SAS: PROC FREQ" in frame["software"].iloc[0]
    assert not frame.query("alternative != 'two-sided'")["software"].any()


def test_a_modelled_value_is_not_counted_among_those_of_other_patients():
    # 17/30 v 9/30 gives the p of an adjusted analysis of 17/29 v 9/30: it stays a value of a model.
    p = f"{inference.pvalue('fisher', 17, 30, 9, 30):.4f}"
    report = audit.check(study(claim(reported=["17/29", "9/30"], p=p, analysis="adjusted"), claim("b", p="0.021")))
    assert checked(report)["a", "p"].verdict == "model"
    assert "other patients" not in report.statements_on("verdicts")[0]


def test_primary_claims_that_the_reading_leaves_out_are_named():
    report = audit.check(study(*(claim(name, role="primary", p="0.021") for name in "abcde")))
    assert (
        "Not spoken about one by one, for there are many primary claims: endpoint d and endpoint e." in report.reading
    )
    assert "one by one" not in audit.check(study(claim(role="primary", p="0.021"))).reading


def test_quoted_words_and_what_was_assumed_stand_in_every_form():
    made = study(claim(words="18 of 29 | against 9 of 30", assumed="the first arm is the drug", p="0.021"))
    report = audit.check(made)
    for text in (report.render("table", 200), report.render("markdown"), report.render("html"), report._repr_html_()):
        assert "“18 of 29 | against 9 of 30”" in text
        assert "assumed: the first arm is the drug" in text
    assert "style=&#39;" not in report._repr_html_(), "a style that is spelled out is none"
