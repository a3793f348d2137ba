"""Build the site that runs the notebooks inside the browser: python binder/jupyterlite/build.py SITE [--pyodide ARCHIVE].

What Pyodide does not carry is laid into the site as wheels. Each notebook gets a first code cell that installs them; the
notebooks of the repository stay as they are.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INSTALL = {
    "cell_type": "code",
    "execution_count": None,
    "id": "in-the-browser",
    "metadata": {},
    "outputs": [],
    "source": "# Once a visit: brings the kit into this page, which takes a minute. Your work stays in this browser only.\n"
    "# Keep it: lessons.backup() has one click to download your work and one to restore it.\n"
    "%pip install -q lupus-kit pingouin",
}


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", *arguments, "--quiet"], check=True)


def contents(folder: Path) -> None:
    """Write every notebook; its first code cell, which brings the kit elsewhere, is the one that brings it here."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        first = next(at for at, cell in enumerate(notebook["cells"]) if cell["cell_type"] == "code")
        notebook["cells"][first] = INSTALL
        (folder / path.name).write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def wheels(folder: Path) -> None:
    """Build the kit's wheel, and fetch the wheels of the lock: plain Python only, each at its pinned version."""
    _pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    plain = ("--python-version", "3.14", "--implementation", "py", "--abi", "none", "--platform", "any")
    lock = ("--requirement", str(HERE / "requirements.txt"))
    _pip("download", "--no-deps", "--only-binary", ":all:", *plain, "--dest", str(folder), *lock)


def main(site: str, *options: str) -> None:
    """Build the site; further options go to ``jupyter lite build``."""
    with tempfile.TemporaryDirectory() as scratch:
        contents(Path(scratch) / "contents")
        wheels(Path(scratch) / "wheels")
        shutil.copy(HERE / "jupyter-lite.json", scratch)
        command = ["jupyter", "lite", "build", "--lite-dir", scratch, "--output-dir", str(Path(site).resolve())]
        places = ["--contents", f"{scratch}/contents", f"--piplite-wheels={scratch}/wheels"]
        subprocess.run([*command, *places, *options], check=True, cwd=scratch)


if __name__ == "__main__":
    main(*sys.argv[1:])
