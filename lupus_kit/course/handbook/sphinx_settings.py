"""How Sphinx builds the handbook: settings in place of a ``conf.py``, and formulas that need no MathJax."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lupus_kit import __version__
from lupus_kit.course.handbook.reference import functions_returning
from lupus_kit.course.pages import formula

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

_FOOTER = (
    f"lupus_kit {__version__}. Text: CC BY 4.0. Code: GPL-3.0-or-later. The patients are invented. "
    "Not for treating patients."
)

SETTINGS: dict[str, Any] = {
    "project": "lupus_kit",
    "release": __version__,
    "extensions": ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon", __name__],
    "language": "en",
    # Notebooks: they come executed, and their widgets as pictures.
    "nb_execution_mode": "off",
    "nb_merge_streams": True,
    "nb_ipywidgets_js": {},
    "myst_enable_extensions": ["dollarmath"],
    "myst_heading_anchors": 4,
    "myst_heading_slug_func": f"{__name__}.slug",
    # The reference: docstrings are numpydoc and give the types in words.
    "default_role": "py:obj",
    "add_module_names": False,
    "autodoc_typehints": "none",
    "autosummary_generate": False,
    "autodoc_member_order": "bysource",
    "napoleon_google_docstring": False,
    "napoleon_custom_sections": [("Attributes", "params_style")],
    "napoleon_use_rtype": False,
    # Pages: everything from disk. Excerpts of a search would have to be fetched, which a page on disk may not do.
    "html_theme": "sphinx_book_theme",
    "html_title": "The lupus_kit handbook",
    "html_show_search_summary": False,
    "html_copy_source": False,
    "html_static_path": [str(Path(__file__).with_name("static"))],
    "html_css_files": ["handbook.css"],
    "html_js_files": ["handbook.js"],
    "html_math_renderer": "mathml",
    "html_context": {"default_mode": "auto"},
    "html_theme_options": {
        "navbar_persistent": [],
        "use_download_button": False,
        "use_fullscreen_button": False,
        "toc_title": "On this page",
        "footer_content_items": ["extra-footer.html"],
        "extra_footer": f"<p>{_FOOTER}</p>",
    },
}


def slug(heading: str) -> str:
    """Name the anchor of a heading as JupyterLab does, so that a link works in both.

    Examples
    --------
    >>> slug("How to use these pages")
    'How-to-use-these-pages'
    """
    return heading.replace(" ", "-")


def setup(app: Sphinx) -> dict[str, bool]:
    """Make formulas MathML, and name what makes a result; Sphinx calls this."""
    app.connect("autodoc-process-docstring", _name_makers)
    app.add_html_math_renderer("mathml", (_inline_formula, None), (_block_formula, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _name_makers(app: Sphinx, kind: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Say of a class which functions return it: their examples show it."""
    makers = functions_returning().get(name.rpartition(".")[2], []) if kind == "class" else []
    if makers:
        lines += ["", f"Returned by {', '.join(f':py:func:`~{one}`' for one in makers)}.", ""]


def _inline_formula(writer: Any, node: nodes.math) -> None:
    _write(writer, formula(node.astext()))


def _block_formula(writer: Any, node: nodes.math_block) -> None:
    _write(writer, f'<div class="math">{formula(node.astext(), block=True)}</div>')


def _write(writer: Any, html: str) -> None:
    from docutils.nodes import SkipNode

    writer.body.append(html)
    raise SkipNode
