"""The notebooks as they are committed."""

from __future__ import annotations

import nbformat
import pytest
from nbformat import NotebookNode
from references.walked_notebooks import FOLDER


@pytest.fixture
def notebook(name: str) -> NotebookNode:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
