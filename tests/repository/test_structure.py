"""The house: no circle of imports, no crowded folder, no overlong file, no name used where it does not belong."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FILE, LARGEST_FOLDER = 400, 14
Imports = Mapping[str, set[str]]


def _modules(root: Path, package: str) -> dict[str, Path]:
    """Find the modules of a package by their dotted names; what is installed beside them does not count."""
    found = {}
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _imports_of(module: str, path: Path) -> Iterator[tuple[str, str]]:
    """Yield every import as module and name, wherever it stands: in a function and under ``TYPE_CHECKING`` too."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((base, alias.name) for alias in node.names)


def _graph(modules: Mapping[str, Path]) -> dict[str, set[str]]:
    """Map each module to those it imports. A package's own parts are behind its door and do not count as below it."""
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        named = {f"{base}.{name}" if f"{base}.{name}" in modules else base for base, name in _imports_of(module, path)}
        graph[module] = {one for one in named & set(modules) if one != module and not module.startswith(f"{one}.")}
    return graph


def _circles(graph: Imports) -> list[list[str]]:
    """Find the modules that reach themselves, grouped by circle."""
    reached: dict[str, set[str]] = {}
    for start in graph:
        seen, waiting = set(), list(graph[start])
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting.extend(graph.get(one, ()))
        reached[start] = seen
    circles = {
        tuple(sorted(two for two in reached[one] if one in reached[two])) for one in graph if one in reached[one]
    }
    return [list(circle) for circle in sorted(circles)]


KIT = _modules(ROOT, "lupus_kit")


def test_no_module_reaches_itself_by_imports():
    assert _circles(_graph(KIT)) == []


def test_a_circle_would_be_found(tmp_path):
    for name, text in {
        "__init__": "",
        "one": "def f():\n    from pack import two\n",
        "two": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .three import x\n",
        "three": "import pack.one\n",
        "alone": "from pack import one\n",
    }.items():
        (tmp_path / "pack").mkdir(exist_ok=True)
        (tmp_path / "pack" / f"{name}.py").write_text(text, encoding="utf-8")
    assert _circles(_graph(_modules(tmp_path, "pack"))) == [["pack.one", "pack.three", "pack.two"]]


def test_no_module_hides_one_of_the_standard_library():
    # A Python started inside a folder would find these instead of its own.
    assert [str(path.relative_to(ROOT)) for path in KIT.values() if path.stem in sys.stdlib_module_names] == []


def test_module_names_have_no_underscore_in_front():
    assert [module for module, path in KIT.items() if path.stem.startswith("_") and not path.stem.endswith("__")] == []


def test_no_folder_is_crowded():
    folders = Counter(str(path.parent.relative_to(ROOT)) for path in KIT.values())
    assert {folder: number for folder, number in folders.items() if number > LARGEST_FOLDER} == {}


def test_no_file_is_overlong():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in KIT.values()}
    assert {str(path.relative_to(ROOT)): number for path, number in lines.items() if number > LONGEST_FILE} == {}


def test_an_underscore_means_this_file_only():
    tests = {str(path.relative_to(ROOT)): path for path in sorted((ROOT / "tests").rglob("*.py"))}
    found = []
    for module, path in {**KIT, **tests}.items():
        for base, name in _imports_of(module, path):
            hidden = [part for part in (*base.split("."), name) if part.startswith("_") and not part.endswith("__")]
            if hidden and base.split(".")[0] in ("lupus_kit", "references"):
                found.append(f"{module}: {base}.{name}")
    assert found == []


def test_sub_folders_hold_nothing_but_a_docstring_at_their_door():
    # What is public is said once, at the door of the room.
    doors = {module: path for module, path in KIT.items() if path.name == "__init__.py" and module.count(".") >= 2}
    assert [module for module, path in doors.items() if len(ast.parse(path.read_text(encoding="utf-8")).body) > 1] == []
