"""Turn an executed notebook into one web page that works from disk, without a network.

nbconvert's page asks a content network for MathJax, require.js and the widget manager. Here formulas become pictures
drawn by Matplotlib, widgets become a picture of their state, and nothing else is loaded.
"""

from __future__ import annotations

import base64
import copy
import io
import re
from html import escape
from typing import Any

from jinja2 import pass_context
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from lupus_kit.course.snapshots import picture, snapshot

_TEMPLATE = """{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_css -%}
<style>
main { max-width: 60em; margin: 0 auto; padding: 1em; }
.lk-still { border: 1px solid #bbb; border-radius: 4px; padding: 0.6em 0.9em; }
.lk-row { display: flex; flex-wrap: wrap; gap: 0.2em 1.6em; align-items: flex-start; }
.lk-note { color: #595959; font-size: 0.9em; }
.lk-still img, .jp-OutputArea img { max-width: 100%; height: auto; }
.jp-InputArea-editor .highlight pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.jp-OutputArea-output { overflow-x: auto; }
img.lk-math { display: inline; max-width: 100%; }
</style>
{%- endblock -%}
"""
# The cells alone, without prompts and without a style of their own: the handbook dresses them.
_ARTICLE = """{%- extends 'classic/base.html.j2' -%}
{%- block footer -%}{%- endblock -%}
"""
# mathtext draws at 72 dots an inch; 1 em of the page's text is 14 px, so 10.5 points match it.
_MATH_POINTS, _POINTS_PER_EM = 10.5, 10.5
_LINK = re.compile(r'(href="(?![a-z]+:|//|#)[^"#]*)\.ipynb(["#])')


def page(notebook: NotebookNode, fallback_title: str) -> str:
    """Make the page.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        An executed notebook with its widget state; it is not changed.
    fallback_title : str
        The page's title if the notebook has no heading.

    Returns
    -------
    str
        One HTML document that loads nothing.
    """
    still = _still(notebook)
    still.metadata["title"] = title(notebook, fallback_title)
    html, _ = _OfflineExporter(raw_template=_TEMPLATE).from_notebook_node(still)
    return _LINK.sub(r"\1.html\2", html)


def article(notebook: NotebookNode) -> str:
    """Make the inside of a page: the cells and their outputs, for a layout that brings its own style.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        An executed notebook with its widget state; it is not changed.

    Returns
    -------
    str
        HTML elements that load nothing; links to other notebooks lead to their pages.

    Examples
    --------
    >>> from nbformat import v4
    >>> notebook = v4.new_notebook(cells=[v4.new_markdown_cell("See [stop 1](01_trial_design.ipynb#arms).")])
    >>> 'href="01_trial_design.html#arms"' in article(notebook)
    True
    """
    exporter = _OfflineExporter(raw_template=_ARTICLE, exclude_input_prompt=True, exclude_output_prompt=True)
    html, _ = exporter.from_notebook_node(_still(notebook))
    return _LINK.sub(r"\1.html\2", html)


def _still(notebook: NotebookNode) -> NotebookNode:
    """Copy a notebook and replace in the copy what moves by a picture of it."""
    still = copy.deepcopy(notebook)
    for cell in still.cells:
        for output in cell.get("outputs", []):
            _settle(output, notebook)
    still.metadata.pop("widgets", None)
    return still


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


def markdown(text: str) -> str:
    r"""Turn a piece of Markdown into HTML, as on a page.

    Parameters
    ----------
    text : str
        Markdown; links to notebooks lead to their pages.

    Returns
    -------
    str
        HTML elements.

    Examples
    --------
    >>> markdown("a *small* trial")
    '<p>a <em>small</em> trial</p>\n'
    """
    html = str(MarkdownWithMath(renderer=_MathRenderer(escape=False, attachments={})).render(text))
    return _LINK.sub(r"\1.html\2", html)


def _settle(output: NotebookNode, notebook: NotebookNode) -> None:
    """Replace a widget by its still picture, and give a picture its alt text, which nbconvert leaves out."""
    data = output.get("data", {})
    still = snapshot(data, notebook)
    if still is None and "text/html" not in data:
        still = picture(data, output.get("metadata", {}))
    if still is not None:
        output["data"] = {"text/html": still}


class _OfflineExporter(HTMLExporter):
    """nbconvert's page with formulas drawn here."""

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        attachments = context.get("cell", {}).get("attachments", {})
        return str(MarkdownWithMath(renderer=_MathRenderer(escape=False, attachments=attachments)).render(source))


class _MathRenderer(IPythonRenderer):
    def inline_math(self, body: str) -> str:
        return formula(body)

    def block_math(self, body: str) -> str:
        return f'<p style="text-align:center">{formula(body)}</p>'


def formula(tex: str) -> str:
    r"""Draw a formula.

    Parameters
    ----------
    tex : str
        TeX without the dollar signs.

    Returns
    -------
    str
        An ``img`` element whose alt text is the TeX; the TeX as code if Matplotlib cannot draw it.

    Examples
    --------
    >>> formula(r"\frac{1}{2}").startswith('<img class="lk-math" alt="')
    True
    >>> formula(r"\begin{nonsense}")
    '<code>\\begin{nonsense}</code>'
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import math_to_image

    plain = " ".join(tex.split())
    drawing = io.BytesIO()
    try:
        depth = math_to_image(f"${plain}$", drawing, prop=FontProperties(size=_MATH_POINTS), dpi=72, format="svg")
    except (ValueError, RuntimeError):
        return f"<code>{escape(plain)}</code>"
    encoded = base64.b64encode(drawing.getvalue()).decode("ascii")
    shift = -depth / _POINTS_PER_EM
    return (
        f'<img class="lk-math" alt="{escape(plain)}" style="vertical-align:{shift:.3f}em" '
        f'src="data:image/svg+xml;base64,{encoded}">'
    )
