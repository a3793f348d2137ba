"""The front row: the names that stand in ``lupus_kit`` itself, beside its rooms."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from references.cases import case

import lupus_kit
from lupus_kit import audit, cohort, core, endpoints, inference, published, simulation

ROOMS = {
    audit: ("check", "explain", "multiverse", "read_text"),
    cohort: ("conflicts", "implied", "replica", "what_if"),
    core.errors: ("InputError",),
    endpoints: ("read_visit_file", "score_visits", "sri"),
    inference: ("compare", "power", "pvalue", "sample_size"),
    published: ("load",),
    simulation: ("exact", "grid", "run"),
}


def test_a_name_in_front_is_the_one_of_its_room():
    for room, name in [(room, name) for room, names in ROOMS.items() for name in names]:
        with case(room, name):
            assert getattr(lupus_kit, name) is getattr(room, name)
            assert room is core.errors or name in room.__all__


def test_the_front_row_is_listed_whole():
    front = {name for names in ROOMS.values() for name in names}
    rooms = {name for name in lupus_kit.__all__ if name not in front and name != "__version__"}
    assert sorted(lupus_kit.__all__) == dir(lupus_kit) == sorted({*front, *rooms, "__version__"})
    assert front & rooms == set()
    folders = {path.parent.name for path in Path(lupus_kit.__file__).parent.glob("*/__init__.py")}
    assert rooms == folders - {"core", "cli"}


def test_type_checkers_are_told_the_same():
    tree = ast.parse(Path(lupus_kit.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    told = {
        alias.asname: "" if node.module == "lupus_kit" else node.module
        for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }  # fmt: skip
    assert {*told, "__version__"} == set(lupus_kit.__all__)
    assert {name: room for name, room in told.items() if room} == {
        name: room.__name__ for room, names in ROOMS.items() for name in names
    }


def test_a_name_loads_its_own_room_and_no_other(run_python):
    code = "import lupus_kit, sys, json; lupus_kit.InputError; print(json.dumps([m for m in sys.modules if 'lupus_kit.' in m]))"
    assert json.loads(run_python("-c", code).stdout) == ["lupus_kit.core", "lupus_kit.core.errors"]


def test_importing_the_kit_takes_no_time(run_python):
    code = "import time; t = time.process_time(); import lupus_kit; print(time.process_time() - t)"
    assert min(float(run_python("-c", code).stdout) for _ in range(3)) < 0.3
