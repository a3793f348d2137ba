"""Studies of other people: no code knows the name of a study."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references.reading import ACCUSING, checked, everything_said, fitting, markdown_cells, parse, recomputed, words

from lupus_kit import audit, inference, published
from lupus_kit.core.errors import InputError

STUDY = """format = 1
[study]
key = "made_up"
title = "A trial that never was"
authors = "Nobody N."
journal = "Journal of Examples"
year = 2031
volume = "1"
pages = "1-2"
published_online = "1 January 2031"
doi = "10.0000/example"
registry = ["NCT00000000"]
notice = "Made up for a test."
alpha = 0.05
claims = "abstract.csv"

[[arm]]
name = "active"
n = 40

[[arm]]
name = "control"
n = 20
"""
HEADER = "id,endpoint,visit,role,arm_a,reported_a,arm_b,reported_b,reported_p,note,as_printed\n"


def made_up(folder: Path, *claims: str, toml: str = STUDY) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "study.toml").write_text(toml, encoding="utf-8")
    (folder / "abstract.csv").write_text(HEADER + "".join(claim + "\n" for claim in claims), encoding="utf-8")
    return folder


def claim(
    name: str, a: str, b: str, p: str, endpoint="response", visit="week 8", role="primary", note="", as_printed=""
) -> str:
    return f'{name},"{endpoint}",{visit},{role},active,{a},control,{b},{p},{note},{as_printed}'


def p_row(report: audit.Report, name: str) -> audit.CheckedValue:
    return checked(report)[name, "p"]


def test_another_study_needs_no_code_of_its_own(tmp_path):
    table1, table2 = (25, 40, 5, 20), (20, 40, 4, 20)
    printed = [f"{inference.pvalue('pearson', *t):.3f}" for t in (table1, table2)]
    folder = made_up(
        tmp_path / "s",
        claim("w8", "62.5% (25/40)", "25.0% (5/20)", printed[0]),
        claim("w16", "50.0% (20/40)", "20.0% (4/20)", printed[1], visit="week 16", role="secondary"),
        claim("odd", "50.0% (20/40)", "25.0% (5/20)", "0.900", endpoint="another", visit=""),
    )
    study = published.load(folder)
    assert dict(study.tables) == {}
    for given_as in (folder, str(folder), study):
        report = audit.check(given_as)
        assert report.study == "made_up"
        frame = checked(report)
        assert {value.sentence for (_, what), value in frame.items() if what != "p"} == {"reproduced"}
    assert "Pearson chi-squared" in fitting(p_row(report, "w8"))
    assert p_row(report, "odd").sentence == f"not reproduced by any of {audit.n_analyses()} analyses"
    assert "Pearson chi-squared" in report.reading
    assert "week 8 (25/40 v 5/20)" in report.reading
    bounds = inference.between_visit_bounds(25, 20, 40, 5, 4, 20)
    assert f"between {bounds.p_low:.2f} and {bounds.p_high:.2f}" in report.reading
    assert "missing" not in report.reading  # everybody was analysed
    for word in ("IL-2", "placebo", "SRI", "lupus", "0.052"):
        assert word not in " ".join(report.render(form) for form in ("table", "markdown", "json", "csv"))
    assert ACCUSING.findall(everything_said(report)) == []


def test_percentages_that_no_count_gives(tmp_path):
    folder = made_up(
        tmp_path / "s",
        claim("none", "61.3%", "25.0% (5/20)", "0.010"),
        claim("several", "50%", "25.0% (5/20)", "0.010", endpoint="b"),
        claim("own", "60.0% (25/40)", "25.0% (5/20)", "0.010", endpoint="c"),
        claim("bare", "7", "2", "", endpoint="d"),
        claim("mean", "1.5±0.5", "2.5±0.5", "0.010", endpoint="e"),
    )
    frame = checked(audit.check(folder))
    fits = audit.counts_from_percent("61.3", n_max=40)
    verdict = frame["none", "active"].sentence
    assert fits == [(19, 31)]
    assert verdict == "reproduced"
    assert frame["several", "active"].sentence == "not checkable"
    assert "20/40" in words(frame["several", "active"])
    # The print does not say how many were analysed; what is supposed instead is said in the verdict.
    several = audit.explain("0.010", 20, 40, 5, 20)
    n = several["rounds_to_reported"].sum()
    assert frame["several", "p"].sentence == (
        "supposing all randomised were analysed (20/40 v 5/20): "
        + (
            f"reproduced only by {n} of {len(several)} analyses"
            if n
            else f"not reproduced by any of {len(several)} analyses"
        )
    )
    assert frame["own", "active"].sentence == "not reproduced by its own count"
    assert frame["bare", "active"].sentence == "not checkable"


def test_percentages_that_fit_no_patients_are_named_at_once_and_do_not_stop_the_rest(tmp_path):
    folder = made_up(
        tmp_path / "s",
        claim("none", "62.49%", "25.0% (5/20)", "0.010"),
        claim("known", "62.49%", "25.0% (5/20)", "0.010", as_printed="true"),
        claim("fine", "62.5% (25/40)", "99.99%", "0.010"),
    )
    report = audit.check(folder)
    assert [one.split(": ", 1)[0] for one in report.remarks] == [
        "abstract.csv, line 2, column reported_a",
        "abstract.csv, line 4, column reported_b",
    ]
    assert audit.counts_from_percent("62.49", n_max=40) == []
    frame = checked(report)
    for name in ("none", "known"):
        assert frame[name, "active"].sentence == "not reproduced: no count of at most 40 patients prints as 62.49%"
    assert frame["fine", "active"].sentence == "reproduced"
    for form in ("table", "markdown", "html"):
        assert "no count of at most 20 patients prints as 99.99%" in " ".join(report.render(form).split())
    assert "no count of at most 20 patients prints as 99.99%" in report._repr_html_()


def test_46_percent_and_a_tenth_of_135_is_no_count(tmp_path):
    # 62/135 is 45.9 %, 63/135 is 46.7 %.
    made = published.study_from_claims(
        {
            "study": {"key": "k", "title": "t", "alpha": 0.05},
            "arm": [{"name": "a"}, {"name": "b"}],
            "claim": [
                {"id": "x", "endpoint": "e", "arms": ["a", "b"], "reported": ["46.4%", "46.7%"], "n": [135, 135]}
            ],
        }
    )
    first, second = checked(audit.check(made))["x", "a"], checked(audit.check(made))["x", "b"]
    assert first.sentence == "not reproduced: no count of 135 patients prints as 46.4%"
    assert second.analyses[0].counts == (63, 135)


def test_the_commonest_print_of_all_is_used(tmp_path):
    # "25 (62.5%)" pins its denominator as well as "62.5% (25/40)" does: 25/40 alone prints so.
    assert audit.counts_from_percent("62.5", n_max=40)[-1] == (25, 40)
    folder = made_up(tmp_path / "s", claim("w8", "25 (62.5%)", "5 (25.0%)", "0.006"))
    report = audit.check(folder)
    frame = checked(report)
    assert recomputed(frame["w8", "active"]) == "25/40 = 62.50%"
    assert p_row(report, "w8").sentence != "not checkable"


def test_an_empty_cell_leaves_no_gap_in_the_reading(tmp_path):
    # Nobody responds on control: some tests are undefined there, and the reading must not count them.
    table = (10, 40, 0, 20)
    folder = made_up(
        tmp_path / "s",
        claim("w8", "25.0% (10/40)", "0% (0/20)", "0.020"),
        claim("w16", "30.0% (12/40)", "5.0% (1/20)", "0.030", visit="week 16", role="secondary"),
    )
    report = audit.check(folder)
    assert "nan" not in report.reading
    values = [inference.pvalue(test, *table) for test in audit.distinct_tests()]
    defined = [p for p in values if p == p]
    assert len(defined) < len(values)
    assert f"from {min(defined):.3f} to {max(defined):.3f} over {len(defined)} tests" in report.reading


def test_the_reading_does_not_depend_on_the_order_of_the_rows(tmp_path):
    primary = claim("w8", "62.5% (25/40)", "25.0% (5/20)", "0.006")
    later = claim("w16", "50.0% (20/40)", "20.0% (4/20)", "0.026", visit="week 16", role="secondary")
    readings = {audit.check(made_up(tmp_path / "s", *rows)).reading for rows in ((primary, later), (later, primary))}
    assert len(readings) == 1
    assert "week 8 (25/40 v 5/20)" in readings.pop()


def test_an_undefined_p_value_is_not_shown_as_a_number(tmp_path):
    # Nobody responds in either arm: Pearson's statistic is 0/0.
    row = p_row(audit.check(made_up(tmp_path / "s", claim("w8", "0% (0/40)", "0% (0/20)", "1.000"))), "w8")
    assert "nan" not in recomputed(row)


def test_brackets_in_a_name_are_text_not_markup(tmp_path):
    # Names like these are common: square brackets are the terminal library's markup.
    endpoint = "response [per protocol] [/b] | <i>x</i>"
    folder = made_up(tmp_path / "s", claim("w8", "62.5% (25/40)", "25.0% (5/20)", "0.006", endpoint=endpoint))
    report = audit.check(folder)
    assert endpoint in report.render("table", width=200)
    lines = [line for line in report.render("markdown").splitlines() if line.startswith("| ")]
    assert {len(markdown_cells(line)) for line in lines} == {6}
    assert "<i>" not in report.render("markdown")
    assert html.unescape(markdown_cells(lines[2])[0]).startswith(endpoint)
    assert json.loads(report.render("json"))["rows"][0]["endpoint"].startswith(endpoint)
    page = parse(report._repr_html_())
    assert "i" not in page.tags
    assert endpoint in page.text


def test_more_patients_than_were_randomised_is_a_finding_not_a_crash(tmp_path):
    folder = made_up(
        tmp_path / "s",
        claim("w8", "62.2% (28/45)", "25.0% (5/20)", "0.006"),
        claim("w16", "50.0% (20/40)", "20.0% (4/20)", "0.050", visit="week 16", role="secondary"),
    )
    report = audit.check(folder)
    assert recomputed(report.values[0]) == "28/45 = 62.22%"
    assert "missing" not in report.reading


@settings(max_examples=10)
@given(
    st.sampled_from([t.key for t in audit.distinct_tests()]),
    st.sampled_from(["two-sided", "greater", "less"]),
    st.integers(0, 40),
    st.integers(0, 20),
)
def test_a_made_up_paper_is_recovered_from_its_print(tmp_path_factory, key, alternative, x1, x2):
    p = inference.pvalue(key, x1, 40, x2, 20, alternative)
    if p != p:
        return
    folder = made_up(
        tmp_path_factory.mktemp("paper"),
        claim("w8", f"{100 * x1 / 40:.2f}% ({x1}/40)", f"{100 * x2 / 20:.2f}% ({x2}/20)", f"{p:.3f}"),
    )
    report = audit.check(folder)
    row = p_row(report, "w8")
    # The test itself, or another with the very same p-value (one-sided, some are one and the same).
    equal = [t.label for t in inference.TESTS.values() if inference.pvalue(t, x1, 40, x2, 20, alternative) == p]
    names = {name if alternative == "two-sided" else f"{name}, one-sided ({alternative})" for name in equal}
    assert inference.TESTS[key].label in equal
    assert names & fitting(row)
    assert row.sentence.startswith("reproduced")


@pytest.mark.parametrize("given", ["he2019", None, 5, ["he2020"]])
def test_an_unknown_study(given):
    with pytest.raises(InputError, match="he2020"):
        audit.check(given)
