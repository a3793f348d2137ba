"""Two small notebooks with everything that a page of the handbook has to show."""

from __future__ import annotations

import nbformat
from nbformat import v4


def notebook(title: str, *cells: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Make a notebook that opens as a stop does."""
    opening = v4.new_markdown_cell(
        f"# {title}\n\nA *short* lead with $\\frac{{1}}{{2}}$.\n\nAbout 20 minutes.", id="title"
    )
    return v4.new_notebook(cells=[opening, *cells])


_PICTURE = """import io
import matplotlib.pyplot as plt
from IPython.display import Image
stream = io.BytesIO()
plt.figure(figsize=(1, 1)).savefig(stream, format="png")
plt.close("all")
Image(stream.getvalue(), format="png", alt="an empty square")"""
_WIDE = "from IPython.display import HTML\nHTML('<table><tr>' + '<td>number</td>' * 80 + '</tr></table>')"
_COLOURED = "HTML(\"<b style='color:#a03060'>These are invented.</b>\")"

NOTEBOOKS = {
    "80_one": notebook(
        "The first of two",
        v4.new_markdown_cell("## Two arms\n\nSee [the next](81_two.ipynb#A-second-part). Quokkas count.", id="arms"),
        v4.new_code_cell("print('<b>16 & 9</b>')\n6 * 7", id="sum"),
        v4.new_code_cell(_PICTURE, id="picture"),
        v4.new_markdown_cell("<details><summary>Solution 80.1</summary>\n\nxylophone\n\n</details>", id="solved"),
        v4.new_markdown_cell("<details><summary>If it fails</summary>\n\nwombat\n\n</details>", id="help"),
    ),
    "81_two": notebook(
        "The second of two",
        v4.new_markdown_cell("## A second part\n\nBack to [the first](80_one.ipynb).", id="part"),
        v4.new_code_cell("import ipywidgets\nipywidgets.IntSlider(value=3, description='patients')", id="widget"),
        v4.new_code_cell(_WIDE, id="wide"),
        v4.new_code_cell(_COLOURED, id="coloured"),
    ),
}
