"""Studies in folders: they load like the shipped one, and what is malformed is said in one sentence."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import pandas as pd
import pytest
from references.reading import parse

from lupus_kit import published
from lupus_kit.core.errors import InputError

DATA = Path(str(resources.files("lupus_kit.published").joinpath("data", "he2020")))


@pytest.fixture
def study() -> published.Study:
    return published.load("he2020")


@pytest.fixture
def folder(tmp_path) -> Path:
    """A writable copy of the shipped study."""
    return Path(shutil.copytree(DATA, tmp_path / "study"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, old
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def refused(folder: Path) -> str:
    __tracebackhide__ = True
    with pytest.raises(InputError) as caught:
        published.load(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_folder_loads_like_the_shipped_study(folder, study):
    for spelling in (folder, str(folder)):
        again = published.load(spelling)
        pd.testing.assert_frame_equal(again.claims, study.claims)
        for name, frame in study.tables.items():
            pd.testing.assert_frame_equal(again.tables[name], frame)
        assert again.trial == study.trial


def test_windows_line_ends_change_nothing(folder, study):
    for path in folder.glob("*.csv"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    pd.testing.assert_frame_equal(published.load(folder).claims, study.claims)


def test_html_in_a_claims_file_is_text(folder):
    edit(folder / "abstract.csv", "SRI-4 response", "<script>alert(1)</script>")
    edit(folder / "study.toml", 'title = "', 'title = "<b>bold</b> & ')
    edit(folder / "study.toml", 'notice = "', 'notice = "<q>quoted</q> ')
    edit(folder / "study.toml", 'pages = "141', 'pages = "<u>141')
    edit(folder / "study.toml", 'doi = "10.1136', "doi = \"'><img>10.1136")
    edit(folder / "study.toml", 'title = "Baseline', 'title = "<s>Baseline')
    page = parse(published.load(folder)._repr_html_())
    assert not {"script", "img", "q", "u", "s"} & page.tags
    text = page.text
    assert "<script>alert(1)</script>" in text
    assert "<b>bold</b> &" in text


MALFORMED = {
    "a bad percent": ("abstract.csv", "55.17%,", "55.17 per cent,", ["line 2", "column reported_a", "55.17 per cent"]),
    "a percentage above 100": ("abstract.csv", "55.17%,", "155.17%,", ["line 2", "column reported_a", "155.17"]),
    "a bad count": ("abstract.csv", "IL-2,0,", "IL-2,none,", ["line 5", "column reported_a", "'none'"]),
    "a bad p": ("abstract.csv", ",0.027,", ",0.027?,", ["line 3", "column reported_p", "'0.027?'"]),
    "a p above 1": ("abstract.csv", ",0.027,", ",2.7,", ["line 3", "column reported_p", "'2.7'"]),
    "a count above its total": ("abstract.csv", "(7/13)", "(17/13)", ["line 4", "column reported_a", "17", "13"]),
    "an unknown arm": ("abstract.csv", "placebo,30.00%", "plazebo,30.00%", ["line 2", "column arm_b", "'placebo'"]),
    "a missing cell": ("abstract.csv", ",0.052,the abstract", ",the abstract", ["line 2", "10 cells", "11"]),
    "an extra cell": ("abstract.csv", "12 weeks after", "12 weeks, after", ["line 3", "12 cells", "11", "quotes"]),
    "a missing column": ("abstract.csv", "id,endpoint,", "id,", ["line 1", "endpoint"]),
    "a renamed column": ("abstract.csv", "reported_p", "reported_pp", ["line 1", "'reported_p'"]),
    "a missing column of a table": ("table1.csv", ",reported_p", "", ["line 1", "reported_p"]),
    "a duplicate id": ("abstract.csv", "sri4_week24,", "sri4_week12,", ["line 3", "'sri4_week12'"]),
    "a bad cell in table 1": ("table1.csv", "29.83±9.72", "29.83+9.72", ["line 2", "column placebo", "29.83+9.72"]),
    "a bad p in table 1": ("table1.csv", ",0.612", ",O.612", ["line 3", "column reported_p", "O.612"]),
    "a count above the header": ("table1.csv", "29 (96.67)", "31 (96.67)", ["line 13", "column il2", "31", "30"]),
    "an unknown arm in table 2": ("table2.csv", "range as printed),IL-2,", "range as printed),IL2,", ["line 2", "arm"]),
    "a bad p in table 2": ("table2.csv", "<0.001,0.002", "<0.001,ns", ["line 3", "column reported_p_0_24", "'ns'"]),
    "a bad cell in table 3": ("table3.csv", "3 (10.0)", "3 [10.0]", ["line 2", "column placebo_n30", "3 [10.0]"]),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_row_is_located(folder, case):
    name, old, new, said = MALFORMED[case]
    edit(folder / name, old, new)
    message = refused(folder)
    assert message.startswith(name)
    for part in said:
        assert part in message, message


@pytest.mark.parametrize("name", ["abstract.csv", "table1.csv", "table2.csv", "table3.csv", "study.toml"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    message = refused(folder)
    assert name in message
    assert "missing" in message


@pytest.mark.parametrize("name", ["abstract.csv", "table1.csv", "table3.csv"])
def test_an_empty_file_is_named(folder, name):
    (folder / name).write_text("", encoding="utf-8")
    assert refused(folder).startswith(name)


@pytest.mark.parametrize("name", ["abstract.csv", "table1.csv", "table3.csv"])
def test_a_file_with_a_header_only(folder, name):
    header = (folder / name).read_text(encoding="utf-8").splitlines()[0]
    (folder / name).write_text(header + "\n", encoding="utf-8")
    message = refused(folder)
    assert name in message
    assert "row" in message


@pytest.mark.parametrize("name", ["abstract.csv", "table1.csv", "study.toml"])
def test_a_file_that_is_not_utf8(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes() + "é".encode("latin-1"))
    message = refused(folder)
    assert name in message
    assert "UTF-8" in message.upper()


@pytest.mark.parametrize("name", ["abstract.csv", "table2.csv", "study.toml"])
def test_a_byte_order_mark_is_not_part_of_the_text(folder, study, name):
    # Excel's "CSV UTF-8" and Notepad's "UTF-8 with BOM" put one in front.
    path = folder / name
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    pd.testing.assert_frame_equal(published.load(folder).claims, study.claims)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("year = 2020", "year = ", "line"),
        ('key = "he2020"', "", "study.key"),
        ('volume = "79"', 'volume = "79"\nissue = 2', "issue"),
        ('key = "table3"', 'key = "table9"', "'table9'"),
        ('[[arm]]\nname = "IL-2"', '[[arm]]\nname = "IL2"', "unknown arm 'IL-2'"),
        ('name = "IL-2"\nn = 30\n', 'name = "IL-2"\nn = "thirty"\n', "'thirty'"),
        ('claims = "abstract.csv"', 'claims = "../abstract.csv"', "plain name"),
        ('columns = ["il2", "placebo"]', 'columns = ["il3", "placebo"]', "'il2'"),
        ('results.il2 = { arm = "IL-2"', 'results.il2 = { arm = "IL2"', "unknown arm 'IL2'"),
        ('registry = ["NCT02465580", "NCT02932137"]', 'registry = "NCT02465580"', "registry"),
        ("alpha = 0.05", "alpha = 5", "alpha"),
        ("alpha = 0.05", 'alpha = "0.05"', "alpha"),
        ('n = { "IL-2" = 29', 'n = { "IL2" = 29', "IL2"),
    ],
)
def test_a_broken_study_toml_is_told(folder, old, new, said):
    edit(folder / "study.toml", old, new)
    with pytest.raises(InputError) as caught:
        published.load(folder)
    message = str(caught.value)
    assert "study.toml" in message or "abstract.csv" in message
    assert said in message


@pytest.mark.parametrize("name", ["he2019", "he", "HE2020", "shao2020"])
def test_an_unknown_study_names_those_there_are(name):
    with pytest.raises(InputError) as caught:
        published.load(name)
    message = str(caught.value)
    assert message.startswith(f"unknown study {name!r}")
    assert "'he2020'" in message
    if name != "shao2020":
        assert "did you mean 'he2020'?" in message


@pytest.mark.parametrize("name", [None, 5, ["he2020"]])
def test_a_study_is_named_by_a_string_or_a_path(name):
    with pytest.raises(InputError):
        published.load(name)


def test_a_folder_that_is_not_there(tmp_path):
    for spelling in (tmp_path / "nowhere", str(tmp_path / "nowhere")):
        with pytest.raises(InputError, match="no file or folder") as caught:
            published.load(spelling)
        assert "nowhere" in str(caught.value)
        assert "study.toml" in str(caught.value)


def test_a_folder_without_its_study(tmp_path):
    with pytest.raises(InputError, match=r"study.toml is missing in .*: it holds"):
        published.load(tmp_path)
