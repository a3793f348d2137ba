"""Files stay the user's: what is written through, what is kept, what is refused, and what is never read to its end."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from lupus_kit.cli.output import write_result
from lupus_kit.core.errors import InputError
from lupus_kit.core.files import read_bytes, refuse_other_kind, write_atomically

posix = pytest.mark.skipif(os.name == "nt", reason="modes, links and pipes of POSIX")


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o660])
def test_the_mode_is_kept(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_atomically(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", mode)
    assert os.listdir(tmp_path) == ["mine.json"]


@posix
def test_a_new_file_has_the_usual_mode(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.write_bytes(b"")
    write_atomically(tmp_path / "new", b"new")
    assert (tmp_path / "new").stat().st_mode == usual.stat().st_mode


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_bytes(b"old")
    os.chown(path, 1234, 2345)
    write_atomically(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid, path.read_bytes()) == (1234, 2345, b"new")


@posix
def test_an_owner_that_cannot_be_given_is_kept_by_writing_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "theirs"
    path.write_bytes(b"a longer old content")
    before = path.stat()
    seen = os.stat_result((*before[:4], before.st_uid + 1, *before[5:]))

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.chown", refuse)
    real = Path.stat
    monkeypatch.setattr(Path, "stat", lambda self, **kw: seen if self == path else real(self, **kw))
    write_atomically(path, b"new")
    monkeypatch.undo()
    assert (path.read_bytes(), path.stat().st_ino) == (b"new", before.st_ino)


@posix
def test_a_read_only_file_is_left_even_by_root(tmp_path: Path) -> None:
    path = tmp_path / "sealed"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(InputError, match=r"sealed': it is read-only\. Make it writable, or name another file\."):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"


@posix
def test_links_are_written_through(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    real, link, hard, hanging = (tmp_path / name for name in ("far/real", "link", "hard", "hanging"))
    real.write_bytes(b"old and long")
    link.symlink_to("far/real")
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    hard.hardlink_to(real)
    write_atomically(hard, b"x")
    assert (real.read_bytes(), real.stat().st_nlink) == (b"x", 2)
    hanging.symlink_to("far/later")
    write_atomically(hanging, b"y")
    assert hanging.is_symlink()
    assert (tmp_path / "far/later").read_bytes() == b"y"
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InputError, match=r"cannot write .*loop"):
        write_atomically(tmp_path / "loop", b"z")
    assert (tmp_path / "loop").is_symlink()


@posix
def test_devices_and_pipes_are_written_to(tmp_path: Path) -> None:
    write_atomically(Path("/dev/null"), b"gone")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_atomically(pipe, b"through")
    reader.join()
    assert got == [b"through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_device_is_one_sentence() -> None:
    with pytest.raises(InputError, match="cannot write '/dev/full': No space left on device"):
        write_atomically(Path("/dev/full"), b"x")


@posix
def test_a_stream_that_is_a_file_keeps_what_stands_in_it(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        log.write("before\n")
        log.flush()
        write_atomically(Path(f"/dev/fd/{log.fileno()}"), b"after\n")
    assert (tmp_path / "log").read_text() == "before\nafter\n"


def test_names_as_long_as_names_can_be_and_longer(tmp_path: Path) -> None:
    write_atomically(tmp_path / ("n" * 255), b"x")
    for place in (tmp_path / ("n" * 300), tmp_path / ("n" * 300) / "x"):
        with pytest.raises(InputError, match="cannot write"):
            write_atomically(place, b"x")
    assert os.listdir(tmp_path) == ["n" * 255]


@pytest.mark.parametrize(
    ("there", "new"),
    [
        (b"", b"test,power\nFisher,0.4\n"),
        (b"test,power\nPearson,0.5\n", b"test,power\nFisher,0.4\n"),
        (b"Response rates 0.55 and 0.30, two-sided\n", b"Response rates 0.4 and 0.35, two-sided\n"),
        (b'{\n  "rate1": 0.55,\n  "rate2": 0.3\n}\n', b'{\n  "rate1": 0.6,\n  "rate2": 0.25\n}\n'),
    ],
)
def test_an_earlier_result_may_be_replaced(tmp_path: Path, there: bytes, new: bytes) -> None:
    (tmp_path / "out").write_bytes(there)
    for place in (tmp_path / "out", tmp_path / "not there"):
        write_result(new, place)
        assert place.read_bytes().rstrip() == new.rstrip()


@pytest.mark.parametrize(
    ("there", "new"),
    [
        (b"patient,visit,sledai\nA,0,8\n", b"patient,visit,response\nA,0,1\n"),
        (b"my notes\n", b"# SRI-4: visits.csv\n"),
        (b'{\n "cells": []\n}\n', b'{\n  "rate1": 0.6\n}\n'),
        (b"PK\x03\x04 a workbook", b"test,power\n"),
    ],
)
def test_a_file_of_another_kind_is_not_replaced(tmp_path: Path, there: bytes, new: bytes) -> None:
    (tmp_path / "out").write_bytes(there)
    with pytest.raises(InputError, match="not overwritten: give another name to --out, or add --force"):
        refuse_other_kind(tmp_path / "out", new)


@posix
def test_what_has_no_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(InputError, match="is a pipe or a device: a plan is read from a file"):
            read_bytes(tmp_path / name, 100, "a plan")


def test_a_large_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(10_000_000_000)  # takes no room on the disk
    with pytest.raises(InputError, match="large is larger than 5 MB: that is not a plan"):
        read_bytes(tmp_path / "large", 5_000_000, "a plan")
