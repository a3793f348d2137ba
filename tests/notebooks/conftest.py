"""The notebooks, and one run of each."""

from __future__ import annotations

import nbformat
import pytest
from nbformat import NotebookNode
from references.walked_notebooks import FOLDER, asked, kernel, walked

__all__ = ["asked", "kernel", "walked"]


@pytest.fixture
def notebook(name: str) -> NotebookNode:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
