"""P-values of counts: other numbers of patients, the usual tests, and what chance alone would give."""

from __future__ import annotations

import numpy as np
import pytest
from audit.test_check import claim, lines, study
from references.reading import checked, words

from lupus_kit import audit, inference
from lupus_kit.audit.report.p_values import chance_nearby
from lupus_kit.published import read_p

#: Six rows of Tables 1 and 2 of He 2020 that no analysis of the printed numbers gives: printed p, the table that Fisher's
#: test gives it for (recomputed with R 4.2, fisher.test), and the patients printed.
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
