"""Linting, formatting, types and import contracts: the same checks that pre-commit runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECKS = {
    "ruff check": ("-m", "ruff", "check"),
    "ruff format --check": ("-m", "ruff", "format", "--check"),
    "mypy": ("-m", "mypy"),
    "lint-imports": ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"),
}


@pytest.mark.parametrize("name", CHECKS)
def test_check_passes(name, run_python):
    done = run_python(*CHECKS[name])
    assert done.returncode == 0, f"{name}\n{done.stdout}{done.stderr}"


def test_the_import_contracts_can_fail(run_python, tmp_path):
    # A contract that cannot be broken protects nothing: break one on purpose, in a copy.
    package = tmp_path / "lupus_kit"
    for source in (ROOT / "lupus_kit").rglob("*.py"):
        target = package / source.relative_to(ROOT / "lupus_kit")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    (package / "published" / "up.py").write_text("import lupus_kit.cli\n", encoding="utf-8")
    done = run_python(*CHECKS["lint-imports"], cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "lupus_kit.published.up -> lupus_kit.cli" in done.stdout


def test_pre_commit_runs_the_same_checks():
    entries = re.findall(r"entry: (.+)", (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    named = [entry.removeprefix("python -m ") for entry in entries]
    assert named[:-1] == list(CHECKS)
    assert named[-1].startswith("pytest")
    assert "test_run.py -k hygiene" in named[-1]
