"""Verdicts on claims of any shape, and the reading that is made of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references.cases import case
from references.invented_studies import claim, lines, study
from references.reading import ACCUSING, checked, everything_said, fitting, recomputed, words
from scipy import stats

from lupus_kit import audit, inference, published
from lupus_kit.audit.report.effects import parse_effect
from lupus_kit.audit.report.report import FORMATS
from lupus_kit.audit.values.provenance import distinct_analyses
from lupus_kit.core.errors import InputError
from lupus_kit.published import read_p

FEW = settings(max_examples=10)


# ------------------------------------------------------------------ he 2020, whole


@pytest.fixture(scope="module")
def he() -> audit.Report:
    return audit.check("he2020")


def test_every_claim_and_every_row_of_every_table_has_a_verdict(he):
    record, frame = published.load("he2020"), he.verdicts()
    printed = sum(
        (table[column] != "").groupby(table["line"]).first().sum()
        for table in record.tables.values()
        for column in table
        if column.startswith("reported_p")
    )
    p = frame[(frame["what"] == "p") & (frame["part"] != "claims")]
    assert (p["printed"] != "not printed").sum() == printed == 78
    assert set(frame["claim"]) == {c.id for c in (*record.records, *record.table_claims())}
    assert (frame["sentence"] != "").all()
    assert set(frame["verdict"]) <= set(audit.Verdict)


def p_values(report: audit.Report, part: str) -> dict[str, audit.CheckedValue]:
    """The checked p-values of a table by the name of the row, the first where there are two."""
    found = [value for value in report.values if value.part == part and value.what == "p"]
    return {value.claim.endpoint: value for value in reversed(found)}


def test_table_1_is_fisher(he):
    # The facts of this trial: Table 1's categorical rows are two-sided Fisher tests but for two that miss by a hair.
    p = p_values(he, "table1")
    counts = published.load("he2020").tables["table1"].dropna(subset=["count"])["characteristic"].unique()
    for name in counts:
        fisher = "Fisher (point probability)" in fitting(p[name])
        assert fisher == (name not in ("Azathioprine", "Leflunomide")), name
    assert p["Azathioprine"].sentence.startswith("not reproduced by any of")
    assert recomputed(p["Azathioprine"], "Fisher (point probability)") == "0.3533"  # printed 0.352
    assert recomputed(p["Leflunomide"], "Fisher (point probability)") == "0.6120"  # printed 0.611


def test_the_events_of_table_3_are_recomputed_for_information(he):
    # Fisher: injection site 9 v 2 p=.021; infection 2 v 6 .254; fever 4 v 0 .052; SAE 0 v 3 .237; severe 0 v 2 .49.
    p = p_values(he, "table3")
    expected = {
        "Injection site reaction": 0.021,
        "Infection": 0.254,
        "Fever": 0.052,
        "Flu-like symptoms": 0.112,
        "Serious adverse events (SAE)": 0.237,
        "Severe infection": 0.4915,
    }
    for event, value in expected.items():
        (fisher,) = p[event].analyses
        assert fisher.value == pytest.approx(value, abs=6e-4)
        assert fisher.fits is None


# ------------------------------------------------------------------ verdicts


def test_values_that_disagree_with_their_own_count():
    frame = lines(claim(reported=["60.0% (18/29)", "30.0% (9/30)"], p="0.019"))
    assert frame["a", "drug"].sentence == "not reproduced by its own count"
    assert frame["a", "placebo"].sentence == "reproduced"


def test_a_percentage_that_is_cut_off_is_recognised():
    # 18/29 = 62.069 %: rounded 62.07, cut off 62.06.
    frame = lines(claim(reported=["62.06%", "30.0%"], n=[29, 30]))
    row = frame["a", "drug"]
    assert row.sentence == "reproduced"
    assert "cut off" in words(row)


def test_coarse_percentages_leave_several_tables_and_an_analysis_fits_if_it_fits_one():
    # 34 % of 200 is 67, 68 or 69 patients; 33 % of 200 is 65, 66 or 67: 32.5 % and 33.5 % can be rounded either way.
    row = lines(claim(reported=["34%", "33%"], n=[200, 200], p="0.50"), n=(200, 200))["a", "p"]
    first, second = ([x for x, _ in audit.counts_from_percent(text, n=200)] for text in ("34", "33"))
    tables = [(x, 200, y, 200) for x in first for y in second]
    assert (first, len(tables)) == ([67, 68, 69], 6)
    assert row.sentence.startswith(
        f"supposing counts that fit (6 tables, 67/200 v {second[0]}/200 to 69/200 v {second[1]}/200): "
    )
    fits = {
        (f.test, f.alternative)
        for table in tables
        for f in audit.explain("0.50", *table).query("rounds_to_reported").itertuples()
    }
    assert {(one.key, one.alternative) for one in row.fitting} == fits
    assert f"reproduced only by {len(fits)} of" in row.sentence


def test_percentages_without_patients_suppose_that_all_were_analysed_and_say_so():
    frame = lines(claim(reported=["50%", "20%"], p="0.029"))
    row = frame["a", "p"]
    assert row.sentence.startswith("supposing all randomised were analysed (15/30 v 6/30): ")
    assert frame["a", "drug"].sentence == "not checkable"
    unknown = lines(claim(reported=["50%", "20%"], p="0.029"), n=(None, None))
    assert unknown["a", "p"].sentence == "not checkable"


def test_ns_and_inequalities():
    frame = lines(
        claim("ns", p="NS"),
        claim("low", p="<0.001"),
        claim("big", reported=["15/30", "14/30"], p="n.s."),
    )
    assert frame["big", "p"].sentence == "reproduced"
    assert frame["big", "p"].printed == "NS"
    assert frame["low", "p"].verdict == "not reproduced"  # 18/29 v 9/30: the smallest p is about 0.004
    assert frame["ns", "p"].verdict != "reproduced"


def test_one_arm_alone_is_no_comparison():
    frame = lines(
        claim(arms=["drug"], reported=["62.1% (18/29)"], p="0.2"), claim("b", arms=["drug"], reported=["3/29"])
    )
    assert frame["a", "p"].sentence == "not checkable"
    assert ("b", "p") not in frame


def test_three_arms_at_once():
    arms = [{"name": name, "n": 40} for name in "xyz"]
    table = [(20, 40), (12, 40), (8, 40)]
    p = stats.chi2_contingency([[x, n - x] for x, n in table], correction=False).pvalue
    made = published.study_from_claims(
        {
            "study": {"key": "k", "title": "t", "alpha": 0.05},
            "arm": arms,
            "claim": [
                claim("fits", arms=list("xyz"), reported=[f"{x}/{n}" for x, n in table], p=f"{p:.4f}"),
                claim("not", arms=list("xyz"), reported=[f"{x}/{n}" for x, n in table], p="0.5"),
            ],
        }
    )
    frame = checked(audit.check(made))
    assert "Pearson chi-squared, all arms" in fitting(frame["fits", "p"])
    assert frame["fits", "p"].sentence == "reproduced only by 1 of 2 analyses of all arms at once"
    assert frame["not", "p"].verdict == "not reproduced"


def test_a_paper_that_names_a_model_is_not_held_against_its_counts():
    frame = lines(claim(p="0.500", effect="OR 9.0 (2.0-20.0)", analysis="logistic regression; adjusted for region"))
    for what in ("p", "effect"):
        assert frame["a", what].verdict == "model"
        assert "not checkable from counts" in frame["a", what].sentence
    assert "the paper: logistic regression; adjusted for region" in words(frame["a", "p"])


def test_a_printed_name_with_a_semicolon_comes_out_as_it_was_printed():
    # Each analysis is data of its own, so no sign of a name can part it or be changed.
    named = "logistic regression; does not fit: adjusted for region"
    report = audit.check(study(claim(p="0.500", analysis=named)))
    for text in (report.render("markdown"), report.render("html"), " ".join(report.render("table", 500).split())):
        assert f"the paper: {named}" in text
    frame = report.to_frame()
    assert set(frame.loc[frame["quantity"] == "p", "paper_analysis"]) == {named}
    assert fitting(checked(report)["a", "p"]) == set()


def test_a_printed_p_value_is_read_once():
    printed = [f"0.{number}" for number in range(12021, 12041)]
    before = read_p.cache_info().misses
    made = study(*(claim(f"c{p}", reported=["16/29", "9/30"], p=p) for p in printed))
    audit.check(made)
    assert read_p.cache_info().misses - before == len(printed)
    assert all(one.printed_p is one.printed_p for one in made.records)


# ------------------------------------------------------------------ effects


def test_effects_are_read_as_printed():
    for text, measure, numbers, level, scale in [
        ("OR 1.40 (0.93-2.11)", "odds ratio", ("1.40", "0.93", "2.11"), 0.95, 1),
        ("odds ratio, 1.40; 95% CI, 0.93 to 2.11", "odds ratio", ("1.40", "0.93", "2.11"), 0.95, 1),
        ("aOR 7.09 (90% CI 2.11–23.85)", "odds ratio", ("7.09", "2.11", "23.85"), 0.9, 1),
        ("relative risk 1·8 [99% CI 1·1, 2·9]", "risk ratio", ("1.8", "1.1", "2.9"), 0.99, 1),
        ("difference −0.2 (−17.5 to 17.2)", "risk difference", ("-0.2", "-17.5", "17.2"), 0.95, 100),
        ("difference 16.3% (6.3%-26.3%)", "risk difference", ("16.3", "6.3", "26.3"), 0.95, 100),
        ("RD 0.25 (0.01 to 0.49)", "risk difference", ("0.25", "0.01", "0.49"), 0.95, 1),
        ("OR 1.55", "odds ratio", ("1.55", "", ""), 0.95, 1),
    ]:
        with case(text, measure, numbers, level, scale):
            found = parse_effect(text)
            assert found is not None
            assert (found.measure, (found.estimate, found.low, found.high), found.scale) == (measure, numbers, scale)
            assert found.level == pytest.approx(level)


@pytest.mark.parametrize("text", ["hazard ratio 1.55 (1.11-2.18)", "better", "OR", "mean change -2.1", "OR 2 RR 3"])
def test_what_counts_cannot_give_is_no_effect(text):
    assert parse_effect(text) is None
    row = lines(claim(effect=text))["a", "effect"]
    assert row.sentence == "not checkable"


METHODS = ["woolf", "katz", "wald", "newcombe", "miettinen_nurminen", "conditional_exact", "koopman", "agresti_caffo"]
SHORT = {"odds ratio": "OR", "risk ratio": "RR", "risk difference": "difference"}


@FEW
@given(
    method=st.sampled_from(METHODS),
    n=st.tuples(st.integers(8, 60), st.integers(8, 60)),
    level=st.sampled_from([90, 95, 99]),
    decimals=st.integers(1, 3),
    data=st.data(),
)
def test_the_method_of_a_made_up_paper_is_among_those_that_fit(method, n, level, decimals, data):
    table = data.draw(st.integers(2, n[0] - 2)), n[0], data.draw(st.integers(2, n[1] - 2)), n[1]
    (one,) = inference.intervals(*table, level=level / 100, methods=[method])
    scale = 100 if one.measure == "risk difference" else 1
    written = [f"{value * scale:.{decimals}f}" for value in (one.estimate, one.low, one.high)]
    text = f"{SHORT[one.measure]} {written[0]} ({level}% CI {written[1]} to {written[2]})"
    row = lines(claim(reported=[f"{table[0]}/{n[0]}", f"{table[2]}/{n[1]}"], effect=text), n=n)["a", "effect"]
    assert one.label in fitting(row)
    assert row.sentence.startswith("reproduced")


def test_an_effect_printed_the_other_way_round():
    (one,) = inference.intervals(9, 30, 18, 29, methods=["woolf"])
    row = lines(claim(effect=f"OR {one.estimate:.2f} ({one.low:.2f}-{one.high:.2f})"))["a", "effect"]
    assert row.sentence.startswith("reproduced")
    assert "placebo against drug" in words(row)


def test_an_effect_that_misses():
    row = lines(claim(effect="OR 3.8 (1.4-11.3)"))["a", "effect"]  # Woolf: 3.82 (1.29 to 11.28)
    assert row.verdict == "not reproduced"
    assert "misses by one in the last digit" in row.sentence
    far = lines(claim(effect="OR 5.0 (2.0-9.0)"))["a", "effect"]
    assert far.sentence == "another estimate; interval not reproduced by any of 5 methods"


def test_what_looks_like_a_tag_in_a_claim_stays_text_in_markdown_and_html():
    report = audit.check(study(claim(words="<script>alert(1)</script> 9 of 30, p<0.05")))
    for form in ("markdown", "html"):
        assert "<script" not in report.render(form)
    assert "p<0.05" in report.render("markdown")


def test_a_column_that_stands_twice_in_a_claims_file_is_refused(tmp_path):
    path = tmp_path / "paper.csv"
    path.write_text(
        "id,endpoint,arm_a,reported_a,arm_b,reported_b,p,p\na,x,drug,5/9,placebo,2/9,0.05,0.1\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"line 1: column p stands twice"):
        audit.check(path)


def test_an_interval_without_limit_fits_no_printed_limit():
    row = lines(claim(reported=["0/10", "0/10"], effect="OR 1.0 (0.1 to 10)"), n=(10, 10))["a", "effect"]
    assert row.verdict in ("not reproduced", "not checkable")


def test_a_count_above_the_patients_randomised_is_named():
    rows = lines(claim(reported=["12", "2"], p="0.05"), n=(10, 10))
    assert "more than the 10 patients randomised" in words(rows["a", "drug"])
    assert rows["a", "drug"].verdict == "not reproduced"


def test_a_percentage_that_no_count_of_all_randomised_gives_says_so_beside_those_that_fit():
    rows = lines(claim(reported=["46.4%", "30%"]), n=(135, 60))
    assert "8 counts fit, none of them of 135: 13/28" in words(rows["a", "drug"])


# ------------------------------------------------------------------ the reading


def reading(*claims: dict[str, object], **keys: object) -> str:
    report = audit.check(study(*claims, **keys))
    assert ACCUSING.findall(everything_said(report)) == []
    return report.reading


def test_a_secondary_result_after_a_missed_primary_is_to_be_tested_again():
    text = reading(
        claim("one", role="primary", reported=["16/30", "9/30"], p="0.067"),
        claim("two", role="secondary", reported=["19/30", "9/30"], p="0.010"),
        claim("three", role="secondary", reported=["16/30", "15/30"], p="0.80"),
    )
    assert "was not met at 0.05." in text
    assert "p=0.010 (endpoint two) is a finding to test again" in text
    assert "endpoint three" not in text


def test_a_met_primary_says_nothing_of_the_kind():
    text = reading(claim("one", role="primary", p="0.013"), claim("two", role="secondary", p="0.013"))
    assert "to test again" not in text


def test_the_papers_own_word_counts_before_its_p_value():
    text = reading(
        claim("one", role="primary", p="0.013", met="not met"), claim("two", role="secondary", p="0.013"), alpha=0.05
    )
    assert "p=0.013 (endpoint two) is a finding to test again" in text


def test_the_order_of_testing_is_followed_where_there_is_one():
    text = reading(
        claim("one", role="primary", order=1, p="0.013"),
        claim("two", role="secondary", order=2, reported=["16/30", "9/30"], p="0.067"),
        claim("three", role="secondary", order=3, p="0.013"),
        claim("zero", role="secondary", p="0.013"),
    )
    assert "endpoint two, place 2 in the testing order, was not met" in text
    assert "p=0.013 (endpoint three) is a finding to test again" in text
    assert "endpoint zero) is" not in text


def test_one_patient_decides():
    # Pearson: 17/30 v 9/30 gives 0.037, 16/30 v 9/30 gives 0.067.
    text = reading(claim(role="primary", reported=["17/30", "9/30"], p="0.037"))
    assert "One outcome the other way in the arm" in text
    assert "the result is decided by one patient" in text
    clear = reading(claim(role="primary", reported=["28/30", "5/30"], p="<0.001"))
    assert "decide" not in clear


def test_contrasts_that_were_not_planned():
    text = reading(claim(role="primary", p="0.013"), claim("late", role="post hoc", p="0.013"))
    assert "p=0.013 (endpoint late) belongs to contrasts that were not planned" in text


def test_a_mismatch_comes_with_its_innocent_reasons():
    text = reading(claim(p="0.500"))
    assert "No analysis tried gives p=0.500 (endpoint a). That is no accusation: covariates or strata" in text
    assert "accusation" not in reading(claim(p="0.013"))


def test_values_of_models_are_not_read_as_mismatches():
    text = reading(claim(role="primary", p="0.500", analysis="stratified CMH"), claim("b", role="secondary", p="0.013"))
    assert "1 printed value comes from an adjusted or stratified analysis: the crude" in text
    assert "1 printed value comes from an analysis of more than the counts" in reading(
        claim(p="0.5", analysis="log-rank")
    )
    assert "No analysis tried" not in text
    assert "was not met at 0.05." in text  # the printed p-value still is what the paper says


def test_no_claim_is_stronger_than_its_evidence():
    report = audit.check("he2020")
    for strong in ("proves", "must have", "certainly", "clearly", "the authors used a"):
        assert strong not in everything_said(report)


def test_a_study_of_tables_alone(tmp_path):
    (tmp_path / "t.toml").write_text(
        '[study]\nkey = "k"\ntitle = "t"\nalpha = 0.05\n[[arm]]\nname = "a"\nn = 30\n[[arm]]\nname = "b"\nn = 30\n'
        '[[table]]\nkey = "t1"\nendpoint = "row"\nresults.x = { arm = "a" }\nresults.y = { arm = "b" }\n'
        'compare = [{ columns = ["x", "y"], p = "p" }]\ncsv = """\nrow,x,y,p\nwomen,27/30,29/30,0.612\n"""\n',
        encoding="utf-8",
    )
    report = audit.check(tmp_path / "t.toml")
    assert report.verdicts("t1").query("what == 'p'")["verdict"].item() == "some"
    assert report.verdicts("claims").empty
    for form in FORMATS:
        assert "0.612" in report.render(form)
    with pytest.raises(InputError, match="'t1'"):
        report.verdicts("t2")


# ------------------------------------------------------------------ large trials


@pytest.mark.parametrize("n", [600, 3000])
def test_large_trials_leave_out_only_the_tests_that_go_through_every_table(n):
    x, y = n // 2, n // 2 - n // 20
    p = f"{inference.pvalue('fisher', x, n, y, n):.3f}"
    report = audit.check(study(claim(reported=[f"{x}/{n}", f"{y}/{n}"], p=p, role="primary"), n=(n, n)))
    row = checked(report)["a", "p"]
    assert "Fisher (point probability)" in fitting(row)
    quick = [t for t in audit.distinct_tests() if t.family != "unconditional exact"]
    tried = [(t, s) for t, s in distinct_analyses() if t in quick]
    assert f"of {len(tried)} analyses" in row.sentence
    assert f"over {len(quick)} tests" in report.reading


def test_more_patients_than_the_tests_take_is_said_of_the_row():
    report = audit.check(study(claim(reported=["4999999999/9999999999", "1/9999999999"], p="0.5"), n=(None, None)))
    row = checked(report)["a", "p"]
    assert row.sentence == "not checkable"
    assert "up to 1000000000" in words(row)


def test_visits_that_may_differ_are_not_said_to_agree():
    # 75/150 v 69/150, then 80/150 v 69/150: some ways to join the patients' outcomes give p below 0.05.
    bounds = inference.between_visit_bounds(75, 80, 150, 69, 69, 150)
    assert bounds.p_low < 0.05
    one, two = (f"{inference.pvalue('pearson', x, 150, 69, 150):.3f}" for x in (75, 80))
    shared = {"endpoint": "response"}
    text = reading(
        claim("one", role="primary", visit="week 4", reported=["75/150", "69/150"], p=one, **shared),
        claim("two", role="secondary", visit="week 8", reported=["80/150", "69/150"], p=two, **shared),
        n=(150, 150),
    )
    assert "The two visits may or may not differ" in text
    assert "do not contradict" not in text


def test_a_p_value_of_all_randomised_patients_is_found():
    # 17/29 v 9/30 printed, but the test was made on 17/30: the missing patient counted as non-responder.
    p = f"{inference.pvalue('fisher', 17, 30, 9, 30):.4f}"
    row = lines(claim(reported=["17/29", "9/30"], p=p))["a", "p"]
    assert row.verdict == "some"
    assert row.sentence.startswith(
        f"not reproduced by any of {audit.n_analyses()} analyses of those analysed; reproduced by "
    )
    name = "Fisher (point probability), all randomised, missing as non-responders (17/30 v 9/30)"
    assert name in fitting(row)
    unknown = lines(claim(reported=["17/29", "9/30"], p=p), n=(None, None))["a", "p"]
    assert "reproduced by Fisher (point probability) with 30 v 30 instead of 29 v 30 patients" in unknown.sentence
