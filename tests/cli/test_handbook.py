"""The handbook: one linked site from executed notebooks, whole or not at all, and the sheets of a journal club."""

from __future__ import annotations

import copy
import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from nbformat import v4

from lupus_kit import audit, cli, figures, inference, published
from lupus_kit.core.errors import InputError
from lupus_kit.course import execution, handbook, shelf
from lupus_kit.course.handbook import search, site

CLUB = handbook.journal_club()


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    return int(stopped.value.code or 0)


def _notebook(title: str, *cells: nbformat.NotebookNode) -> nbformat.NotebookNode:
    opening = v4.new_markdown_cell(
        f"# {title}\n\nA *short* lead with $\\frac{{1}}{{2}}$.\n\nAbout 20 minutes.", id="title"
    )
    return v4.new_notebook(cells=[opening, *cells])


ONE = _notebook(
    "The first stop",
    v4.new_markdown_cell("## Two arms\n\nSee [the next](01_two.ipynb#A-second-part). Söder counts.", id="arms"),
    v4.new_code_cell("print('<b>16 & 9</b>')\n6 * 7", id="sum"),
    v4.new_markdown_cell("<details><summary>Solution 00.1</summary>\n\nxylophone\n\n</details>", id="solved"),
)
TWO = _notebook(
    "The second </script> stop",
    v4.new_markdown_cell("## A second part\n\nBack to [the first](00_one.ipynb).", id="part"),
    v4.new_code_cell("import ipywidgets\nipywidgets.IntSlider(value=3, description='patients')", id="widget"),
)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Stand in an empty folder, with the kit installed from a wheel that holds two notebooks."""
    package = tmp_path / "site" / "lupus_kit"
    (package / "_notebooks").mkdir(parents=True)
    for name, notebook in ((shelf.START, ONE), ("01_two.ipynb", TWO)):
        nbformat.write(notebook, package / "_notebooks" / name)
    monkeypatch.setattr(shelf, "_PACKAGE", package)
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")
    return package / "_notebooks"


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """Execute two small notebooks into a handbook."""
    folder = tmp_path_factory.mktemp("handbook") / "book"
    stops = []
    for name, source in (("00_one", ONE), ("01_two", TWO)):
        notebook = copy.deepcopy(source)
        assert execution.execute(notebook, name, folder.parent).passed
        stops.append(handbook.Stop(name, notebook))
    assert set(handbook.build(folder, stops)) == _files(folder)
    return folder


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _index(folder: Path) -> dict:
    script = (folder / "assets" / "search-index.js").read_text(encoding="utf-8")
    assert "</script" not in script
    return json.loads(script.removeprefix("window.LUPUS_SEARCH=").rstrip(";\n"))


# --- the site ----------------------------------------------------------------------------------------------------


def _broken_links(folder: Path) -> list[str]:
    pages = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}
    broken = []
    for name, text in pages.items():
        for target in re.findall(r'href="([^"]*)"', text):
            file, _, anchor = html.unescape(target).partition("#")
            if target.startswith(("http", "data:")):
                continue
            ids = set(map(html.unescape, re.findall(r'id="([^"]*)"', pages.get(file or name, ""))))
            # A browser looks for the anchor as it is written, then for what it stands for.
            if not (folder / (file or name)).is_file() or (anchor and not {anchor, unquote(anchor)} & ids):
                broken.append(f"{name}: {target}")
    return broken


def test_every_link_of_the_site_leads_somewhere(built):
    assert {path.name for path in built.glob("*.html")} == {
        "index.html",
        "00_one.html",
        "01_two.html",
        "journal_club.html",
    }
    assert _broken_links(built) == []


def test_every_link_between_the_notebooks_of_the_course_leads_somewhere(tmp_path):
    # Not executed: links stand in the words, and the words do not need a kernel.
    paths = [path for path in shelf.find().notebooks() if path.stem[:2].isdigit()]
    assert len(paths) >= 7
    handbook.build(tmp_path / "book", [handbook.Stop(path.stem, execution.read(path)) for path in paths])
    assert _broken_links(tmp_path / "book") == []
    first = (tmp_path / "book" / "index.html").read_text(encoding="utf-8")
    assert len(re.findall(r"<small>about \d+ minutes</small>", first)) == len(paths), "each stop says how long it takes"


def test_nothing_is_loaded_from_outside(built, page_loads):
    for path in built.glob("*.html"):
        loads = page_loads(path.read_text(encoding="utf-8"))
        assert sorted(loads) == ["assets/handbook.css", "assets/handbook.js", "assets/search-index.js"], path.name
    for path in (built / "assets").iterdir():
        assert not re.search(r"https?:|@import|url\(|fetch\(|XMLHttp", path.read_text(encoding="utf-8")), path.name


def test_pages_are_linked_in_the_order_of_the_walk(built):
    text = (built / "00_one.html").read_text(encoding="utf-8")
    assert re.search(r'<a rel="prev" href="index.html">', text)
    assert re.search(r'<a rel="next" href="01_two.html">', text)
    assert '<a href="00_one.html" aria-current="page">0 · The first stop</a>' in text
    assert '<a href="#Two-arms">Two arms</a>' in text
    assert re.search(r'href="01_two.html#A-second-part"', text)
    first = (built / "index.html").read_text(encoding="utf-8")
    assert "about 20 minutes" in first
    assert "<em>short</em> lead" in first


def test_outputs_are_shown_and_escaped_and_solutions_fold(built):
    text = (built / "00_one.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;16 &amp; 9&lt;/b&gt;" in text
    assert re.search(r"<pre>\s*42\s*</pre>", text)
    assert re.search(r"<details><summary>Solution 00.1</summary>\s*<p>xylophone</p>", text)
    second = (built / "01_two.html").read_text(encoding="utf-8")
    assert "patients: <strong>3</strong>" in second, "a widget as a still picture"
    assert "The second &lt;/script&gt; stop" in second


def test_the_search_finds_words_but_no_solutions(built):
    index = _index(built)
    places = {word: index["words"].get(word, [])[::2] for word in ("soder", "arms", "xylophone", "second")}
    heads = {word: {index["sections"][place][3] for place in found} for word, found in places.items()}
    assert heads["soder"] == {"Two arms"}, "an accent does not matter"
    assert "Two arms" in heads["arms"]
    assert heads["xylophone"] == set(), "a folded solution is not given away"
    for page, anchor, title, _, _ in index["sections"]:
        text = (built / page).read_text(encoding="utf-8")
        assert not anchor or f'id="{html.escape(anchor)}"' in text
        assert title in html.unescape(text)


def test_help_that_is_folded_is_searched_and_answers_are_not():
    folded = "<details><summary>{}</summary><p>inside</p></details>"
    for summary, words in (("If it fails", "inside"), ("Solution 00.1", ""), ("For the facilitator", "")):
        (section,) = search.sections("a.html", f"<h2 id='x'>x</h2>{folded.format(summary)}<p>after</p>")
        assert section.text.split() == [*summary.split(), *words.split(), "after"]


def test_a_heading_weighs_more_than_the_text():
    index = json.loads(
        search.index(
            search.sections("a.html", "<h2 id='x'>size</h2><p>word</p><h2 id='y'>other</h2><p>size size</p>"),
            {"a.html": "A"},
        ).removeprefix("window.LUPUS_SEARCH=").rstrip(";\n")
    )  # fmt: skip
    weights = dict(zip(index["words"]["size"][::2], index["words"]["size"][1::2], strict=True))
    assert weights[0] > weights[1] > 0


# --- writing -----------------------------------------------------------------------------------------------------


def test_the_command_writes_a_handbook_and_replaces_it(installed, capsys):
    nbformat.write(_notebook("Only widgets", v4.new_code_cell("1 / 0", id="bad")), installed / "widgets.ipynb")
    assert call("handbook", "book") == 0
    assert "book/index.html" in capsys.readouterr().err
    assert os.listdir(".") == ["book"]
    before = _files(Path("book"))
    assert "widgets.html" not in before, "not a stop"
    assert f"{Path(shelf.START).stem}.html" in before
    (installed / "01_two.ipynb").unlink()
    assert call("handbook", "book") == 0
    assert before - _files(Path("book")) == {"01_two.html"}, "no page of the old one stays behind"
    assert os.listdir(".") == ["book"]


def test_a_failed_notebook_is_told_and_nothing_is_written(installed, capsys):
    assert call("handbook", "book") == 0
    old = (Path("book") / "index.html").read_bytes()
    capsys.readouterr()
    nbformat.write(_notebook("Broken", v4.new_code_cell("1 / 0", id="bad")), installed / "02_bad.ipynb")
    assert call("handbook", "book") == 1
    error = capsys.readouterr().err
    assert "notebook 02_bad, cell 2 (bad): ZeroDivisionError: division by zero" in error
    assert "No handbook was written: 1 of 3 notebooks failed." in error
    assert call("handbook", "new") == 1
    assert os.listdir(".") == ["book"]
    assert (Path("book") / "index.html").read_bytes() == old, "the old handbook stands"


@pytest.mark.parametrize("place", ["file", "file/below", "full"])
def test_a_place_that_cannot_be_used_is_one_sentence(place, installed, capsys):
    Path("file").write_text("mine")
    Path("full").mkdir()
    (Path("full") / "thesis.docx").write_text("mine")
    assert call("handbook", place) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("lupus-kit: ")
    assert captured.err.count("\n") == 1
    assert ("'thesis.docx'" in captured.err) == (place == "full")
    assert Path("file").read_text() == (Path("full") / "thesis.docx").read_text() == "mine"


def test_the_folder_one_stands_in_is_not_exchanged(installed, capsys):
    Path("empty").mkdir()
    os.chdir("empty")
    assert call("handbook", ".") == 2
    assert "is where you are" in capsys.readouterr().err
    assert os.listdir(".") == []


def test_a_linked_folder_stays_a_link(built, tmp_path):
    shutil.copytree(built, tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    handbook.check_place(tmp_path / "link")
    site._put((tmp_path / "link").resolve(), {"index.html": b"new"})
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "index.html").read_bytes() == b"new"


def test_what_a_reader_put_into_a_handbook_is_not_lost(built, tmp_path):
    shutil.copytree(built, tmp_path / "book")
    handbook.check_place(tmp_path / "book")
    (tmp_path / "book" / "assets" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"assets/notes\.txt"):
        handbook.check_place(tmp_path / "book")


def test_a_write_that_breaks_off_leaves_the_old_handbook(built, tmp_path, monkeypatch):
    shutil.copytree(built, tmp_path / "book")
    before = {name: (tmp_path / "book" / name).read_bytes() for name in _files(tmp_path / "book")}
    rename = os.rename

    def full(source, target):
        if Path(source).name == "new":
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(site.os, "rename", full)
    with pytest.raises(InputError, match="No space left"):
        site._put(tmp_path / "book", {"index.html": b"half"})
    assert {name: (tmp_path / "book" / name).read_bytes() for name in _files(tmp_path / "book")} == before
    assert os.listdir(tmp_path) == ["book"]


# --- the journal club --------------------------------------------------------------------------------------------


def test_the_club_says_what_the_record_says():
    claims = published.load("he2020").claims
    assert list(CLUB.results["p"]) == [*claims["reported_p"][:3], "not printed"]
    assert list(CLUB.results["IL-2"]) == list(claims["reported_a"])
    weeks = [audit.claim_counts(published.load("he2020"), key) for key in ("sri4_week12", "sri4_week24")]
    printed = [tuple(row) for row in CLUB.rates[["responders", "patients"]].itertuples(index=False)]
    assert printed == [pair for x1, n1, x2, n2 in weeks for pair in ((x1, n1), (x2, n2))]


def test_the_answers_are_computed():
    said = " ".join(one.answer for one in CLUB.questions)
    # The verified numbers of this trial: the missing patient, the change between the visits, power, bits of surprise.
    for number in ("p=0.037", "p=0.067", "0.61 and 0.87", "25.2 to 28.9", "0.95 bits", "probability 0.50"):
        assert number in said
    need = inference.sample_size("pearson", 16 / 29, 9 / 30, power=0.8).n1
    assert f"{need} patients in each arm" in said
    tried = audit.explain("0.052", 16, 29, 9, 30)
    assert f"Of {len(tried)} analyses of these counts {tried['rounds_to_reported'].sum()} print 0.052" in said


def test_the_club_never_accuses():
    text = " ".join([*CLUB.reading, *(f"{one.ask} {one.answer} {one.pitfall}" for one in CLUB.questions)])
    assert not re.search(r"\b(fraud|fabricat\w*|mistake|wrong|error|manipulat\w*|dishonest\w*)\b", text)
    assert "compatible with" in text


def test_the_sheets_are_three_pages_and_always_the_same(tmp_path):
    data = handbook.pdf(CLUB)
    assert data == handbook.pdf(CLUB)
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == 3, "two for everyone, one for the facilitator"
    if shutil.which("pdftotext") is None:
        return
    (tmp_path / "club.pdf").write_bytes(data)
    pages = subprocess.run(
        ["pdftotext", "-layout", "club.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.split("\f")
    flat = [" ".join(page.split()) for page in pages]
    assert "55.17%" in flat[0]
    assert CLUB.questions[0].ask in flat[1]
    assert CLUB.questions[0].answer[:40] not in flat[1], "answers are for the facilitator"
    assert CLUB.questions[5].ask in flat[2]
    assert CLUB.questions[0].answer[:40] in flat[2]


def test_the_figure_of_the_club_tells_its_numbers():
    ax = figures.sri.responders(CLUB.rates)
    alt = figures.alt_text(ax)
    assert "week 12, IL-2: 16 of 29, 55%" in alt
    assert "week 24, placebo: 11 of 30, 37%" in alt
    assert ax.get_xlabel() == "responders (%), with 95% interval"
    figures.png(ax)
