"""Write the version and the first code cell into every notebook: python tests/references/make_first_cells.py [FOLDER].

Run it after a change of the version in lupus_kit/__init__.py or of the address in pyproject.toml. Nothing else in a notebook is
changed, and a second run changes nothing.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ID, KEY = "kit", "lupus_kit"


def version() -> str:
    """Return the version of this copy of the kit."""
    source = (ROOT / "lupus_kit" / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "([^"]+)"$', source, re.MULTILINE)[1]


def cell(version: str) -> dict[str, Any]:
    """Return the cell; JupyterLab folds it, and printed pages leave it out."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = f'\\"lupus-kit @ git+{project["urls"]["Repository"]}@v{version}\\" pingouin'
    lines = [
        "# Installs the kit where it is missing, as in Colab, and tells if it is another version. Else it does nothing.",
        "try:",
        "    import lupus_kit",
        "except ModuleNotFoundError:",
        f'    get_ipython().run_line_magic("pip", "install --quiet {wanted}")',
        "    import lupus_kit",
        f'if lupus_kit.__version__ != "{version}":',
        f'    print(f"This notebook is of lupus-kit {version}, installed is {{lupus_kit.__version__}}: results may differ.")',
    ]
    source = [f"{line}\n" for line in lines[:-1]] + lines[-1:]
    metadata = {"jupyter": {"source_hidden": True}, "tags": ["remove-cell"]}
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": ID,
        "metadata": metadata,
        "outputs": [],
        "source": source,
    }


def stamp(path: Path) -> None:
    """Put the cell before the first code cell, in place of an earlier one, and the version into the metadata."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = notebook["cells"] = [one for one in notebook["cells"] if one["id"] != ID]
    first = next(at for at, one in enumerate(cells) if one["cell_type"] == "code")
    cells.insert(first, cell(version()))
    notebook["metadata"] = dict(sorted((notebook["metadata"] | {KEY: {"version": version()}}).items()))
    path.write_bytes((json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode("utf-8"))


if __name__ == "__main__":
    for notebook in sorted(Path(sys.argv[1] if sys.argv[1:] else ROOT / "notebooks").glob("*.ipynb")):
        stamp(notebook)
