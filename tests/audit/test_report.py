"""The audit of a whole study: verdicts, reading, and every form in which the report is read."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from references.cases import case
from references.reading import ACCUSING, checked, everything_said, markdown_cells, parse, recomputed

from lupus_kit import audit, inference, published
from lupus_kit.audit.report.layout import shown_lines
from lupus_kit.core.errors import InputError


@pytest.fixture(scope="module")
def report() -> audit.Report:
    return audit.check("he2020")


@pytest.fixture(scope="module")
def written(report) -> dict[str, str]:
    return {form: report.render(form) for form in ("table", "markdown", "json", "csv")}


@pytest.fixture(scope="module")
def values(report) -> dict[tuple[str, str], audit.CheckedValue]:
    return checked(report.claims_only())


# ------------------------------------------------------------------ this trial


def test_three_values_of_each_claim(report):
    frame = report.verdicts("claims")
    assert len(frame) == 12
    study = published.load("he2020")
    for _, claim in study.claims.iterrows():
        part = frame[frame["claim"] == claim["id"]]
        assert part["what"].tolist() == ["IL-2", "placebo", "p"]
        printed = [claim["reported_a"], claim["reported_b"], claim["reported_p"] or "not printed"]
        assert part["printed"].tolist() == printed
    assert len(report.verdicts()) == len(report.values)


def test_counts_are_found_and_reproduced(values):
    for claim, what, x, n, how in [
        ("sri4_week12", "IL-2", 16, 29, "one solution"),
        ("sri4_week12", "placebo", 9, 30, "one denominator"),
        ("sri4_week24", "IL-2", 19, 29, "one solution"),
        ("sri4_week24", "placebo", 11, 30, "one solution"),
        ("ln_complete_remission", "IL-2", 7, 13, "printed"),
        ("ln_complete_remission", "placebo", 2, 12, "printed"),
        ("serious_infection", "IL-2", 0, 29, "table row"),
        ("serious_infection", "placebo", 2, 30, "table row"),
    ]:
        with case(claim, what, x, n, how):
            value = values[claim, what]
            (one,) = value.analyses
            assert (one.counts, one.value) == ((x, n), 100 * x / n)
            assert recomputed(value) == f"{x}/{n} = {100 * x / n:.2f}%"
            assert how in one.name
            assert value.verdict == value.sentence == "reproduced"


TABLES = [
    ("sri4_week12", "0.052", (16, 29, 9, 30)),
    ("sri4_week24", "0.027", (19, 29, 11, 30)),
    ("ln_complete_remission", "0.036", (7, 13, 2, 12)),
]


@pytest.mark.parametrize(("claim", "printed", "table"), TABLES)
def test_p_values_name_the_analyses_that_fit(values, report, claim, printed, table):
    value = values[claim, "p"]
    found = audit.explain(printed, *table)
    fits = found[found["rounds_to_reported"]]
    assert value.sentence.startswith(f"reproduced only by {len(fits)} of {report.n_analyses} analyses")
    one_sided_only = value.sentence.endswith(("none of them two-sided", "which is one-sided"))
    assert one_sided_only == (not (fits["alternative"] == "two-sided").any())
    shown = shown_lines(value)
    assert [number for number, _, misfit in shown if not misfit] == [f"{p:.4f}" for p in fits["p"]]
    for (_, name, _), (_, fit) in zip(shown, fits.iterrows(), strict=False):
        assert fit["label"] in name
        assert (fit["alternative"] == "two-sided") == ("one-sided" not in name)
    for number, name, _ in shown[len(fits) :]:
        key = next(k for k, t in inference.TESTS.items() if f"does not fit: {t.label}" == name)
        assert number == f"{inference.pvalue(key, *table):.4f}"
        assert not audit.rounds_to(float(number), printed)


def test_a_p_value_that_is_not_printed_is_not_checked(values):
    value = values["serious_infection", "p"]
    assert value.sentence == "not checkable"
    assert recomputed(value) == f"{inference.pvalue('fisher', 0, 29, 2, 30):.4f}"


# ------------------------------------------------------------------ the tidy frame


@pytest.mark.parametrize(("claim", "printed", "table"), TABLES)
def test_one_row_a_claim_and_analysis_with_numbers_as_numbers(report, claim, printed, table):
    frame = report.to_frame().query("claim == @claim and quantity == 'p' and part == 'claims'").set_index("analysis")
    expected = audit.explain(printed, *table)
    assert len(frame) == len(expected) == report.n_analyses
    assert frame["printed"].unique().tolist() == [printed]
    assert frame["printed_p"].unique().tolist() == [float(printed)]
    assert frame["relation"].unique().tolist() == ["="]
    assert frame["population"].unique().tolist() == [f"{table[1]} v {table[3]}"]
    assert frame[["x1", "n1", "x2", "n2"]].drop_duplicates().to_numpy().tolist() == [list(table)]
    for row in expected.itertuples():
        mine = frame[frame["alternative"] == row.alternative].loc[row.test]
        assert mine["recomputed"] == row.p or (mine["recomputed"] != mine["recomputed"] and row.p != row.p)
        assert mine["fits"] == row.rounds_to_reported
        assert mine["label"] == row.label


def test_the_types_of_the_frame(report):
    frame = report.to_frame()
    for name in ("printed_p", "recomputed", "low", "high"):
        assert frame[name].dtype == "float64"
    assert frame["fits"].dtype == "boolean"
    assert {str(frame[name].dtype) for name in ("x1", "n1", "x2", "n2", "n_ways", "n_fit")} == {"Int64"}
    assert set(frame["verdict"]) <= set(audit.Verdict)
    assert not frame.duplicated(["part", "claim", "what", "analysis", "alternative", "setting", "label"]).any()
    # The unpaired tests of Table 2 are run as if both visits were different patients, and say so.
    assert set(frame.loc[frame["setting"] == "as if the visits were different patients", "part"]) == {"table2"}


def test_means_and_joint_tables_give_a_range(report):
    frame = report.to_frame()
    mean = frame.query("part == 'table1' and endpoint == 'Age (years), baseline' and analysis == 'student_t'").iloc[0]
    assert mean["low"] < mean["high"]
    assert np.isnan(mean["recomputed"])
    paired = frame[frame["analysis"] == "mcnemar_exact"]
    assert (paired["n_ways"].dropna() > 1).all()
    assert (paired["low"] <= paired["high"]).all()


def test_equal_names_are_told_in_the_order_of_the_registry(report):
    # Three tests tie in both tables; the sentence does not depend on how a set is ordered.
    assert "Fisher (point probability), Fisher (doubled) and Blaker." in report.reading
    assert "Fisher (point probability), Fisher (doubled) and Blaker, each as if" in report.reading


def test_statements_are_asked_for_by_topic(report):
    topics = {one.topic for one in report.reading_statements}
    (joint,) = report.statements_on("joint analysis")
    assert "the printed pair p=0.052 and p=0.027" in joint
    assert report.statements_on(*topics) == report.statements
    assert report.statements_on("fragility") == ()


def test_printing_a_report_reads_as_the_command_line_does(report):
    assert f"{report}\n" == report.render("table")


def test_the_analyses_are_counted(report):
    assert report.n_analyses == audit.n_analyses() == len(audit.explain("0.5", 7, 13, 2, 12))
    assert 60 < report.n_analyses < 3 * len(inference.TESTS)


def test_the_analyses_that_are_counted_are_different_ones():
    # "not reproduced by any of N analyses" is only as strong as the number of different analyses behind N.
    seen: dict[bytes, str] = {}
    x1, x2 = np.indices((14, 13)).reshape(2, -1)
    found = audit.explain("0.5", 7, 13, 2, 12)
    for row in found.itertuples():
        lattice = np.concatenate(
            [
                np.round(inference.pvalue(row.test, x1, 13, x2, 12, row.alternative), 12),
                inference.pvalue_lattice(row.test, 6, 9, row.alternative).ravel().round(12),
                inference.pvalue_lattice(row.test, 21, 10, row.alternative).ravel().round(12),
            ]
        ).tobytes()
        assert lattice not in seen, f"{row.test} ({row.alternative}) is {seen[lattice]} on every table"
        seen[lattice] = f"{row.test} ({row.alternative})"


def test_the_reading_holds_the_computed_numbers(report):
    text, pair = report.reading, [(16, 29, 9, 30), (19, 29, 11, 30)]
    two_sided = [inference.pvalue(test, *pair[0]) for test in audit.distinct_tests()]
    assert f"from {min(two_sided):.3f} to {max(two_sided):.3f} over {len(two_sided)} tests" in text
    above = sum(p > 0.05 for p in two_sided)
    assert f"{above} of them are above 0.05 and {len(two_sided) - above} are not" in text
    ways = [inference.pvalue("pearson", x, 30, 9, 30) for x in (16, 17)]
    assert f"between {min(ways):.3f} and {max(ways):.3f}" in text
    assert "One randomised patient is missing" in text
    for x1, n1, x2, n2 in pair:
        assert f"{100 * (x1 / n1 - x2 / n2):.1f}" in text
    bounds = inference.between_visit_bounds(16, 19, 29, 9, 11, 30)
    assert f"between {bounds.p_low:.2f} and {bounds.p_high:.2f}" in text
    assert f"{-np.log2(0.052):.2f} and {-np.log2(0.027):.2f}" in text
    assert f"{np.log2(0.052 / 0.027):.2f} bits apart" in text
    joint = audit.explain_jointly([("0.052", *pair[0]), ("0.027", *pair[1])])
    labels = joint.loc[joint["explains_all"], "label"]
    assert all(label in text for label in labels)
    assert f"Of {len(joint)} analyses of the counts, {len(labels)} give the printed pair p=0.052 and p=0.027" in text
    assert "compatible with" in text
    assert "not known" in text
    assert "was not met" in text


def test_the_report_accuses_nobody(report):
    said = everything_said(report)
    assert ACCUSING.findall(said) == []
    assert ACCUSING.findall("an error") == ["error"]


def test_the_reading_is_one_paragraph_of_short_sentences(report):
    assert "\n" not in report.reading
    assert report.reading == " ".join(report.statements)
    sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z])", report.reading)
    assert 5 <= len(sentences) <= 20
    assert max(len(sentence.split()) for sentence in sentences) <= 60


# ------------------------------------------------------------------ the four forms and the notebook's


def test_json_holds_everything(report, written):
    content = json.loads(written["json"])
    assert set(content) == {"study", "citation", "n_analyses", "rows", "tables", "findings", "remarks", "reading"}
    assert content["study"] == "he2020"
    assert content["citation"] == published.load("he2020").trial.citation
    frame = report.to_frame()
    assert [row["recomputed"] for row in content["rows"]] == frame["recomputed"].astype(object).where(
        frame["recomputed"].notna(), None
    ).tolist()
    assert list(content["rows"][0]) == frame.columns.tolist()
    assert content["reading"] == report.reading
    assert "−" in written["json"]  # readable, not escaped


def test_csv_is_the_frame(report, written):
    parsed = pd.read_csv(io.StringIO(written["csv"]), keep_default_na=False, na_values={"fits": [""]})
    frame = report.to_frame()
    assert parsed.columns.tolist() == frame.columns.tolist()
    for name in ("claim", "printed", "analysis", "label", "population", "verdict", "sentence", "part"):
        assert parsed[name].tolist() == frame[name].tolist()
    numbers = pd.to_numeric(parsed["recomputed"], errors="coerce")
    assert np.array_equal(numbers, frame["recomputed"], equal_nan=True)


def test_markdown_has_a_table_for_the_claims_and_one_for_each_table_of_the_paper(report):
    text = report.render("markdown")
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    printed = published.load("he2020").tables
    assert [len(block) - 2 for block in blocks[1:]] == [
        frame["line"].nunique() * (2 if name == "table2" else 1) for name, frame in printed.items()
    ]
    for block, n_columns in zip(blocks, (6, 5, 5, 5), strict=True):
        assert {len(markdown_cells(line)) for line in block} == {n_columns}
        assert set(markdown_cells(block[1])) == {"---"}
    lines = blocks[0]
    assert len(lines) == 2 + 12
    for line, value in zip(lines[2:], report.claims_only().values, strict=True):
        endpoint, what, printed, numbers, names, verdict = markdown_cells(line)
        shown = shown_lines(value)
        assert (endpoint, what, printed, verdict) == (value.claim.title, value.what, value.printed, value.in_words)
        assert numbers == "; ".join(number for number, _, _ in shown)
        assert names == "; ".join(name for _, name, _ in shown)
    assert text.splitlines()[0] == report.citation
    assert text.splitlines()[-1] == report.reading


@pytest.mark.parametrize("width", [None, 80, 110, 200])
def test_the_table_fits_its_width_and_loses_nothing(report, width):
    text = report.render("table", width=width)
    assert max(map(len, text.splitlines())) <= (width or 110)
    assert "\x1b" not in text
    squeezed = re.sub(r"\s+", "", text)
    for part in (report.citation, *report.statements):
        assert re.sub(r"\s+", "", part) in squeezed
    for value in report.claims_only().values:
        for number, _, _ in shown_lines(value):
            # Cells are folded, never cut: every word of them is there, if not on one line.
            assert all(word in text for word in number.split())
    for printed in ("55.17%", "30.00%", "0.052", "0.027", "53.85%", "0.036"):
        assert printed in text


def test_every_form_ends_with_one_newline_and_is_repeatable(written):
    again = audit.check("he2020")
    for form, text in written.items():
        assert text.endswith("\n"), form
        assert not text.endswith("\n\n"), form
        assert text == again.render(form), form


def test_an_unknown_form_names_those_there_are(report):
    with pytest.raises(InputError, match="did you mean 'markdown'") as caught:
        report.render("markdwn")
    assert "'json'" in str(caught.value)


def test_html_shows_every_row(report):
    text = report._repr_html_()
    page = parse(text)
    for value in report.values:
        assert value.claim.title in page.text
    claims = parse(text[: text.index("<details>")])
    body = [row for row in claims.rows[1:] if len(row) == 5]
    # One line for each analysis: what was recomputed stands beside the test that gave it.
    expected = []
    for value in report.claims_only().values:
        first, *rest = shown_lines(value)
        expected.append([value.what, value.printed, *first[:2], value.in_words])
        expected += [["", "", *line[:2], ""] for line in rest]
    assert body == expected
    assert all(statement in page.text for statement in report.statements)
    assert report.citation in page.text
    assert page.tags <= {"table", "tr", "th", "td", "br", "p", "small", "ul", "li", "details", "summary"}


def test_the_names_of_programs_stand_in_the_audit_and_not_among_the_claims_alone(report):
    assert "[SPSS" in " ".join(report.render("table").split())
    assert "[SPSS" not in report.claims_only().render("table")


def test_a_study_without_results_says_so_and_shows_no_empty_table():
    found = audit.check("nct04077684")
    (said,) = found.statements
    assert said.startswith("No results of this study are recorded here, so there is nothing to recompute.")
    for recorded in (
        "0.5 million IU",
        "randomised 1:1:1:1",
        "placebo on the same days",
        "500, 160 and 152",
        "NCT04077684",
    ):
        assert recorded in said
    assert "Results would stand in the registry's entry (NCT04077684)" in said
    for form in ("table", "markdown", "html", "json"):
        assert "No results of this study are recorded here" in " ".join(found.render(form).split())
    assert "verdict" not in found.render("table") + found.render("markdown") + found._repr_html_()
    assert found.to_frame().empty
    assert "no results" not in [one.topic for one in audit.check("lupil2").reading_statements]


def test_a_study_without_results_and_without_a_registry():
    trial = replace(published.load("nct04077684").trial, registry=(), note="")
    (said,) = audit.check(published.Study(trial, ())).statements
    assert "Results would stand in a trial registry, or" in said
    assert "Note:" not in said
