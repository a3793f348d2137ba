"""The texts in ``templates`` with places for what is computed: Markdown for pages, one piece a line for the sheets."""

from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, Template


def template(name: str) -> Template:
    """Read one text.

    Parameters
    ----------
    name : str
        A file of the folder ``templates``.

    Returns
    -------
    jinja2.Template
        What has to be escaped says so in the text, with ``| e``; a data frame becomes HTML with ``| table``.
    """
    texts = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")), trim_blocks=True, lstrip_blocks=True
    )
    texts.filters["table"] = _table
    return texts.get_template(name)


def _table(frame: pd.DataFrame) -> str:
    html = str(frame.to_html(index=False, border=0, classes="table", justify="left"))
    return html.replace("\\n", "<br>").replace("\n", "")
