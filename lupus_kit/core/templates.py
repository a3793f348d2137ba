"""Pages and texts that stand in a file beside the code, with places for what is computed."""

from pathlib import Path
from typing import Any


def fill(path: Path, /, **values: Any) -> str:
    """Fill a jinja template.

    Parameters
    ----------
    path : pathlib.Path
        The file. Where its name ends with ``.html.j2``, what is filled in is escaped.
    **values
        What the template names.

    Returns
    -------
    str
        The text.
    """
    from jinja2 import Environment  # only where something is shown

    environment = Environment(autoescape=path.name.endswith(".html.j2"), trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(path.read_text(encoding="utf-8")).render(values)
