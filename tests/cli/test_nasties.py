"""The list of nasties, and what the command line says to each: one sentence, exit code 2, and the desk as it was.

How each of them is kept off in detail is tested where it is done (tests/core, test_habits.py, test_teach.py).
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lupus_kit import cli, simulation

POWER = "power 0.55 0.30 --per-arm 10 --test pearson --out"
VISITS = "patient,week,arm,sledai,pga\nA,0,x,9,1\nA,12,x,2,1\nB,0,y,9,1\nB,12,y,9,1\n"


def write(name: str, content: bytes | str) -> Callable[[], None]:
    return lambda: Path(name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def folder(name: str, *files: str) -> Callable[[], None]:
    def make() -> None:
        Path(name).mkdir()
        for file in files:
            Path(name, file).write_text("mine")

    return make


def sealed() -> None:
    Path("p.csv").write_text("")
    Path("p.csv").chmod(0o444)


def bomb() -> None:
    with zipfile.ZipFile("bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(60_000_000))


NASTIES: dict[str, tuple[Callable[[], object], str, str]] = {
    "the result over the file that is read": (
        write("v.csv", VISITS), "score v.csv --endpoint modified-sri --out v.csv", "is the file that is read; it would be lost",
    ),
    "the result over a file of another kind": (
        write("p.csv", "my,own\n1,2\n"), f"{POWER} p.csv", "no earlier result of this kind, so that it is not overwritten",
    ),
    "the result over a read-only file": (sealed, f"{POWER} p.csv", "is read-only. Make it writable, or name another file"),
    "the result over a folder": (folder("p"), f"{POWER} p", "it is a folder. Name a file"),
    "the result in a folder that is not there": (list, f"{POWER} no/p.csv", "there is no folder 'no'. Make it first"),
    "a cohort into a folder of other things": (
        folder("d", "letter.txt"), "cohort --per-arm 2 --out d", "holds files that are not",
    ),
    "a cohort into a file": (write("d", "mine"), "cohort --per-arm 2 --out d", "is a file"),
    "a simulation over results by hand": (
        lambda: (write("p.toml", simulation.plan_template())(), folder("o", "operating_characteristics.csv")()),
        "simulate p.toml --trials 20 --no-coverage --out o", "is not what a simulation wrote there",
    ),
    "a plan over a plan": (write("p.toml", "mine"), "simulate --new --out p.toml", "is there already and is not overwritten"),
    "a device without an end": (list, "audit /dev/zero", "is a pipe or a device"),
    "a text without an end": (list, "audit --text /dev/zero", "is a pipe or a device"),
    "a pipe that nobody fills": (lambda: os.mkfifo("pipe.toml"), "simulate pipe.toml", "is a pipe or a device"),
    "a folder as a file": (folder("v.csv"), "score v.csv", "is a folder: name a file"),
    "a name of 300 characters": (list, f"score {'n' * 300}.csv", "there is no file"),
    "a damaged Parquet file": (write("v.parquet", b"PAR1 and nothing PAR1"), "score v.parquet", "is not a readable Parquet file"),
    "a damaged workbook": (write("v.xlsx", b"PK\x03\x04 and nothing"), "score v.xlsx", "not a readable .xlsx workbook"),
    "a workbook that unpacks to anything": (bomb, "score bomb.xlsx", "unpacks to 60 MB, more than a workbook is read with"),
    "a text file that is none": (write("v.csv", bytes(range(256)) * 40), "score v.csv", "is not a text file"),
    "a claims file that is none": (write("c.toml", b"\xff\xfe\x00"), "audit c.toml", "is not UTF-8 text"),
    "an escape in a name": (list, "score no\x1b[31m.csv", "there is no file"),
    "a class of files that are none": (
        lambda: (folder("c")(), write("c/a.json", b"{")()),
        "teach --class c", "no progress file in 'c' (a.json: it is not readable as JSON",
    ),
    "the same input twice": (list, "score - --codes -", "both read standard input: name a file for one of them"),
}  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="devices, pipes and modes of POSIX")
@pytest.mark.parametrize("name", NASTIES)
def test_it_is_told_in_a_sentence_and_nothing_is_changed(name, tmp_path, monkeypatch, capsys):
    make, command, said = NASTIES[name]
    monkeypatch.chdir(tmp_path)
    make()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(SystemExit) as end:
        cli.main(command.split())
    printed = capsys.readouterr()
    assert end.value.code == 2
    assert said in printed.err
    assert printed.err.startswith("lupus-kit: ")
    assert "\x1b" not in printed.err
    assert printed.out == ""
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
