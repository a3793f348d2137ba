"""What Windows does otherwise, simulated here: files that are held open, old code pages, line ends, names, no fcntl.

No Windows was at hand: `.github/workflows/ci.yml` runs the whole suite on one.
"""

from __future__ import annotations

import ast
import io
import os
import re
from pathlib import Path, PureWindowsPath

import pytest

from lupus_kit import audit, cli, cohort, endpoints, lessons, simulation
from lupus_kit.core import files
from lupus_kit.core.errors import InputError
from lupus_kit.core.files import locked, make_folder, write_atomically
from lupus_kit.course.handbook import website
from lupus_kit.lessons.progress import file as progress_file
from lupus_kit.simulation.trials import lock as run_lock

ROOT = Path(__file__).resolve().parents[2]
DENIED = (13, "Permission denied")


def refusing(real, times: int):
    """Make a call that is refused so many times before it goes through, as one is for a file that somebody has open."""
    left = [times]

    def call(*arguments, **options):
        if left[0]:
            left[0] -= 1
            raise PermissionError(*DENIED)
        return real(*arguments, **options)

    return call


# --- files that somebody has open --------------------------------------------------------------------------------


def test_a_file_that_is_read_for_a_moment_is_written_a_moment_later(tmp_path, monkeypatch):
    monkeypatch.setattr("os.replace", refusing(os.replace, 3))
    write_atomically(tmp_path / "mine.json", b"new")
    assert (tmp_path / "mine.json").read_bytes() == b"new"


def test_a_file_that_a_spreadsheet_keeps_open_stays_and_is_told(tmp_path, monkeypatch):
    (tmp_path / "mine.csv").write_bytes(b"old")
    monkeypatch.setattr("os.replace", refusing(os.replace, 1000))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(InputError, match=r"Permission denied\. Close it where it is open"):
        write_atomically(tmp_path / "mine.csv", b"new")
    assert (tmp_path / "mine.csv").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["mine.csv"]


def test_a_lock_that_is_just_being_removed_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "mkdir", refusing(Path.mkdir, 5))
    with locked(tmp_path / "mine.json"):
        assert os.listdir(tmp_path) == [".mine.json.lock"]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("writable", [True, False])
def test_a_folder_in_which_nobody_may_write_is_told_and_not_waited_for(tmp_path, monkeypatch, writable):
    waited = []
    monkeypatch.setattr(Path, "mkdir", refusing(Path.mkdir, 10_000))
    monkeypatch.setattr("os.access", lambda *_: writable)
    monkeypatch.setattr("time.sleep", waited.append)
    with pytest.raises(InputError, match="Permission denied"), locked(tmp_path / "mine.json"):
        pass
    assert sum(waited) <= (1 if writable else 0), "seconds"


def test_an_answer_is_kept_though_another_notebook_reads_the_file(tmp_path, monkeypatch):
    place = tmp_path / progress_file.NAME
    monkeypatch.setenv(progress_file.VARIABLE, str(place))
    monkeypatch.setattr(progress_file, "_session", progress_file._Session())
    monkeypatch.setattr("os.replace", refusing(os.replace, 2))
    assert lessons.check("00.1", 16).note == ""
    assert len(progress_file.read(place)) == 1


def test_a_simulation_runs_where_the_system_has_no_fcntl(tmp_path, monkeypatch):
    monkeypatch.setattr(run_lock, "fcntl", None)

    class Owner:
        pass

    owner = Owner()
    release = run_lock.lock(tmp_path, owner)
    assert (tmp_path / run_lock.LOCK).exists()
    release()


# --- code pages --------------------------------------------------------------------------------------------------

HELP = ("score", "simulate", "cohort", "audit", "power", "teach", "lab", "doctor", "handbook")


def said(monkeypatch, *arguments: str) -> bytes:
    """Run a command whose standard output has the encoding of old systems; return the bytes that came."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with monkeypatch.context() as there:
        there.setattr("sys.stdout", stream)
        with pytest.raises(SystemExit) as end:
            cli.main(arguments)
    assert end.value.code == 0
    return stream.buffer.getvalue()


def test_every_command_speaks_where_the_code_page_has_few_signs(monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    for name in HELP:
        assert b"--quiet" in said(monkeypatch, name, "--help")
    assert b"\\xb5mol/L" in said(monkeypatch, "score", "--columns"), "nothing becomes a question mark"


def test_what_is_redirected_to_a_file_is_utf_8_and_can_be_read_again(monkeypatch):
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    template = said(monkeypatch, "audit", "--new").decode("utf-8")
    assert template == audit.template()
    assert not template.isascii(), "there is something to lose"


# --- files from Windows ------------------------------------------------------------------------------------------

CLAIMS = "id,endpoint,arm_a,arm_b,reported_a,reported_b,reported_p\nr,SRI,x,y,12/30,6/30,0.09\n"
ABSTRACT = "At week 12 SRI-4 response was 55.17% with zorimab and 30.00% with placebo (p=0.052).\n"
FILES = {
    "plan.toml": (simulation.plan_template(), ["simulate", "plan.toml", "--trials", "20", "--no-coverage"]),
    "claims.toml": (audit.template(), ["audit", "claims.toml"]),
    "claims.csv": (CLAIMS, ["audit", "claims.csv"]),
    "visits.csv": (Path(endpoints.example_visit_file()).read_text(encoding="utf-8"), ["score", "visits.csv"]),
    "abstract.txt": (ABSTRACT, ["audit", "--text", "abstract.txt", "--arms", "zorimab=29, placebo=30"]),
}


@pytest.mark.parametrize("name", FILES)
def test_line_ends_and_marks_of_windows_editors_change_nothing(name, tmp_path, monkeypatch, capsys):
    text, arguments = FILES[name]
    monkeypatch.chdir(tmp_path)
    given = {"plain": text.encode(), "notepad": b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()}
    printed = {}
    for editor, content in given.items():
        Path(name).write_bytes(content)
        with pytest.raises(SystemExit) as end:
            cli.main([*arguments, "--format", "csv"])
        assert end.value.code == 0
        printed[editor] = capsys.readouterr().out
    assert printed["plain"] == printed["notepad"] != ""


def test_a_progress_file_that_notepad_saved_is_read(tmp_path):
    place = tmp_path / progress_file.NAME
    place.write_bytes(b'\xef\xbb\xbf{"schema": 1,\r\n "answers": []}\r\n')
    assert progress_file.read(place) == []


def test_every_text_that_is_written_or_read_names_its_encoding_and_line_ends():
    found = []
    for path in sorted((ROOT / "lupus_kit").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", ""))
            if name not in ("read_text", "write_text", "open") or not isinstance(node, ast.Call):
                continue
            mode = next((one.value for one in node.args if isinstance(one, ast.Constant) and name == "open"), "r")
            given = {one.arg for one in node.keywords}
            text = name != "open" or (
                isinstance(mode, str) and "b" not in mode and (mode != "r" or "encoding" in given)
            )
            writes = name == "write_text" or (name == "open" and mode != "r")
            told = "encoding" in given or (name == "read_text" and node.args)
            if text and (not told or (writes and "newline" not in given)):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


# --- names -------------------------------------------------------------------------------------------------------

#: What Windows gives to a device, to a stream within a file, or to a file of another name (Microsoft, "Naming Files, Paths, and
#: Namespaces"); and what it does not.
OTHERS = [
    "CON",
    "nul",
    "LPT1.txt",
    "com9.tar.gz",
    "aux/x.csv",
    "CONOUT$",
    "COM\u00b9.csv",
    "Prn .csv",
    "SRI:4.csv",
    "end.",
    "end ",
]
FILES_THERE = [
    "console.csv",
    "com10.csv",
    "null",
    "x.con",
    "LPT.txt",
    "..",
    "./x.csv",
    "C:/x.csv",
    ".hidden",
    "lpt0.csv",
]


def test_names_that_windows_keeps_for_devices_are_refused_there_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files, "WINDOWS", True)
    invented = cohort.what_if(n_per_arm=1)
    for name in OTHERS:
        with pytest.raises(InputError, match=r"Windows .* Give another name\."):
            write_atomically(Path(name), b"x")
        for make in (make_folder, invented.save, website.check_place):
            with pytest.raises(InputError, match=r"Windows .* Give another name\."):
                make(Path(name))
    with pytest.raises(SystemExit) as end:
        cli.main(["power", "0.5", "0.3", "--per-arm", "9", "--out", "LPT1.txt"])
    assert end.value.code == 2
    assert os.listdir(tmp_path) == []
    for name in FILES_THERE:
        files.refuse_reserved(Path(name))


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps these names for devices")
def test_elsewhere_they_are_names_as_any_other(tmp_path):
    names = ["CON", "LPT1.txt", "SRI:4.csv"]
    for name in names:
        write_atomically(tmp_path / name, b"x")
    assert sorted(os.listdir(tmp_path)) == names


RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


def test_every_name_of_the_repository_can_stand_on_a_windows_disk(repository_files):
    for name in repository_files:
        parts = PureWindowsPath(name).parts
        assert PureWindowsPath(name).as_posix() == name
        assert not [one for one in parts if RESERVED.fullmatch(one) or re.search(r'[<>:"|?*\x00-\x1f]|[. ]$', one)], (
            name
        )
        assert len(f"C:\\Users\\a rather long name\\Documents\\course\\lupus-kit\\{name}") < 200, "of 260"
    folded = {name.casefold() for name in repository_files}
    assert len(folded) == len(repository_files), "two names that differ in capitals only"
