"""Pages, texts and tables that stand in a file beside the code: filled with what is computed, or read as data."""

import tomllib
from pathlib import Path
from typing import Any


def toml_beside(module: str, name: str) -> dict[str, Any]:
    """Read a TOML file that stands beside a module.

    Parameters
    ----------
    module : str
        The module's ``__file__``.
    name : str
        The file, or the folder and the file.

    Returns
    -------
    dict
        What stands in it.
    """
    return tomllib.loads((Path(module).parent / name).read_text(encoding="utf-8"))


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
