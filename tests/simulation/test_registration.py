"""Registered plans: written once, read back as they were, and any later change is noticed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from lupus_kit import design, simulation
from lupus_kit.core.errors import InputError
from lupus_kit.simulation import AnalysisPlan, InterimLooks, ResponseRates, Scenario, register, registered
from lupus_kit.simulation.plan import registration

RATES = ResponseRates((0.55, 0.30), (0.65, 0.37))
DAY = date(2026, 1, 2)


def _scenario(**plan: object) -> Scenario:
    return Scenario(RATES, simulation.with_patients(design.he2020(), 60), AnalysisPlan(**plan))  # type: ignore[arg-type]


def test_what_is_registered_is_read_back(tmp_path: Path) -> None:
    scenario = _scenario(test="boschloo", looks=InterimLooks((0.5, 1.0)))
    made = register(scenario, tmp_path / "plan.toml", DAY)
    read = registered(tmp_path / "plan.toml")
    assert read == made
    assert read.scenario.plan == scenario.plan
    assert read.scenario.sizes == (60, 60)
    assert read.registered == DAY
    assert made.digest[:12] in made._repr_html_()


def test_the_seal_is_the_sha256_of_the_day_and_the_plan_file(tmp_path: Path) -> None:
    made = register(_scenario(), tmp_path / "plan.toml", DAY)
    body = (tmp_path / "plan.toml").read_text(encoding="utf-8").split("\n", 2)[2]
    assert body == _scenario().to_toml()
    assert hashlib.sha256(f"2026-01-02\n{body}".encode()).hexdigest() == made.digest
    assert Scenario.from_toml(tmp_path / "plan.toml").plan == AnalysisPlan()  # lupus-kit simulate reads it


def test_the_same_plan_again_changes_nothing_and_another_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    first = register(_scenario(), path, DAY)
    before = path.read_bytes()
    assert register(_scenario(), path, date(2027, 1, 1)) == first
    # A file has what a simulation uses of the design: other words in it are no other plan.
    named = replace(_scenario(), design=replace(_scenario().design, title="A trial of another drug"))
    assert register(named, path) == first
    with pytest.raises(InputError, match="another plan, registered on 2026-01-02"):
        register(_scenario(test="fisher"), path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(("old", "new"), [("alpha = 0.05", "alpha = 0.06"), ("week = 12", "week = 24"), ("\n\n", "\n")])
def test_a_change_is_noticed(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "plan.toml"
    register(_scenario(), path, DAY)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=r"plan\.toml was changed after it was registered \(it says 2026-01-02\)"):
        registered(path)
    with pytest.raises(InputError, match="was changed"):
        register(_scenario(), path)


# Written before plan files were written by tomlkit: the same plan, laid out in another way.
OLD = """# Registered 2026-03-14, before the data.
# SHA-256 of all that follows: dc15e638831f8e3ecd73df5e79de3653f186205c66985aa6c4e6f058fac277bc
format = 1

[design]
base = "he2020"
arms = ["IL-2", "placebo"]
patients = [60, 40]
visit_weeks = [0, 12, 24]
primary_week = 12
follow_up_week = 24

[plan]
primary = { name = "SRI-4", week = 12 }
secondary = { name = "SRI-4", week = 24 }
test = "boschloo"
alpha = 0.05
multiplicity = "bonferroni"
missing = "worst"
correlation = 0.4

[plan.looks]
fractions = [0.5, 1.0]
boundary = "spending"
spent = [0.01, 0.05]

[rates]
primary = [0.55, 0.3]
follow_up = [0.65, 0.37]
correlation = 0.35

[rates.dropout]
primary = [0.05, 0.05]
follow_up = [0.15, 0.1]
nonresponder_ratio = 2.0
"""


def test_a_file_that_was_registered_before_tomlkit_is_read_and_not_another_plan(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(OLD, encoding="utf-8")
    looks = InterimLooks((0.5, 1.0), "spending", (0.01, 0.05))
    plan = AnalysisPlan(test="boschloo", looks=looks, multiplicity="bonferroni", missing="worst")
    rates = ResponseRates(RATES.primary, RATES.follow_up, 0.35, simulation.Dropout((0.05, 0.05), (0.15, 0.1), 2.0))
    scenario = Scenario(rates, simulation.with_patients(design.he2020(), 60, 40), plan)
    there = registered(path)
    assert (there.scenario, there.registered) == (scenario, date(2026, 3, 14))
    assert register(scenario, path) == there
    assert path.read_text(encoding="utf-8") == OLD
    path.write_text(OLD.replace("ratio = 2.0", "ratio = 1.0"), encoding="utf-8")
    with pytest.raises(InputError, match=r"was changed after it was registered \(it says 2026-03-14\)"):
        registered(path)


def test_line_ends_of_another_system_are_no_change(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    made = register(_scenario(), path, DAY)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert registered(path).digest == made.digest


def test_other_files_are_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    with pytest.raises(InputError, match="register a plan first"):
        registered(path)
    for content in (b"my notes\n", b"\xff\xfe\x00", b""):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"not a registered plan|cannot be read"):
            register(_scenario(), path)
        assert path.read_bytes() == content
    with pytest.raises(InputError, match="cannot"):
        register(_scenario(), path / "below" / "plan.toml")


@pytest.mark.parametrize("day", ["2019-01-01", "2026-01-03", "2026-13-45"])
def test_another_day_breaks_the_seal(tmp_path: Path, day: str) -> None:
    path = tmp_path / "plan.toml"
    register(_scenario(), path, DAY)
    path.write_text(path.read_text(encoding="utf-8").replace("2026-01-02", day), encoding="utf-8")
    with pytest.raises(InputError, match="its day and its plan do not fit the seal"):
        registered(path)


def test_a_day_that_is_none_is_refused(tmp_path: Path) -> None:
    for today in ("2026-01-02", datetime(2026, 1, 2), 20260102, True):
        with pytest.raises(InputError, match=r"today == .*: give a datetime\.date"):
            register(_scenario(), tmp_path / "plan.toml", today)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
    # A file of version 0.3, whose seal did not cover the day.
    (tmp_path / "old.toml").write_text(OLD.replace("2026-03-14", "2026-13-45"), encoding="utf-8")
    with pytest.raises(InputError, match=r"old\.toml: month must be in 1\.\.12"):
        registered(tmp_path / "old.toml")


def test_the_docstring_says_what_a_seal_can_and_cannot_prove() -> None:
    said = " ".join((registration.__doc__ or "").split())
    assert "It proves that both are still what was written together" in said
    assert "whoever can write the file can write another day, another plan and the seal that fits them" in said
