"""Claims files: the format, what is written is read again, and every problem is told with its line and key."""

from __future__ import annotations

import json
import string
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupus_kit import audit, published
from lupus_kit.audit.report.report import FORMATS
from lupus_kit.core.errors import InputError
from lupus_kit.published.claims.lines import key_lines

SOME = settings(max_examples=25)
HEAD = """format = 1
[study]
key = "made_up"
title = "A trial that never was"
alpha = 0.05
[[arm]]
name = "drug"
n = 30
[[arm]]
name = "placebo"
n = 30
"""
CLAIM = """[[claim]]
id = "a"
endpoint = "response"
arms = ["drug", "placebo"]
reported = ["55.17%", "30.00%"]
n = [29, 30]
p = "0.052"
"""


def load(folder: Path, text: str | bytes, name: str = "paper.toml") -> published.Study:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return published.load(path)


def refused(folder: Path, text: str | bytes, name: str = "paper.toml") -> str:
    __tracebackhide__ = True
    with pytest.raises(InputError) as caught:
        load(folder, text, name)
    return str(caught.value)


def one(folder: Path, **keys: str) -> published.Claim:
    """Load the one claim of a file whose keys are changed; values are TOML."""
    given = {"id": '"a"', "endpoint": '"response"', "arms": '["drug", "placebo"]', "reported": '["50%", "20%"]'} | keys
    lines = "".join(f"{key} = {value}\n" for key, value in given.items() if value)
    return load(folder, f"{HEAD}[[claim]]\n{lines}").records[0]


# ------------------------------------------------------------------ what may stand in it


def test_a_claim_is_read_as_printed(tmp_path):
    study = load(tmp_path, HEAD + CLAIM)
    (claim,) = study.records
    assert (claim.arms, claim.reported, claim.n, claim.p) == (
        ("drug", "placebo"),
        ("55.17%", "30.00%"),
        (29, 30),
        "0.052",
    )
    assert (claim.kind, claim.role, claim.order, claim.met) == ("binary", "", None, "")
    assert dict(study.trial.n_randomised) == {"drug": 30, "placebo": 30}
    assert study.remarks == ()
    row = study.claims.iloc[0]
    assert (row["percent_a"], row["n_a"], row["p_value"], row["p_decimals"]) == (55.17, 29, 0.052, 3)


@pytest.mark.parametrize(
    ("printed", "count", "n", "percent"),
    [
        ("55.17%", None, 29, 55.17),
        ("16/29", 16, 29, None),
        ("55.17% (16/29)", 16, 29, 55.17),
        ("16 (55.2)", 16, 29, 55.2),
        ("16 (55.2%)", 16, 29, 55.2),
        ("16", 16, 29, None),
        ("16/29 (55.2%)", 16, 29, 55.2),
        ("16 of 29", 16, 29, None),
        ("55.2% (n=16)", 16, 29, 55.2),
    ],
)
def test_every_spelling_of_a_proportion(tmp_path, printed, count, n, percent):
    claim = one(tmp_path, reported=f'["{printed}", "30.00%"]', n="[29, 30]")
    value = claim.values[0]
    assert (value.count, value.n, value.percent) == (count, n, percent)
    digits = published.percent_text(printed)
    assert digits in printed
    assert (float(digits) if digits else None) == percent


def test_the_other_kinds(tmp_path):
    paired = one(
        tmp_path,
        kind='"paired"',
        arms='["drug"]',
        visits='["baseline", "week 12"]',
        reported='["20/29", "11/29"]',
        both="9",
    )
    assert (paired.sides, paired.both) == (("baseline", "week 12"), 9)
    mean = one(tmp_path, kind='"mean"', reported='["31.58±9.25", "−2.5 (SD 1.10)"]')
    assert mean.reported == ("31.58±9.25", "-2.5±1.10")
    median = one(tmp_path, kind='"median"', reported='["12 (8–27)", "11 (8–22)"]')
    assert median.values[0].high == 27


def test_the_kind_is_taken_from_the_shape_and_said(tmp_path):
    study = load(tmp_path, HEAD + CLAIM.replace('["55.17%", "30.00%"]', '["31.58±9.25", "29.83±9.72"]'))
    assert study.records[0].kind == "mean"
    assert study.remarks == (
        'paper.toml, line 12, key claim.1.kind (a): no kind is given: the values have the shape of kind = "mean".',
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("0,052", "0.052"),
        ("p = .052", "0.052"),
        ("P=0·052", "0.052"),
        ("p<0.001", "<0.001"),
        ("P < .001", "<0.001"),
        ("n.s.", "NS"),
        ("p=NS", "NS"),
        ("0.050", "0.050"),
    ],
)
def test_a_p_value_in_any_spelling_is_accepted_and_said(tmp_path, written, read):
    study = load(tmp_path, HEAD + CLAIM.replace('"0.052"', f'"{written}"'))
    assert study.records[0].p == read
    expected = () if written == read else (f"paper.toml, line 18, key claim.1.p (a): {written!r} is read as {read}.",)
    assert study.remarks == expected


def test_raised_points_and_decimal_commas_in_values(tmp_path):
    study = load(tmp_path, HEAD + CLAIM.replace("55.17%", "55·17%").replace("30.00%", "30,00%"))
    assert study.records[0].reported == ("55.17%", "30.00%")
    assert [remark.partition(": ")[2] for remark in study.remarks] == [
        "'55·17%' is read as 55.17%.",
        "'30,00%' is read as 30.00%.",
    ]


def test_what_is_left_out_is_said(tmp_path):
    study = load(tmp_path, '[study]\nkey = "k"\ntitle = "t"\n' + CLAIM)
    assert study.trial.alpha == 0.05
    assert dict(study.trial.n_randomised) == {"drug": None, "placebo": None}
    assert len(study.remarks) == 2
    assert "0.05" in study.remarks[1]
    assert "drug, placebo" in study.remarks[0]


def test_a_csv_file_says_the_same_as_toml(tmp_path):
    text = (
        '# key = "made_up"\n# title = "A trial that never was"\n# alpha = 0.05\n'
        "# arms = { drug = 30, placebo = 30 }\n"
        "id,endpoint,role,order,arm_a,reported_a,n_a,arm_b,reported_b,n_b,p,effect,kind,visit_a,visit_b,both\n"
        "a,response,primary,1,drug,55.17%,29,placebo,30.00%,30,0.052,OR 2.9 (1.0-8.4),,,,\n"
        "b,rash,,,drug,20/29,,,11/29,,0.022,,paired,baseline,week 12,9\n"
    )
    toml = HEAD + (
        '[[claim]]\nid = "a"\nendpoint = "response"\nrole = "primary"\norder = 1\narms = ["drug", "placebo"]\n'
        'reported = ["55.17%", "30.00%"]\nn = [29, 30]\np = "0.052"\neffect = "OR 2.9 (1.0-8.4)"\n'
        '[[claim]]\nid = "b"\nendpoint = "rash"\nkind = "paired"\narms = ["drug"]\nvisits = ["baseline", "week 12"]\n'
        'reported = ["20/29", "11/29"]\nboth = 9\np = "0.022"\n'
    )
    assert load(tmp_path, text, "paper.csv") == load(tmp_path, toml)


def test_a_csv_file_needs_no_head(tmp_path):
    study = load(tmp_path, "id,endpoint,arm_a,reported_a,arm_b,reported_b\na,x,drug,5/9,placebo,2/9\n", "paper.csv")
    assert study.trial.key == "paper"
    assert any("'paper'" in remark for remark in study.remarks)
    assert study.records[0].values[0].n == 9


# ------------------------------------------------------------------ written and read again


@pytest.mark.parametrize("name", published.studies())
def test_every_shipped_study_survives_being_written(tmp_path, name):
    study = published.load(name)
    text = published.claims_toml(study)
    again = load(tmp_path, text)
    assert again == study
    assert published.claims_toml(again) == text
    assert set(again.tables) == set(study.tables)
    for key, frame in study.tables.items():
        assert again.tables[key].equals(frame)


NASTY = st.text(alphabet=string.printable + "äß±≥\u00a0\u2028\"'\\#[]{}=\x7f", max_size=30).map(str.strip)
WORD = NASTY.filter(bool)


@st.composite
def studies(draw):
    """A study of binary claims with whatever signs its words may hold."""
    arms = draw(st.lists(WORD, min_size=2, max_size=3, unique=True))
    claims = []
    for number in range(draw(st.integers(1, 4))):
        n = draw(st.tuples(st.integers(1, 60), st.integers(1, 60)))
        counts = [draw(st.integers(0, total)) for total in n]
        claims.append(
            {
                "id": f"{number}{draw(NASTY)}",
                "endpoint": draw(WORD),
                "visit": draw(NASTY),
                "role": draw(st.sampled_from(("", *published.ROLES))),
                "arms": draw(st.permutations(arms))[:2],
                "reported": [f"{x}/{total}" for x, total in zip(counts, n, strict=True)],
                "p": draw(st.sampled_from(["", "0.052", "<0.001", "NS", "1.000"])),
                "note": draw(NASTY),
                "words": draw(NASTY),
                "met": draw(st.sampled_from(["", "met", "not met"])),
                "as_printed": draw(st.booleans()),
            }
        )
    study = {"key": draw(WORD), "title": draw(WORD), "note": draw(NASTY), "alpha": draw(st.floats(0.001, 0.999))}
    listed = [{"name": arm} | ({"n": draw(st.integers(60, 99))} if draw(st.booleans()) else {}) for arm in arms]
    return published.study_from_claims({"study": study, "arm": listed, "claim": claims})


@SOME
@given(studies())
def test_any_study_survives_being_written(tmp_path_factory, study):
    text = published.claims_toml(study)
    assert load(tmp_path_factory.mktemp("any"), text) == study


def test_nobody_at_both_visits_survives_being_written(tmp_path):
    # 0 equals False in Python, and only the latter says nothing.
    paired = 'kind = "paired"\narms = ["drug"]\nvisits = ["a", "b"]\nreported = ["5/29", "6/29"]\nboth = 0\n'
    study = load(tmp_path, f'{HEAD}[[claim]]\nid = "a"\nendpoint = "rash"\n{paired}')
    assert study.records[0].both == 0
    assert load(tmp_path, published.claims_toml(study)) == study


@pytest.mark.parametrize("place", ["title", "endpoint", "csv"])
def test_half_a_character_is_refused(place):
    # A lone surrogate is a Python string, but no file in UTF-8 can hold it.
    study = published.load("he2020")
    if place == "csv":
        layout = study.layouts["table1"]
        layouts = {"table1": replace(layout, text=layout.text + "\ud800")}
        study = replace(study, layouts=layouts)
    elif place == "title":
        study = replace(study, trial=replace(study.trial, title="half \ud800"))
    else:
        study = replace(study, records=(replace(study.records[0], endpoint="half \ud800"),))
    with pytest.raises(InputError, match="half of a character"):
        published.claims_toml(study)


@SOME
@given(studies())
def test_every_key_stands_on_the_line_that_is_told(study):
    text = published.claims_toml(study)
    # Where tomllib ends a line, not where str.splitlines does: a text may hold other separators.
    lines, found = text.split("\n"), key_lines(text)

    def walk(value, path):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield (*path, key)
                yield from walk(inner, (*path, key))
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                yield from walk(inner, (*path, number))

    checked = 0
    for path in walk(tomllib.loads(text), ()):
        if path in found and path[0] in ("study", "arm", "claim") and isinstance(path[-1], str) and len(path) > 1:
            assert lines[found[path] - 1].startswith(f"{path[-1]} = ")
            checked += 1
    assert checked >= 8


def test_lines_are_found_around_everything_toml_allows():
    text = '''# = comment
"study" . key = "a" # x = 1
study.'ti tle' = """
[[claim]]
not = "a key"
"""
[[claim]] # first
n = [ # several lines
  1, # p = 2
  2,
]
p = '[[claim]]'
[[claim]]
w = { x = 1, y = "]" }
p = "\\"[x]"
note = \'\'\'
p = 3\'\'\'
[claim.more]
z = 1
'''
    parsed = tomllib.loads(text)
    assert parsed["claim"][1]["more"] == {"z": 1}
    found = key_lines(text)
    assert found[("study", "key")] == 2
    assert found[("study", "ti tle")] == 3
    assert (found[("claim", 0)], found[("claim", 0, "n")], found[("claim", 0, "p")]) == (7, 8, 12)
    assert (found[("claim", 1, "w")], found[("claim", 1, "p")], found[("claim", 1, "note")]) == (14, 15, 16)
    assert found[("claim", 1, "more", "z")] == 19
    assert ("claim", 0, "not") not in found
    assert ("x",) not in found


# ------------------------------------------------------------------ what is wrong, and where

PROBLEMS = {
    "an unknown key": ('p = "0.052"', 'pp = "0.052"', ["line 18", "claim.1.pp", "did you mean 'p'"]),
    "an unknown study key": ('title = "A', 'titel = "A', ["line 4", "study.titel", "'title'"]),
    "an unknown table": ("[[arm]]", "[[arms]]", ["key arms", "'arm'"]),
    "a number of 4,300 digits": ("n = 30", f"n = {'9' * 4300}", ["line 8", "1,000,000,000"]),
    "a number of 4,301 digits": ("n = 30", f"n = {'9' * 4301}", ["TOML", "digits"]),
    "more patients than 2 to the 63": ("n = [29, 30]", "n = [9223372036854775808, 30]", ["line 17", "1,000,000,000"]),
    "a count of 4,301 digits": ("55.17%", f"{'9' * 4301}/30", ["line 16", "cannot read"]),
    "a p-value of 4,301 digits": ('p = "0.052"', f'p = "0.{"1" * 4301}"', ["line 18", "cannot read"]),
    "a percentage of 4,301 digits": ("55.17%", f"55.{'1' * 4301}%", ["line 16", "cannot read"]),
    "a count above its total": ("55.17%", "33/30", ["line 16", "reported", "33", "30"]),
    "a total of nobody": ("55.17%", "0/0", ["line 16", "reported", "no patients"]),
    "a count above n": ("55.17%", "33 (55.2)", ["line 16", "reported", "33", "29"]),
    "a percentage above 100": ("55.17%", "155.17%", ["line 16", "155.17"]),
    "no shape": ("55.17%", "about half", ["line 16", "'about half'", "'55.17%'"]),
    "a mean where counts are due": ('["55.17%", "30.00%"]', '["55.17%", "3±1"]', ["line 16", "'3±1'", "binary"]),
    "a number": ('["55.17%", "30.00%"]', '["55.17%", 30.0]', ["line 16", "reported.2", '"30.0"', "quotes"]),
    "no list": ('["55.17%", "30.00%"]', '"55.17%"', ["line 16", "list"]),
    "one value too few": ('["55.17%", "30.00%"]', '["55.17%"]', ["line 16", "1 entries for 2 arms"]),
    "a p-value above 1": ('p = "0.052"', 'p = "1.052"', ["line 18", "claim.1.p", "'1.052'"]),
    "no p-value": ('p = "0.052"', 'p = "0,0,5"', ["line 18", "'0,0,5'"]),
    "a p-value without quotes": ('p = "0.052"', "p = 0.052", ["line 18", 'p = "0.052"', "quotes"]),
    "an unknown role": ('id = "a"', 'id = "a"\nrole = "primry"', ["line 14", "'primary'"]),
    "an unknown kind": ('id = "a"', 'id = "a"\nkind = "pared"', ["line 14", "'paired'"]),
    "a wrong order": ('id = "a"', 'id = "a"\norder = 0', ["line 14", "order", "1 or more"]),
    "an unknown arm": ('arms = ["drug"', 'arms = ["drugg"', ["line 15", "'drugg'", "did you mean 'drug'"]),
    "an arm twice": ('arms = ["drug", "placebo"]', 'arms = ["drug", "drug"]', ["line 15", "twice"]),
    "an arm named twice": ('name = "placebo"', 'name = "drug"', ["line 10", "'drug'"]),
    "no patients": ("n = 30", "n = 0", ["line 8", "0"]),
    "a text for a number": ("n = 30", 'n = "thirty"', ["line 8", "'thirty'"]),
    "a wrong n": ("n = [29, 30]", "n = [29, -1]", ["line 17", "claim.1.n.2", "-1"]),
    "an empty id": ('id = "a"', 'id = " "', ["line 13", "claim.1.id", "empty"]),
    "no endpoint": ('endpoint = "response"\n', "", ["line 12", "claim.1.endpoint", "missing"]),
    "no title": ('title = "A trial that never was"\n', "", ["line 2", "study.title", "missing"]),
    "a wrong alpha": ("alpha = 0.05", "alpha = 5", ["line 5", "study.alpha", "5"]),
    "alpha that is no number": ("alpha = 0.05", "alpha = nan", ["line 5", "study.alpha"]),
    "alpha as true": ("alpha = 0.05", "alpha = true", ["line 5", "study.alpha"]),
    "another format": ("format = 1", "format = 2", ["line 1", "format = 1"]),
    "visits where none are": ('id = "a"', 'id = "a"\nvisits = ["x", "y"]', ["line 14", "paired"]),
    "both where none is": ('id = "a"', 'id = "a"\nboth = 3', ["line 14", "paired"]),
    "a flag that is none": ('id = "a"', 'id = "a"\nas_printed = "yes"', ["line 14", "true or false"]),
    "a pointer to nowhere": ('id = "a"', 'id = "a"\ntable_row = "table1/Age"', ["line 14", "table1/Age"]),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_a_problem_is_told_with_line_and_key(tmp_path, case):
    old, new, said = PROBLEMS[case]
    text = HEAD + CLAIM
    assert old in text
    message = refused(tmp_path, text.replace(old, new, 1))
    assert "paper.toml" in message
    for part in said:
        assert part in message, message
    assert "Traceback" not in message


def test_every_problem_is_told_at_once_in_the_order_of_the_file(tmp_path):
    text = (HEAD + CLAIM + CLAIM).replace("alpha = 0.05", "alpha = 2").replace("title =", "titel =", 1)
    text = (
        text.replace('"0.052"', '"zero"')
        .replace("55.17%", "55.18%")
        .replace('endpoint = "response"', "endpoint = 3", 1)
    )
    message = refused(tmp_path, text)
    lines = message.splitlines()
    assert lines[0] == f"{len(lines) - 1} problems in paper.toml:"
    assert all(line.startswith("paper.toml, line ") for line in lines[1:])
    numbers = [int(line.split("line ")[1].split(",")[0]) for line in lines[1:]]
    assert numbers == sorted(numbers)
    for key in (
        "study.alpha",
        "study.title",
        "study.titel",
        "claim.1.endpoint",
        "claim.1.p",
        "claim.2.p",
        "claim.2.id",
    ):
        assert f"key {key}" in message
    assert "line 13, key claim.1.id" in message  # where the id stands first


def test_claims_in_memory_are_told_the_same_way():
    with pytest.raises(InputError) as caught:
        published.study_from_claims({"study": {"key": "k"}, "claim": [{"id": "x", "arms": ["a"], "p": 3}]}, "the text")
    message = str(caught.value)
    assert "the text, key study.title: is missing." in message
    assert "the text, key claim.1.p (x): 3 must be a text." in message
    for nonsense in (None, [], "text", 3):
        with pytest.raises(InputError):
            published.study_from_claims(nonsense)
    with pytest.raises(InputError, match="claim"):
        published.study_from_claims({"study": {"key": "k", "title": "t"}, "claim": {"id": "x"}})
    with pytest.raises(InputError, match=r"add \[study\]"):
        published.study_from_claims({})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("  \n\n", "empty"),
        ("this is no toml", "not TOML"),
        ('[study\nkey = "x"', "not TOML"),
        ("[study]\nkey = 'a'\nkey = 'b'\n", "not TOML"),
        (b"\xff\xfe\x00study", "UTF-8"),
        (b"\x00\x01\x02", "not TOML"),
        ("x = " + "[" * 20000, "nested too deeply"),
        ("x = " + "9" * 10000, "not TOML"),
        (".".join("a" * 5000) + " = 1", "line 1"),
        ("x = 1\n", "unknown key 'x'"),
    ],
)
def test_what_is_no_claims_file(tmp_path, text, said):
    start = time.perf_counter()
    assert said in refused(tmp_path, text)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("name", ["paper.toml", "paper.csv"])
def test_ten_megabytes_are_refused_at_once(tmp_path, name):
    start = time.perf_counter()
    message = refused(tmp_path, (HEAD + CLAIM * (10_000_000 // len(CLAIM))).encode(), name)
    assert "larger than 2 MB" in message
    assert time.perf_counter() - start < 2


def test_a_file_just_within_the_limit_is_read_whole(tmp_path):
    remark = f"# {'as printed ' * 100}\n"
    text = HEAD + "".join(CLAIM.replace('"a"', f'"a{number}"') + remark for number in range(1000))
    assert 1_000_000 < len(text) < 2_000_000
    start = time.perf_counter()
    assert len(load(tmp_path, text).records) == 1000
    lines = refused(tmp_path, text.replace("0.052", "zero")).splitlines()
    assert lines[0] == "1000 problems in paper.toml:"
    assert len(lines) == 22  # twenty of a kind, then how many more
    assert lines[-1].startswith("... and 980 more (")
    assert time.perf_counter() - start < 30


@pytest.mark.parametrize(
    "name", ["../secret.csv", "/etc/passwd", "sub/x.csv", "..\\secret.csv", "secret.txt", "x.csv\0"]
)
def test_only_csv_files_beside_the_claims_file_are_opened(tmp_path, name):
    (tmp_path / "secret.csv").write_text("id,endpoint\nsecret,1\n", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    folder = tmp_path / "inner"
    folder.mkdir()
    written = json.dumps(name)
    table = f"[[table]]\nkey = 't'\nendpoint = 'e'\nresults.x = {{ arm = 'drug' }}\nfile = {written}\n"
    for text in (HEAD.replace("alpha = 0.05", f"alpha = 0.05\nclaims = {written}"), HEAD + CLAIM + table):
        message = refused(folder, text)
        assert "secret,1" not in message
        assert "plain name" in message


def test_a_percentage_in_the_words_that_were_read_is_what_the_paper_prints(tmp_path):
    claim = one(
        tmp_path, reported='["55.18%", "20%"]', n="[29, 30]", words='"response was 55·18% v 20%"', assumed='"x"'
    )
    assert claim.reported[0] == "55.18%"
    claim = one(tmp_path, reported='["55.18%", "20%"]', n="[29, 30]", analysis='"adjusted for region"')
    assert claim.modelled
    assert not one(tmp_path, analysis='"unadjusted logistic regression"').modelled


def test_the_template_loads_without_a_remark(tmp_path):
    study = load(tmp_path, audit.template())
    assert study.remarks == ()
    assert {claim.kind for claim in study.records} == set(published.KINDS)
    text = audit.template()
    for key in ("met", "both", "visits", "effect", "analysis", "confidence", "as_printed", "note", "source"):
        assert f"{key} = " in text
    for role in published.ROLES:
        assert role in text


PIECES = (
    *(
        '""',
        "[]",
        "{}",
        "0",
        "-1",
        "1e9",
        "nan",
        "true",
        '"x"',
        '["a"]',
        "[[1, 2], [3, 4]]",
        '"0/0"',
        '"100%"',
        "2030-01-01",
    ),
    *('["0/0", "1/1"]', '["0%", "100%"]', '["0±0", "0±0"]', '["99999999999999999999/99999999999999999999", "1/1"]'),
    *('"NS"', '"<0.001"', '"OR 0 (0-0)"', '"OR nan"', '"paired"', '"mean"', '"median"', "[1, 1]"),
)


@settings(max_examples=16)
@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.sampled_from(["put", "drop", "cut", "twice"]), st.sampled_from(PIECES)),
        max_size=4,
    )
)
def test_a_spoilt_file_is_refused_in_words_or_audited(tmp_path_factory, changes):
    lines = [line for line in audit.template().split("\n") if line and not line.startswith("#")]
    for place, how, piece in changes:
        number = place % len(lines)
        if how == "put":
            lines[number] = f"{lines[number].partition('=')[0]}= {piece}"
        elif how == "drop":
            lines[number] = ""
        elif how == "cut":
            lines[number] = lines[number][: place % 17]
        else:
            lines.insert(number, lines[number])
    path = tmp_path_factory.mktemp("spoilt") / "paper.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    try:
        report = audit.check(path)
    except InputError:
        return  # any other exception is a fault of the kit, and fails the test
    assert (report.to_frame()["verdict"] != "").all()
    for form in FORMATS:
        assert report.render(form).endswith("\n")


@pytest.mark.parametrize("kind", ["binary", "mean", "median", "paired"])
def test_a_claim_of_no_arms_is_refused(tmp_path, kind):
    path = tmp_path / "p.toml"
    path.write_text(
        '[[arm]]\nname = "a"\nn = 9\n[[arm]]\nname = "b"\nn = 9\n'
        f'[[claim]]\nid = "c"\nendpoint = "e"\nkind = "{kind}"\narms = []\nn = [9, 9]\np = "0.5"\n'
    )
    with pytest.raises(InputError, match=r"arms.* is missing: name the arms compared"):
        audit.check(path)


def test_a_misspelt_arm_does_not_hide_an_impossible_count(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text(
        'format = 1\n[study]\nkey = "x"\ntitle = "t"\n[[arm]]\nname = "a"\nn = 30\n[[arm]]\nname = "b"\nn = 30\n'
        '[[claim]]\nid = "c"\nendpoint = "e"\narms = ["a", "bb"]\nreported = ["9/30", "31/30"]\np = "0.05"\n',
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        published.load_claims(path)
    assert "unknown arm 'bb'" in str(caught.value)
    assert "the count 31 is larger than its total 30" in str(caught.value)


@pytest.mark.parametrize("bad", ["\ud800", "ab\udfff"])
@pytest.mark.parametrize("key", ["endpoint", "p", "note", "words"])
def test_half_of_a_character_is_told_of_claims_in_memory(bad, key):
    claims = [{"id": "a", "endpoint": "e", "arms": ["x", "y"], "reported": ["1/2", "1/2"], key: bad}]
    with pytest.raises(InputError, match=rf"claim.1.{key}.*half of a character"):
        published.study_from_claims({"study": {"key": "k", "title": "t"}, "claim": claims})


def test_huge_numbers_in_memory_are_told():
    claims = [{"id": "a", "endpoint": "e", "arms": ["x", "y"], "reported": ["1/2", "1/2"], "n": [10**5000, 2]}]
    with pytest.raises(InputError, match=r"claim.1.n.1 \(a\): a whole number above 1,000,000,000"):
        published.study_from_claims({"study": {"key": "k", "title": "t", "year": 2**63}, "claim": claims})


def test_a_percentage_of_29_decimals_or_more_cannot_be_read():
    for digits in (16, 29, 60):
        with pytest.raises(InputError, match="cannot read"):
            published.parse_value(f"55.{'1' * digits}%")
    assert published.parse_value("55.123456789012345%").percent == pytest.approx(55.123456789012345)
