"""``lupus-kit audit`` as a user meets it: what it prints, what it writes, and how it says what is wrong."""

from __future__ import annotations

import csv
import io
import json
import os
import time
from functools import cache

import pytest
from references.reading import parse

from lupus_kit import audit, cli, published
from lupus_kit.audit.report.checked_values import MEANINGS
from lupus_kit.audit.report.report import FORMATS

FILE = """format = 1
[study]
key = "mine"
title = "A trial that never was"
alpha = 0.05
[[arm]]
name = "drug"
n = 30
[[arm]]
name = "placebo"
n = 30
[[claim]]
id = "a"
endpoint = "response"
role = "primary"
arms = ["drug", "placebo"]
reported = ["62.1% (18/29)", "30.0%"]
n = [29, 30]
p = "0.019"
"""


def call(*arguments: str) -> int:
    """Run the command line in this process and return its exit code."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    return int(stopped.value.code or 0)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """An empty folder to stand in, with one claims file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(FILE, encoding="utf-8")
    return tmp_path


#: One report for all tests of its forms: their files are the same, and are not changed.
CHECK = cache(audit.check)


@pytest.fixture
def checked_once(desk, monkeypatch):
    monkeypatch.setattr(audit, "check", CHECK)


def test_a_claims_file_is_audited_on_the_screen(desk, capsys):
    assert call("audit", "mine.toml") == 0
    printed = capsys.readouterr()
    assert printed.out == audit.check(desk / "mine.toml").render("table")
    assert "18/29 = 62.07%" in printed.out
    assert "Fisher (point probability)" in printed.out
    assert printed.err == ""


@pytest.mark.parametrize("out", ["mine.toml", "./mine.toml", "link.toml"])
def test_the_file_that_is_read_is_never_overwritten(desk, capsys, out):
    if out == "link.toml":
        os.link(desk / "mine.toml", desk / out)
    assert call("audit", "mine.toml", "--out", out) == 2
    assert "not overwritten" in capsys.readouterr().err
    (desk / "text.txt").write_text("An invented abstract.", encoding="utf-8")
    assert call("audit", "--text", "text.txt", "--out", "text.txt") == 2
    assert (desk / "mine.toml").read_text(encoding="utf-8") == FILE


def test_a_shipped_study_is_audited_by_its_name(desk, capsys):
    assert call("audit", "lupil2") == 0
    assert "not reproduced by any of" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_on_the_screen_and_in_a_file(desk, checked_once, capsys, form):
    expected = audit.check("mine.toml").render(form)
    assert call("audit", "mine.toml", "--format", form) == 0
    assert capsys.readouterr().out == expected
    assert call("audit", "mine.toml", "--format", form, "--out", "report.txt") == 0
    assert (desk / "report.txt").read_text(encoding="utf-8") == expected
    assert "Wrote report.txt." in capsys.readouterr().err


def test_the_ending_of_the_file_chooses_the_form(desk, checked_once):
    found = audit.check("mine.toml")
    for name, form in {
        "r.html": "html", "r.md": "markdown", "r.json": "json", "r.csv": "csv", "r.txt": "table", "r": "table"
    }.items():  # fmt: skip
        assert call("audit", "mine.toml", "--out", name) == 0
        assert (desk / name).read_text(encoding="utf-8") == found.render(form), name


def test_the_machine_readable_forms_are_readable(desk, capsys):
    assert call("audit", "mine.toml", "--format", "json") == 0
    content = json.loads(capsys.readouterr().out)
    assert {row["verdict"] for row in content["rows"] if row["what"] == "placebo"} == {"reproduced"}
    assert call("audit", "mine.toml", "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(dict.fromkeys(row["what"] for row in rows)) == ["drug", "placebo", "p"]
    assert len(rows) == 2 + audit.n_analyses()


# ------------------------------------------------------------------ the template and the list


def test_a_new_file_audits_as_it_stands(desk, capsys):
    assert call("audit", "--new", "--out", "new.toml") == 0
    assert (desk / "new.toml").read_text(encoding="utf-8") == audit.template()
    assert call("audit", "new.toml", "--format", "json") == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["verdict"] for row in rows} <= {"reproduced", "some", "as printed", "not checkable"}
    # Only the p-value of two medians asks for more than is printed.
    assert {row["claim"] for row in rows if row["verdict"] == "not checkable"} == {"prednisone_baseline"}


def test_a_new_file_can_go_to_the_screen(desk, capsys):
    assert call("audit", "--new") == 0
    assert capsys.readouterr().out == audit.template()
    assert os.listdir(desk) == ["mine.toml"]


def test_a_new_file_never_overwrites_yours(desk, capsys):
    assert call("audit", "--new", "--out", "mine.toml") == 2
    assert "not overwritten" in capsys.readouterr().err
    assert (desk / "mine.toml").read_text(encoding="utf-8") == FILE


def test_the_list_of_studies(desk, capsys):
    assert call("audit", "--list") == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["study", "title"]
    assert [line.split()[0] for line in lines] == published.studies()
    for line, name in zip(lines, published.studies(), strict=True):
        assert line.endswith(published.load(name).trial.title)


# ------------------------------------------------------------------ what is wrong


@pytest.mark.parametrize(
    "arguments",
    [[], ["--new", "mine.toml"], ["--list", "--new"], ["mine.toml", "--jobs", "2"]],
)
def test_what_is_asked_must_be_one_thing(desk, capsys, arguments):
    assert call("audit", *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("lupus-kit: ")
    assert "Traceback" not in error


def test_every_problem_of_a_file_is_listed_and_nothing_is_written(desk, capsys):
    bad = FILE.replace("alpha", "alhpa").replace("0.019", "1.9").replace('"30.0%"', '"31.0%"').replace("18/29", "31/29")
    (desk / "bad.toml").write_text(bad, encoding="utf-8")
    (desk / "report.html").write_text("old", encoding="utf-8")
    before = sorted(os.listdir(desk))
    for out in ("report.html", "fresh.html"):
        assert call("audit", "bad.toml", "--out", out) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        lines = printed.err.splitlines()
        assert lines[0] == "lupus-kit: 3 problems in bad.toml:"
        assert len(lines) == 4
        for line, (number, key) in zip(
            lines[1:],
            [(5, "study.alhpa"), (17, "claim.1.reported.1"), (19, "claim.1.p")],
            strict=True,
        ):
            assert line.startswith(f"bad.toml, line {number}, key {key}")
    assert sorted(os.listdir(desk)) == before
    assert (desk / "report.html").read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "empty"), (b"no toml at all", "not TOML"), (b"\xff\xfe\x00", "UTF-8"), (b"[study]\n", "missing")],
)
def test_a_file_that_is_none(desk, capsys, content, said):
    (desk / "bad.toml").write_bytes(content)
    assert call("audit", "bad.toml") == 2
    error = capsys.readouterr().err
    assert said in error
    assert "bad.toml" in error
    assert "Traceback" not in error


def test_ten_megabytes(desk, capsys):
    (desk / "big.toml").write_bytes(b'# "\n' * 2_500_000)
    start = time.perf_counter()
    assert call("audit", "big.toml") == 2
    assert time.perf_counter() - start < 2
    assert "larger than 2 MB" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nowhere.toml", "folder", "he2021", "", "."])
def test_a_file_that_is_not_there(desk, capsys, name):
    (desk / "folder").mkdir()
    assert call("audit", name) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_an_unusual_p_value_is_read_and_said(desk, capsys):
    (desk / "odd.toml").write_text(FILE.replace('"0.019"', '"p = 0,019"'), encoding="utf-8")
    assert call("audit", "odd.toml") == 0
    assert "Read: odd.toml, line 19, key claim.1.p (a): 'p = 0,019' is read as 0.019." in " ".join(
        capsys.readouterr().out.split()
    )


def test_a_claims_file_is_data(desk, capsys):
    script = "<script>alert('x')</script>{{ 7*7 }}{% raw %}<img src=x onerror=alert(1)>"
    text = FILE.replace("response", script).replace("A trial that never was", script).replace('"drug"', f'"{script}"')
    text += f'note = "{script}"\nsource = "{script}"\nconfidence = "{script}"\nanalysis = "{script} model"\n'
    (desk / "script.toml").write_text(text, encoding="utf-8")
    assert call("audit", "script.toml", "--out", "page.html") == 0
    source = (desk / "page.html").read_text(encoding="utf-8")
    assert "<script" not in source
    assert "<img" not in source
    assert "49" not in parse(source.partition("<body>")[2].partition("</body>")[0]).text.replace("0.049", "")
    assert source.count("{{ 7*7 }}") >= 3
    for form in ("table", "markdown"):
        assert call("audit", "script.toml", "--format", form) == 0
    shown = parse(audit.check("script.toml")._repr_html_())
    assert not {"script", "img"} & shown.tags


def test_the_page_needs_nothing_beside_it(desk, checked_once):
    assert call("audit", "he2020", "--out", "page.html") == 0
    source = (desk / "page.html").read_text(encoding="utf-8")
    head, _, body = source.partition("<body>")
    assert source.startswith("<!doctype html>")
    assert not any(sign in source for sign in ("http://", "https://", "<link", "<script", "src=", "@import", "url("))
    assert '<html lang="en">' in head
    assert "default-src 'none'" in head
    page = parse(body.partition("</body>")[0])
    report = audit.check("he2020")
    for statement in report.statements:
        assert statement in page.text
    for meaning in MEANINGS.values():
        assert meaning in page.text
    for value in report.values:
        if value.part == "claims":
            assert value.printed in page.text
        if value.part == "claims" or value.what == "p":
            assert value.sentence in page.text
    assert "not an accusation" in page.text
