"""Claims read from texts: spellings, random sentences with known numbers, ambiguity, the account of every number."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupus_kit import cli, published
from lupus_kit.audit import ProposedStudy, check, proposed_claims_file, read_text
from lupus_kit.core.errors import InputError

ALLOCATION = "Patients were randomly assigned to velunib (n=100) or placebo (n=100). "


def _only(sentence: str) -> published.Claim:
    study = read_text(ALLOCATION + sentence)
    (claim,) = study.records
    assert study.questions.empty
    return claim


# --- spellings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("p=0.05", "0.05"), ("P = .05", "0.05"), ("p=0·05", "0.05"), ("P=·05", "0.05"), ("p = 0,05", "0.05"), ("P<.001", "<0.001"),
        ("p &lt; 0.001", "<0.001"), ("P value of 0.03", "0.03"), ("P-value = 0.030", "0.030"), ("p value, 0.2", "0.2"),
        ("p≤0.01", "≤0.01"), ("two-sided P=0.04", "0.04"), ("P less than 0.01", "<0.01"), ("p=NS", "NS"), ("NS", "NS"),
        ("P = 2.3×10−5", "0.000023"), ("p>0.99", ">0.99"), ("P=1.0", "1.0"), ("adjusted P = 0.02", "0.02"), ("p<0·0001", "<0.0001"),
    ],
)  # fmt: skip
def test_every_spelling_of_a_p_value(printed, read):
    assert _only(f"Response was 40% with velunib and 25% with placebo ({printed}).").p == read


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("OR 1.83; 95% CI 1.30-2.59", "OR 1.83 (95% CI 1.30 to 2.59)"),
        ("odds ratio, 1.83 [95% CI, 1.30 to 2.59]", "OR 1.83 (95% CI 1.30 to 2.59)"),
        ("odds ratio [OR] 1·83, 95% confidence interval [CI] 1·30–2·59", "OR 1.83 (95% CI 1.30 to 2.59)"),
        ("relative risk 1.83 (95 % CI: 1.30, 2.59)", "RR 1.83 (95% CI 1.30 to 2.59)"),
        ("risk ratio = 1.83, 99% CI = 1.30 to 2.59", "RR 1.83 (99% CI 1.30 to 2.59)"),
        ("HR, 1.83; 97.5% CI, 1.30–2.59", "HR 1.83 (97.5% CI 1.30 to 2.59)"),
        ("adjusted odds ratio of 1.83 (1.30 to 2.59)", "adjusted OR 1.83 (1.30 to 2.59)"),
        ("difference, 15.0 percentage points; 95% CI, 2.3 to 27.7", "difference 15.0 percentage points (95% CI 2.3 to 27.7)"),
        ("absolute risk difference −15.0% [95% CI −27.7% to −2.3%]", "difference -15.0% (95% CI -27.7 to -2.3)"),
        ("rate ratio 0.80 (90% confidence interval 0.60 to 1.07)", "rate ratio 0.80 (90% CI 0.60 to 1.07)"),
    ],
)  # fmt: skip
def test_every_spelling_of_an_effect(printed, read):
    assert _only(f"Response was 40% with velunib and 25% with placebo ({printed}; P=0.02).").effect == read


@pytest.mark.parametrize(
    ("first", "second", "reported"),
    [
        ("40%", "25%", ("40%", "25%")),
        ("40.0 %", "25·0 %", ("40.0%", "25.0%")),
        ("40 of 100", "25 of 100", ("40/100", "25/100")),
        ("40/100", "25/100", ("40/100", "25/100")),
        ("40 of the 100 patients (40%)", "25 of the 100 patients (25%)", ("40% (40/100)", "25% (25/100)")),
        ("40 (40%) of 100 patients", "25 (25%) of 100 patients", ("40% (40/100)", "25% (25/100)")),
        ("40% (40/100)", "25% (25/100)", ("40% (40/100)", "25% (25/100)")),
        ("40% (40 of 100)", "25% (25 of 100)", ("40% (40/100)", "25% (25/100)")),
        ("40/100 (40%)", "25/100 (25%)", ("40% (40/100)", "25% (25/100)")),
        ("40 patients (40%)", "25 patients (25%)", ("40 (40%)", "25 (25%)")),
        ("40 [40.0%] patients", "25 [25.0%] patients", ("40 (40.0%)", "25 (25.0%)")),
        ("forty (40%) patients", "twenty-five (25%) patients", ("40 (40%)", "25 (25%)")),
        ("40,0%", "25,0%", ("40.0%", "25.0%")),
    ],
)
def test_every_spelling_of_a_share(first, second, reported):
    assert _only(f"Response was seen in {first} with velunib and {second} with placebo.").reported == reported


@pytest.mark.parametrize(
    "sentence",
    [
        "Response was seen in 40% of the velunib group and 25% of the placebo group.",
        "In the velunib group 40% responded, compared with 25% in the placebo group.",
        "In the velunib group, 40% of patients responded; in the placebo group, 25%.",
        "Response rates were 40% and 25% in the velunib and placebo groups, respectively.",
        "Response rates in the velunib and placebo groups were 40% and 25%, respectively.",
        "Response was more common with velunib than with placebo (40% vs 25%).",
        "More patients receiving velunib than those receiving placebo responded (40% v. 25%).",
        "Response: velunib 40%, placebo 25%.",
        "Response (velunib, 40%; placebo, 25%) was assessed blind.",
        "40% of patients treated with velunib responded versus 25% of patients given placebo.",
        "40% responded compared with 25% on placebo.",
        "Response was seen in 40 v 25% with velunib and placebo, respectively.",
    ],
)
def test_every_way_to_say_which_arm(sentence):
    claim = _only(sentence)
    assert dict(zip(claim.arms, claim.reported, strict=True)) == {"velunib": "40%", "placebo": "25%"}


# --- random sentences ---------------------------------------------------------------------------------------------

TEMPLATES = (
    "At week {week}, response was seen in {x1} of {n1} patients ({q1}%) in the {a} group and in {x2} of {n2} patients "
    "({q2}%) in the {b} group (P={p}).",
    "Response rates at week {week} were {q1}% ({x1}/{n1}) and {q2}% ({x2}/{n2}) for {a} and {b}, respectively (p={p}).",
    "Response at week {week} was higher with {a} than with {b} ({q1}% [{x1} of {n1}] vs {q2}% [{x2} of {n2}]; P = {p}).",
    "In the {a} group, {x1} ({q1}%) of {n1} responded by week {week}, as compared with {x2} ({q2}%) of {n2} in the {b} group; p={p}.",
    "At {week} weeks {x1}/{n1} ({q1}%) on {a} versus {x2}/{n2} ({q2}%) on {b} had responded, p={p}.",
)  # fmt: skip
IRRELEVANT = (
    "The mean age was 54.2 years (SD 11.3).",
    "Patients aged 18 to 75 years were recruited at 41 sites in 12 countries between January 2014 and May 2016.",
    "The trial had 90% power at a two-sided significance level of 0.05.",
    "Velunib is given at a dose of 50 mg every 2 weeks.",
    "Funded by the Example Foundation; ClinicalTrials.gov number, NCT01234567.",
    "Scores range from 0 to 105.",
)


@st.composite
def comparisons(draw):
    n1, n2 = draw(st.integers(5, 3000)), draw(st.integers(5, 3000))
    x1, x2 = draw(st.integers(0, n1)), draw(st.integers(0, n2))
    decimals = draw(st.integers(0, 2))
    return {
        "n1": n1, "n2": n2, "x1": x1, "x2": x2,
        "q1": f"{100 * x1 / n1:.{decimals}f}", "q2": f"{100 * x2 / n2:.{decimals}f}",
        "p": f"0.{draw(st.integers(1, 999)):03d}", "week": draw(st.integers(1, 104)),
    }  # fmt: skip


def _text(template: str, numbers: dict[str, object], arms: tuple[str, str]) -> str:
    return f"We randomly assigned adults to receive {arms[0]} or {arms[1]}. " + template.format(
        **numbers, a=arms[0], b=arms[1]
    )


@settings(deadline=None, max_examples=80)
@given(
    st.sampled_from(TEMPLATES),
    comparisons(),
    st.sampled_from(
        [("velunib", "placebo"), ("early discharge", "usual care"), ("IL-2", "placebo"), ("drug A", "drug B")]
    ),
)
def test_known_numbers_are_recovered(template, numbers, arms):
    study = read_text(_text(template, numbers, arms))
    (claim,) = study.records
    assert claim.arms == arms
    assert claim.reported == tuple(f"{numbers[f'q{i}']}% ({numbers[f'x{i}']}/{numbers[f'n{i}']})" for i in (1, 2))
    assert claim.p == numbers["p"]
    assert claim.visit == f"week {numbers['week']}"
    assert study.questions.empty


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(TEMPLATES), comparisons(), st.lists(st.sampled_from(IRRELEVANT), max_size=4), st.booleans())
def test_irrelevant_sentences_change_nothing(template, numbers, more, before):
    text = _text(template, numbers, ("velunib", "placebo"))
    longer = " ".join([*more, text] if before else [text, *more])
    plain, study = read_text(text), read_text(longer)
    assert study.records == plain.records
    assert study.questions.empty
    assert set(study.numbers["status"]) <= {"used", "recognised"}


def _check_account(study: ProposedStudy) -> None:
    """Every digit of the text lies in exactly one accounted number, and spans slice back to their words."""
    covered = [0] * len(study.text)
    for row in study.numbers.itertuples():
        assert study.text[row.start : row.end] == row.words
        assert row.status in {"used", "recognised", "asked", "unread"}
        assert (row.status == "used" and row.what != "patients of an arm") == bool(row.claim)
        for i in range(row.start, row.end):
            covered[i] += 1
    assert [i for i, c in enumerate(study.text) if c in "0123456789" and covered[i] != 1] == []
    for row in study.questions.itertuples():
        assert study.text[row.start : row.end] == row.words
    for claim, (start, end) in zip(study.records, study.spans, strict=True):
        assert study.text[start:end] == claim.words
    for start, end, name in study.marks:
        (at,) = [span for claim, span in zip(study.records, study.spans, strict=True) if claim.id == name]
        assert (at[0] <= start and end <= at[1] + 1) or "every comparison" in _by_id(study, name).assumed


def _by_id(study: ProposedStudy, name: str) -> published.Claim:
    (claim,) = [claim for claim in study.records if claim.id == name]
    return claim


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(TEMPLATES), min_size=1, max_size=3), st.data())
def test_every_number_is_accounted_for(templates, data):
    numbers = [data.draw(comparisons()) for _ in templates]
    text = " ".join(
        t.format(**n, a="velunib", b="placebo").replace("%", data.draw(st.sampled_from(["%", " %", " per cent"])))
        for t, n in zip(templates, numbers, strict=True)
    )
    _check_account(read_text(ALLOCATION + text + " " + data.draw(st.sampled_from(IRRELEVANT))))


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.sampled_from(
            [
                *"()[];:,.%/=<-–·", "p", "P=", "0.05", "12", "1,234", "n=30", "velunib", "placebo", "and", "vs", "respectively",
                "in the", "group", "%", "95% CI", "OR", "week", "of", "(12/30)", "±", "\n",
                "difference", "twelve", "5%", "&lt;", "10−5",
            ]
        ),
        max_size=40,
    )
)  # fmt: skip
def test_no_text_breaks_the_reader(words):
    text = ALLOCATION + " ".join(words)
    study = read_text(text)
    _check_account(study)
    assert published.claims_toml(study)
    assert study._repr_html_()


# --- ambiguity ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sentence",
    [
        "Response was 40% and 25%.",
        "Nausea and headache occurred in 12% and 8%, respectively.",
        "Response was 40% in men and 25% in women.",
        "Velunib improved response (40% vs 25%).",
        "With velunib, response rose from 25% to 40%.",
        "At weeks 12 and 24, response with velunib compared with placebo was 40% and 25%, respectively.",
        "In the velunib group, 40% of men and 25% of women responded.",
        "Nausea and headache were more common with velunib than with placebo (12% and 8%, respectively).",
        "Response was 40% in the observational cohort group and 25% in the registry group.",
        "Response was 40% with velunib, placebo, or both, and 25% otherwise.",
        "Compared with placebo, the velunib group had more responses (40% vs 25%).",
        "Of patients who had failed placebo, 40% and 25% responded.",
    ],
)
def test_what_is_ambiguous_is_asked(sentence):
    study = read_text(ALLOCATION + sentence)
    assert study.records == ()
    asked = set(study.numbers.query("status == 'asked'")["words"])
    assert asked == set(re.findall(r"(?<![\w-])(?:40|25|12|8)(?=%)", sentence))
    assert set(study.questions["candidates"]) == {"velunib, placebo"}


def test_one_p_value_for_two_comparisons_is_asked():
    study = read_text(
        "Patients were randomised to velunib 5 mg (n=50), velunib 10 mg (n=50) or placebo (n=50). "
        "Response was 40% with velunib 5 mg, 50% with velunib 10 mg and 25% with placebo (p=0.03)."
    )
    assert [(c.arms, c.reported, c.p) for c in study.records] == [
        (("velunib 5 mg", "placebo"), ("40%", "25%"), ""),
        (("velunib 10 mg", "placebo"), ("50%", "25%"), ""),
    ]
    assert list(study.questions["unclear"]) == ["which of 2 comparisons it belongs to"]


def test_a_p_value_against_an_arm_that_is_not_there_is_asked():
    study = read_text(
        "Patients were randomised to velunib 5 mg, velunib 10 mg or placebo. "
        "Response was 40% with velunib 5 mg and 50% with velunib 10 mg (p=0.03 vs placebo)."
    )
    (claim,) = study.records
    assert (claim.arms, claim.p) == (("velunib 5 mg", "velunib 10 mg"), "")
    assert list(study.questions["unclear"]) == ["it names an arm whose number does not stand with it"]


def test_three_arms_without_one_control_keep_no_p_value():
    study = read_text(
        "Patients were randomised to acupuncture (n=30), sham acupuncture (n=30) or waiting list (n=30). Response was 63% in "
        "the acupuncture group, 47% in the sham acupuncture group, and 20% in the waiting list group (P = .20; P < .001)."
    )
    (claim,) = study.records
    assert (claim.reported, claim.p) == (("63%", "47%", "20%"), "")
    assert list(study.questions["words"]) == ["P = .20", "P < .001"]


def test_an_effect_whose_order_is_turned_is_asked():
    study = read_text(
        ALLOCATION + "Compared with placebo, velunib lowered the risk of death (HR 0.80; 95% CI 0.60 to 0.95)."
    )
    assert study.records == ()
    assert len(study.questions) == 1


def test_a_percentage_that_disagrees_with_its_count_is_proposed_with_a_note():
    claim = _only("Response was seen in 41/100 (40%) with velunib and 25/100 (25%) with placebo.")
    assert claim.reported == ("40% (41/100)", "25% (25/100)")
    assert "41 of 100, is 41.00%, printed is 40%" in claim.note


def test_numbers_that_are_no_result_are_named():
    study = read_text(
        ALLOCATION + "Aged 18 to 65 years; 50 mg daily; at 12 sites; 80% power; NCT01234567; from May 2014."
    )
    what = dict(zip(study.numbers["words"], study.numbers["what"], strict=True))
    assert what["65"] == "age"
    assert what["50"] == "dose or quantity"
    assert what["12"] == "number of sites"
    assert what["80"] == "power of the plan"
    assert what["01234567"] == "registration number"
    assert study.trial.registry == ("NCT01234567",)


# --- the whole way ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " \n\t", "\ufeff \n"])
def test_an_empty_text_is_refused(text):
    with pytest.raises(InputError, match="the text is empty"):
        read_text(text)


def test_other_things_than_a_text_are_refused():
    with pytest.raises(InputError, match="bytes"):
        read_text(b"55%")
    with pytest.raises(InputError, match="characters"):
        read_text("a " * 1_500_000)


def test_texts_without_numbers_arms_or_comparisons_say_so():
    assert read_text("Lupus is a disease.").remarks == ("The text holds no numbers: there is nothing to check.",)
    assert "No arms were recognised" in read_text("Response was 40% and 25%.").remarks[0]
    assert read_text(ALLOCATION).remarks == ("No comparison of the arms was recognised.",)
    empty = read_text("Lupus is a disease.")
    assert empty.claims.empty
    assert {"start", "end", "reported_p"} <= set(empty.to_frame().columns)


def test_the_proposed_file_is_read_back_and_audited(tmp_path):
    text = (
        ALLOCATION
        + "Response was 40% with velunib and 25% with placebo (p=0.024). Nausea and rash occurred in 5% and 8%."
    )
    study = read_text(text)
    path = tmp_path / "claims.toml"
    path.write_text(proposed_claims_file(study), encoding="utf-8")
    again = published.load_claims(path)
    assert again.records == study.records
    assert "#   5%: which arm it belongs to" in path.read_text(encoding="utf-8")
    # 40/100 v 25/100: Pearson's chi-squared is 200*(40*75-60*25)**2/(65*135*100*100) = 5.1282, so p = 0.0235.
    (verdict,) = check(study).verdicts().query("what == 'p'")["sentence"]
    assert "reproduced" in verdict
    assert "not reproduced" not in verdict


def test_comments_of_the_file_cannot_become_keys():
    study = read_text(ALLOCATION + "Response was\n40%\u2028[study]\u0085x = 1 and\r25%.")
    text = proposed_claims_file(study)
    assert all(line.startswith("#") for line in text.split("\n\n")[0].split("\n"))
    assert not re.search(r"[\u2028\u0085\r]", text.split("\n\n")[0])


def test_the_views_show_marks_and_escape():
    study = read_text(
        ALLOCATION + "<script>alert('x')</script> Response was 40% with velunib and 25% with placebo (P<0.05)."
    )
    page = study._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert page.count("<mark") == 3
    assert "[[40%]]1" in study.marked()
    assert re.sub(r"\[\[(.*?)\]\]\d+", r"\1", study.marked()) == study.text
    assert "velunib: 40%; placebo: 25%; p: <0.05" in str(study)


@pytest.mark.parametrize(
    "unit", ["1", "1,", "1 of ", "difference ", "1 (", "5% ", "odds ratio ", "a", "week 1, ", "A b ", "\n", " ", "-"]
)
def test_hostile_repetition_is_read_to_its_end(unit):
    # Patterns whose time grows with the square of the length would not end here within the day.
    text = ALLOCATION + (unit * 60_000)[:60_000]
    study = read_text(text)
    assert study.records == ()
    assert study.text == text


# --- the command --------------------------------------------------------------------------------------------------

ABSTRACT = (
    ALLOCATION + "At week 12, response was seen in 40/100 (40%) with velunib and 25/100 (25%) with placebo (p=0.02)."
)


@pytest.fixture
def command(capsys, monkeypatch):
    def run(*arguments: str, given: bytes = b"") -> tuple[int, str, str]:
        stdin = io.TextIOWrapper(io.BytesIO(given))
        monkeypatch.setattr("sys.stdin", stdin)
        try:
            cli.main(["audit", *arguments])
            code = 0
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        done = capsys.readouterr()
        return code, done.out, done.err

    return run


def test_the_command_proposes_and_audits(command, tmp_path):
    file = tmp_path / "abstract.txt"
    file.write_text("\ufeff" + ABSTRACT, encoding="utf-8")
    code, out, _ = command("--text", str(file))
    assert code == 0
    assert "velunib: 40% (40/100); placebo: 25% (25/100); p: 0.02" in out
    assert "40/100 = 40.00%" in out
    assert command("--text", "-", given=ABSTRACT.encode())[1] == out


def test_the_command_writes_a_claims_file_once(command, tmp_path):
    out = tmp_path / "claims.toml"
    code, _, err = command("--text", "-", "--out", str(out), given=ABSTRACT.encode())
    assert (code, err) == (0, f"Wrote {out}.\n")
    assert published.load_claims(out).records == read_text(ABSTRACT).records
    before = out.read_bytes()
    code, _, err = command("--text", "-", "--out", str(out), given=b"something else 5%")
    assert code == 2
    assert "is there already" in err
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "given", "message"),
    [
        (["--text", "-"], b"", "standard input is empty"),
        (["--text", "-"], b"\xff\xfe5\x00", "standard input is not UTF-8 text (byte 0)"),
        (["--text", "-"], b"5%\x00", "standard input is not plain text"),
        (["--text", "-"], b"5% and 6%", "nothing to audit in the text. No arms were recognised"),
        (["--text", "missing.txt"], b"", "missing.txt is missing: there is no such file"),
        (["--text", "."], b"", ". cannot be read"),
        (
            ["--text", "-", "he2020"],
            b"5%",
            "give one of FILE|STUDY, --text, --new and --list (FILE|STUDY and --text given)",
        ),
        (["--text", "-", "--out", "x.toml", "--format", "json"], ABSTRACT.encode(), "a claims file"),
    ],
)
def test_the_command_refuses_what_it_cannot_read(command, tmp_path, monkeypatch, arguments, given, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = command(*arguments, given=given)
    assert code == 2
    assert message in " ".join(err.split())
    assert out == ""
    assert list(tmp_path.iterdir()) == []
