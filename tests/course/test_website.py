"""The handbook as it lies on disk: every link leads somewhere, nothing is loaded from outside, answers stay folded."""

from __future__ import annotations

import html
import json
import os
import re
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from lupus_kit import __version__
from lupus_kit.core.errors import InputError
from lupus_kit.course import shelf
from lupus_kit.course.handbook import website
from lupus_kit.course.handbook.sources import INDEX_ENTRIES


def _page(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")


def _article(folder: Path, name: str) -> str:
    return _page(folder, name).partition("<article")[2].partition("</article>")[0]


def _pages(folder: Path) -> dict[Path, str]:
    """Read every page; what the theme keeps among its scripts is none."""
    paths = [path for path in folder.rglob("*.html") if "_static" not in path.parts]
    return {path: path.read_text(encoding="utf-8") for path in paths}


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_sphinx_is_content(handbook):
    assert handbook.warnings == ()


def test_every_link_leads_somewhere(handbook):
    pages = _pages(handbook.folder)
    ids = {path: set(map(html.unescape, re.findall(r'\bid="([^"]*)"', text))) for path, text in pages.items()}
    broken, seen = [], 0
    for path, text in pages.items():
        for target in re.findall(r'href="([^"]*)"', text):
            file, _, anchor = html.unescape(target).partition("#")
            if target.startswith(("http", "data:", "javascript:")):
                continue
            seen += 1
            there = path.parent.joinpath(unquote(file).partition("?")[0]).resolve() if file else path
            # A browser looks for the anchor as it is written, then for what it stands for.
            known = anchor in {"", "top"} or {anchor, unquote(anchor)} & ids.get(there, set())
            if not there.is_file() or not known:
                broken.append(f"{path.name}: {target}")
    assert seen > 1000
    assert broken == []


def test_nothing_is_loaded_from_outside(handbook, page_loads):
    """The browser's own test follows what scripts load; here is what pages and style sheets name."""
    for path, text in _pages(handbook.folder).items():
        for address in page_loads(text):
            file = re.split(r"[?#]", address)[0]
            assert not file or path.parent.joinpath(file).resolve().is_file(), f"{path.name}: {address}"
    for path in handbook.folder.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", path.read_text(encoding="utf-8")), path.name
    text = "".join(_page(handbook.folder, name) for name in ("index.html", "80_one.html", "reference/inference.html"))
    assert not re.search(r"<script[^>]*(mathjax|require|html-manager)", text, re.IGNORECASE)


def test_pages_follow_the_walk_and_the_first_page_names_each_stop_and_its_time(handbook):
    stems = [path.stem for path in shelf.find().notebooks() if path.stem[:2].isdigit()]
    walk = ["index", *stems, "80_one", "81_two", "journal_club", "cluster"]
    for before, here, after in zip(walk, walk[1:], walk[2:], strict=False):
        around = re.findall(
            r'class="(left|right)-(?:prev|next)"\s*href="([^"]*)"', _page(handbook.folder, f"{here}.html")
        )
        assert dict(around) == {"left": f"{before}.html", "right": f"{after}.html"}
    first = _article(handbook.folder, "index.html")
    assert len(re.findall(r"about \d+ minutes", first)) == len(stems) + 2, "each stop says how long it takes"
    assert "<em>short</em> lead" in first
    assert f"lupus_kit {__version__}." in _page(handbook.folder, "80_one.html"), "the stamp"


def test_the_gallery_shows_each_picture_with_its_words_and_leads_to_its_page(handbook):
    page = _article(handbook.folder, "gallery.html")
    shown = re.findall(r'<a href="(\w+\.html)">(<img [^>]*src="data:image/[^>]*>)', page)
    assert [target for target, _ in shown] == ["80_one.html"]  # the only one that was executed and draws
    assert 'alt="an empty square"' in shown[0][1]
    assert 'href="gallery.html"' in _page(handbook.folder, "index.html")


def test_outputs_are_shown_and_escaped_and_solutions_fold(handbook):
    text = _article(handbook.folder, "80_one.html")
    assert "&lt;b&gt;16 &amp; 9&lt;/b&gt;" in text
    assert re.search(r"<pre><span></span>42\n", text)
    assert re.search(r"<details><summary>Solution 80.1</summary>\s*<p>xylophone</p>", text)
    assert '<img alt="an empty square"' in text
    assert "<mfrac>" in text, "a formula that the browser draws by itself"
    assert 'href="81_two.html#a-second-part"' in text
    second = _article(handbook.folder, "81_two.html")
    assert "patients: <strong>3</strong>" in second, "a widget as a still picture"


def test_the_search_knows_words_and_help_but_no_solutions(handbook):
    index = json.loads(_page(handbook.folder, "searchindex.js").removeprefix("Search.setIndex(").rstrip(")\n"))
    assert "quokka" in index["terms"]
    assert "wombat" in index["terms"], "help that is folded is searched"
    assert "xylophon" not in index["terms"], "a folded solution is not given away"
    assert "facilit" not in {
        term for term in index["terms"] if index["terms"][term] == index["docnames"].index("80_one")
    }


@pytest.mark.parametrize(
    ("asked", "page", "heading"),
    [
        ("randomization", "01_trial_design", "1b"), ("randomisation", "01_trial_design", "1b"),
        ("ITT", "03_sri4", "3b"), ("intention to treat", "03_sri4", "3b"),
        ("NNT", "04_week12_week24", "4b"), ("NNT", "00_start_here", "How large"),
        ("CI", "00_start_here", "How large"), ("CI", "04_week12_week24", "4b"), ("power", "04_week12_week24", "4c"),
    ],
)  # fmt: skip
def test_the_search_leads_to_the_page_that_explains_a_word(handbook, asked, page, heading):
    index = json.loads(_page(handbook.folder, "searchindex.js").removeprefix("Search.setIndex(").rstrip(")\n"))
    places = {index["docnames"][at]: anchor for at, anchor, _ in index["indexentries"][asked.casefold()]}
    before, found, _ = _article(handbook.folder, f"{page}.html").partition(f'id="{places[page]}"')
    assert found
    assert heading in before.rpartition("<h")[2].partition("</h")[0], "below its heading"


def test_every_index_entry_has_its_heading():
    for name, headings in INDEX_ENTRIES.items():
        cells = json.loads((shelf.find().folder / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
        lines = [line for cell in cells for line in "".join(cell["source"]).splitlines() if re.match("#+ ", line)]
        assert {heading: sum(heading in line for line in lines) for heading in headings} == dict.fromkeys(headings, 1)


def test_a_page_tells_how_to_run_on_a_cluster_and_what_of_it_was_not_run(handbook):
    text = _article(handbook.folder, "cluster.html")
    assert 'href="cluster.html"' in _article(handbook.folder, "index.html")
    assert "This recipe was not run" in text
    source = Path(website.__file__).with_name("templates").joinpath("cluster.md").read_text(encoding="utf-8")
    recipes = re.findall(r"```python\n(.*?)```", source, re.DOTALL)
    assert len(recipes) == 2
    for recipe in recipes:
        compile(recipe, "cluster.md", "exec")
    for option in set(re.findall(r"lupus-kit simulate [^\n]*", source)):
        known = {"--trials", "--jobs", "--out", "--scheduler", "--resume"}
        assert set(re.findall(r"--[a-z]+", option)) <= known
    assert source.index("SLURM, through dask-jobqueue") < source.index("**This recipe was not run**")


def test_the_journal_club_is_a_page_with_its_answers_folded(handbook):
    text = _article(handbook.folder, "journal_club.html")
    assert text.count("<summary>For the facilitator</summary>") == 6
    assert 'href="journal_club.pdf"' in text
    assert "N − 1 chi-squared (Campbell, E. Pearson)" in text
    assert (handbook.folder / "journal_club.pdf").read_bytes().startswith(b"%PDF-")
    assert 'href="facilitator.html"' in text
    assert "For the facilitator" in _page(handbook.folder, "facilitator.html")


# --- writing -----------------------------------------------------------------------------------------------------


@pytest.fixture
def book(tmp_path) -> Path:
    """Lay out a folder as an earlier handbook."""
    folder = tmp_path / "book"
    (folder / "reference").mkdir(parents=True)
    names = ["index.html", "reference/design.html", website.MANIFEST]
    for name in names:
        (folder / name).write_text("old")
    (folder / website.MANIFEST).write_text(json.dumps({"files": names}))
    return folder


@pytest.fixture
def new(tmp_path) -> Path:
    folder = tmp_path / "scratch" / "new"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("new")
    return folder


def test_every_file_is_in_the_manifest(handbook):
    facts = json.loads(_page(handbook.folder, website.MANIFEST))
    assert facts["made_by"] == f"lupus_kit {__version__}"
    assert set(facts["files"]) == _files(handbook.folder)
    website.check_place(handbook.folder)  # so another one may take its place


def test_a_linked_folder_stays_a_link(book, new, tmp_path):
    (tmp_path / "link").symlink_to(book, target_is_directory=True)
    website.check_place(tmp_path / "link")
    website.put(new, (tmp_path / "link").resolve())
    assert (tmp_path / "link").is_symlink()
    assert _files(book) == {"index.html"}
    assert (book / "index.html").read_text() == "new"


def test_what_a_reader_put_into_a_handbook_is_not_lost(book):
    website.check_place(book)
    (book / "reference" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"reference/notes\.txt"):
        website.check_place(book)


def test_a_write_that_breaks_off_leaves_the_old_handbook(book, new, monkeypatch):
    before = {name: (book / name).read_bytes() for name in _files(book)}
    rename = os.rename

    def full(source, target):
        if Path(source).name == "new":
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(OSError, match="No space left"):
        website.put(new, book)
    assert {name: (book / name).read_bytes() for name in _files(book)} == before


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(website, "write_sources", full)
    with pytest.raises(InputError, match="No space left"):
        website.build(tmp_path / "book", [])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("library", ["sphinx", "reportlab"])
def test_an_absent_library_is_named_with_the_line_that_installs_it(library, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InputError, match=rf'{library}.*python -m pip install "lupus-kit\[handbook\]"'):
        website.build(tmp_path / "book", [])
    assert os.listdir(tmp_path) == []
