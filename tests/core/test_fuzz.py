"""Every reader, given files that were damaged at random: it reads them or says in one sentence why not, and it ends."""

from __future__ import annotations

import io
import json
import random
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from lupus_kit import audit, cohort, endpoints, published, simulation
from lupus_kit.core.errors import InputError
from lupus_kit.lessons.progress import file as progress_file

ROUNDS = 30
SEED = 20
_TOKENS = (
    b"\x00", b"\xff", b"\xed\xb2\x80", b'"', b"'", b",", b";", b"\t", b"\r", b"\n", b"[", b"]", b"{", b"=", b"#", b"-1", b"1e999",
    b"nan", b"inf", b"9" * 400, b"0x", b"\x1b[31m", b"<b>", b"true", b"1979-05-27", b"[[claim]]", "µ≤½\u202e".encode(), b"%", b"/0",
)  # fmt: skip


def damaged(content: bytes, dice: random.Random) -> bytes:
    """Cut, repeat, exchange or insert a few pieces of a file."""
    for _ in range(dice.randint(1, 4)):
        start = dice.randrange(len(content) + 1)
        end = min(len(content), start + dice.choice((0, 1, 3, 40, 400)))
        piece = dice.choice((b"", dice.choice(_TOKENS), content[start:end] * 3, bytes([dice.randrange(256)])))
        content = content[:start] + piece + content[end:]
    return content


def visits(ending: str) -> bytes:
    table = pd.read_csv(endpoints.example_visit_file(), comment="#").head(12)
    stream = io.BytesIO()
    if ending == ".xlsx":
        table.to_excel(stream, index=False)
    elif ending == ".parquet":
        table.to_parquet(stream)
    else:
        stream.write(table.to_csv(index=False).encode())
    return stream.getvalue()


def damaged_sheet(content: bytes, dice: random.Random) -> bytes:
    """Damage a part of a workbook inside its archive, which stays one."""
    if dice.random() < 0.3:
        return damaged(content, dice)
    stream, chosen = io.BytesIO(), dice.randrange(5)
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        for number, name in enumerate(sorted(old.namelist(), key=lambda name: "sheet1" not in name)):
            part = old.read(name)
            new.writestr(name, damaged(part, dice) if number in (0, chosen) else part)
    return stream.getvalue()


def read_claims(path: Path) -> None:
    published.load(path)


def read_plan(path: Path) -> None:
    simulation.Scenario.from_toml(path)


def read_progress(path: Path) -> None:
    try:
        progress_file.read(path)
    except InputError as error:
        raise InputError(str(error)) from None


def read_abstract(path: Path) -> None:
    audit.read_text(path.read_bytes().decode("utf-8", errors="replace"))


def read_assumptions(path: Path) -> None:
    try:
        given = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise InputError("not JSON, which is not what is tested here") from None
    cohort.Assumptions.from_dict(given)


_ANSWER = {"exercise": "04.1", "when": "2026-01-01T00:00:00+00:00", "right": True, "misconception": "", "text": "a"}
_ABSTRACT = (
    "Sixty patients were randomised to zorimab (n=30) or placebo (n=30). At week 12, 55.17% and 30.00% responded, "
    "respectively (p=0.052); mean (SD) SLEDAI fell by 3.2 (1.1) and 2.0 (1.4), p<0.001, 95% CI 0.4 to 2.0."
)
READERS: dict[str, tuple[str, Callable[[], bytes], Callable[[Path], object]]] = {
    "visits as text": (".csv", lambda: visits(".csv"), endpoints.read_visit_file),
    "visits as a workbook": (".xlsx", lambda: visits(".xlsx"), endpoints.read_visit_file),
    "visits as Parquet": (".parquet", lambda: visits(".parquet"), endpoints.read_visit_file),
    "claims": (".toml", lambda: audit.template().encode(), read_claims),
    "claims as a table": (
        ".csv",
        lambda: (
            b"id,endpoint,arm_a,arm_b,reported_a,reported_b,reported_p,n_a,n_b\nr,SRI,drug,placebo,50%,20%,0.03,30,30\n"
        ),
        read_claims,
    ),
    "plans": (".toml", lambda: simulation.plan_template().encode(), read_plan),
    "assumptions": (".json", lambda: json.dumps(cohort.Assumptions().to_dict()).encode(), read_assumptions),
    "progress": (
        ".json",
        lambda: json.dumps({"schema": 1, "answers": [_ANSWER] * 3, "predictions": []}).encode(),
        read_progress,
    ),
    "abstracts": (".txt", lambda: _ABSTRACT.encode(), read_abstract),
}


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("reader", READERS)
def test_damage_is_one_sentence(reader: str, tmp_path: Path) -> None:
    ending, make, read = READERS[reader]
    dice, content, said = random.Random(f"{SEED} {reader}"), make(), 0
    path = tmp_path / f"file{ending}"
    path.write_bytes(content)
    read(path)  # whole, it can be read
    began = time.process_time()
    for number in range(ROUNDS):
        path.write_bytes(damaged_sheet(content, dice) if ending == ".xlsx" else damaged(content, dice))
        try:
            read(path)
        except InputError as error:
            said += bool(str(error).strip())
        except Exception as error:
            raise AssertionError(f"{reader}, round {number} of seed {SEED}: {type(error).__name__}: {error}") from error
    assert said > 0 or reader == "abstracts", "the damage was none"
    assert time.process_time() - began < 30
