"""An executed notebook made still, so that it can be read on a page; and one such page, which works from disk.

The handbook gives still notebooks to Sphinx. ``replicate --notebooks`` writes each as one file by nbconvert, whose own page
asks a content network for MathJax, require.js and the widget manager: here formulas become MathML and nothing is loaded.
"""

from __future__ import annotations

import copy
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from lupus_kit.core.extras import need
from lupus_kit.course.snapshots import picture, snapshot

if TYPE_CHECKING:
    from nbformat import NotebookNode

_TEMPLATE = Path(__file__).with_name("page.html.j2").read_text(encoding="utf-8")
_LINK = re.compile(r'(href="(?![a-z]+:|//|#)[^"#]*)\.ipynb(["#])')


def page(notebook: NotebookNode, fallback_title: str) -> str:
    """Make one web page.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        An executed notebook with its widget state; it is not changed.
    fallback_title : str
        The page's title if the notebook has no heading.

    Returns
    -------
    str
        One HTML document that loads nothing; links to other notebooks lead to their pages.

    Raises
    ------
    InputError
        If the libraries of the extra ``lab`` are not installed.

    Examples
    --------
    >>> from nbformat import v4
    >>> notebook = v4.new_notebook(cells=[v4.new_markdown_cell("See [stop 1](01_trial_design.ipynb#arms).")])
    >>> 'href="01_trial_design.html#arms"' in page(notebook, "Stop 0")
    True
    """
    nbconvert = need("nbconvert", "lab", "A notebook as a web page")
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    class Renderer(IPythonRenderer):
        def inline_math(self, body: str) -> str:
            return formula(body)

        def block_math(self, body: str) -> str:
            return f"<p>{formula(body, block=True)}</p>"

    def markdown(text: str) -> str:
        return str(MarkdownWithMath(renderer=Renderer(escape=False)).render(text))

    shown = still(notebook)
    shown.metadata["title"] = title(notebook, fallback_title)
    exporter = nbconvert.HTMLExporter(raw_template=_TEMPLATE, filters={"markdown2html": markdown})
    html, _ = exporter.from_notebook_node(shown)
    return _LINK.sub(r"\1.html\2", html)


def still(notebook: NotebookNode) -> NotebookNode:
    """Copy a notebook for reading: widgets are pictures of their state, pictures carry their alt text.

    Cells with the tag ``remove-cell``, which only prepare the machine, are left out.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        An executed notebook with its widget state; it is not changed.

    Returns
    -------
    nbformat.NotebookNode
        The copy, without widgets.
    """
    copied = copy.deepcopy(notebook)
    copied.cells = [cell for cell in copied.cells if "remove-cell" not in cell.metadata.get("tags", [])]
    for cell in copied.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            shown = snapshot(data, notebook)
            if shown is None and "text/html" not in data:
                shown = picture(data, output.get("metadata", {}))  # nbconvert leaves the alt text out
            if shown is not None:
                output["data"] = {"text/html": shown}
    copied.metadata.pop("widgets", None)
    return copied


def title(notebook: NotebookNode, fallback: str) -> str:
    """Return the notebook's first heading.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Any notebook.
    fallback : str
        What to return if it has none.

    Returns
    -------
    str
        Plain text.
    """
    for cell in notebook.cells:
        found = re.search(r"^#\s+(.+)$", cell.source, re.MULTILINE) if cell.cell_type == "markdown" else None
        if found:
            return re.sub(r"[*`]", "", found[1]).strip()
    return fallback


def formula(tex: str, block: bool = False) -> str:
    r"""Turn a formula into MathML, which browsers draw by themselves.

    Parameters
    ----------
    tex : str
        TeX without the dollar signs.
    block : bool
        Whether it stands on a line of its own.

    Returns
    -------
    str
        A ``math`` element; the TeX as code if it cannot be read.

    Examples
    --------
    >>> "".join(formula(r"\frac{1}{2}").split())
    '<mathxmlns="http://www.w3.org/1998/Math/MathML"><mfrac><mn>1</mn><mn>2</mn></mfrac></math>'
    >>> formula(r"\begin{nonsense}")
    '<code>\\begin{nonsense}</code>'
    """
    need("docutils", "lab", "A formula on a web page")
    from docutils.utils.math import MathError
    from docutils.utils.math.latex2mathml import tex2mathml

    plain = " ".join(tex.split())
    try:
        drawn = str(tex2mathml(plain))
    except MathError:
        return f"<code>{escape(plain)}</code>"
    return drawn.replace("<math ", '<math display="block" ', 1) if block else drawn
