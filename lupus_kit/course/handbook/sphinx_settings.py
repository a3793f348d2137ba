"""How Sphinx builds the handbook: settings in place of a ``conf.py``, and formulas that need no MathJax."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lupus_kit import __version__
from lupus_kit.core.templates import toml_beside
from lupus_kit.course.handbook.reference import functions_returning
from lupus_kit.course.pages import formula

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

_FOOTER = (
    f"lupus_kit {__version__}. Text: CC BY 4.0. Code: GPL-3.0-or-later. The patients are invented. "
    "Not for treating patients."
)

SETTINGS: dict[str, Any] = toml_beside(__file__, "settings.toml") | {
    "release": __version__,
    "extensions": ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon", __name__],
    "myst_heading_slug_func": f"{__name__}.slug",
    "html_static_path": [str(Path(__file__).with_name("static"))],
}
SETTINGS["html_theme_options"]["extra_footer"] = f"<p>{_FOOTER}</p>"


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
    app.add_html_math_renderer("mathml", (_formula, None), (_formula, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _name_makers(app: Sphinx, kind: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Say of a class which functions return it: their examples show it."""
    makers = functions_returning().get(name.rpartition(".")[2], []) if kind == "class" else []
    if makers:
        lines += ["", f"Returned by {', '.join(f':py:func:`~{one}`' for one in makers)}.", ""]


def _formula(writer: Any, node: nodes.math | nodes.math_block) -> None:
    from docutils.nodes import SkipNode

    block = node.tagname == "math_block"
    html = formula(node.astext(), block)
    writer.body.append(f'<div class="math">{html}</div>' if block else html)
    raise SkipNode
