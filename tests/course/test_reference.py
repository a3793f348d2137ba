"""The reference: each public name of each room stands on its room's page, with its words and its example."""

from __future__ import annotations

import inspect
import re
from html import unescape
from types import ModuleType

import pytest

import lupus_kit
from lupus_kit.course.handbook.reference import ROOMS, functions_returning, public_names


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", unescape(re.sub(r"<[^>]*>", "", text)))


def _index(handbook) -> str:
    return (handbook.folder / "genindex.html").read_text(encoding="utf-8")


def test_every_room_is_there():
    rooms = {name for name in lupus_kit.__all__ if isinstance(getattr(lupus_kit, name), ModuleType)}
    assert set(ROOMS) == rooms


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_has_its_place_its_words_and_its_example(room, handbook):
    page = (handbook.folder / "reference" / f"{room}.html").read_text(encoding="utf-8")
    index = _index(handbook)
    entries = dict(
        re.findall(r'id="(?:module-)?([\w.]+)">(.*?)(?=id="(?:module-)?lupus_kit\.\w+\.\w+">|$)', page, re.DOTALL)
    )
    for name, thing in public_names(room).items():
        full = f"lupus_kit.{room}.{name}"
        assert full in entries, f"{full} has no place"
        assert f"reference/{room}.html#" in index
        shown = _plain(entries[full])
        if not callable(thing) and not isinstance(thing, ModuleType):
            assert len(shown) > len(name) + 20, f"{full}: a constant without a comment '#:' above it"
            continue
        words = inspect.getdoc(thing)
        assert words, full
        if isinstance(thing, type):
            for method, member in vars(thing).items():
                if not method.startswith("_") and inspect.getdoc(member) and callable(member):
                    assert f'id="{full}.{method}"' in page
        for example in re.findall(r"^>>> (.*)$", words, re.MULTILINE):
            typed = example.partition("  # doctest:")[0].replace("<", "&lt;")
            assert _plain(typed) in shown, f"{full}: its example is not shown"


def test_every_public_name_is_in_the_index(handbook):
    linked = set(re.findall(r'href="reference/\w+\.html#(?:module-)?([\w.]+)"', _index(handbook)))
    public = {f"lupus_kit.{room}.{name}" for room in ROOMS for name in public_names(room)}
    assert public - linked == set()


def test_what_can_be_called_from_the_top_links_to_its_room(handbook):
    page = (handbook.folder / "reference" / "lupus_kit.html").read_text(encoding="utf-8")
    front = [name for name in lupus_kit.__all__ if name != "__version__" and name not in ROOMS]
    assert len(front) >= 15
    for name in front:
        linked = re.search(rf'href="(?:\w+\.html)?#lupus_kit\.(?:\w+\.)?{name}"', page)
        assert linked, name


def test_a_result_names_the_function_whose_example_shows_it(handbook):
    page = (handbook.folder / "reference" / "inference.html").read_text(encoding="utf-8")
    entry = page.partition('id="lupus_kit.inference.Comparison"')[2].partition('id="lupus_kit.inference.Fragility"')[0]
    assert "Returned by" in entry
    assert 'href="#lupus_kit.inference.compare"' in entry
    assert "lupus_kit.audit.check" in functions_returning()["Report"]
