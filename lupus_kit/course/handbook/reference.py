"""The reference: every public name of every room with its docstring, written as sources for Sphinx's autodoc."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

import pandas as pd

#: The rooms in the order of the walk, then what stands beside them.
ROOMS = (
    "published",
    "design",
    "cohort",
    "endpoints",
    "inference",
    "audit",
    "simulation",
    "figures",
    "widgets",
    "lessons",
    "course",
)


def public_names(room: str) -> dict[str, Any]:
    """Return what a room offers.

    Parameters
    ----------
    room : str
        For example ``"inference"``.

    Returns
    -------
    dict
        The objects by name, in the order of the room's own list.

    Examples
    --------
    >>> "compare" in public_names("inference")
    True
    """
    module = importlib.import_module(f"lupus_kit.{room}")
    return {name: getattr(module, name) for name in module.__all__}


def reference_page(room: str) -> str:
    """Write the source of a room's page.

    Parameters
    ----------
    room : str
        For example ``"inference"``.

    Returns
    -------
    str
        reStructuredText: what the room is for, a line for each name, then each name in full.

    Examples
    --------
    >>> print(reference_page("design")[:30])
    lupus_kit.design
    ================
    """
    title = f"lupus_kit.{room}"
    names = public_names(room)
    entries = "\n\n".join(_entry(f"{title}.{name}", thing) for name, thing in names.items())
    rows = "\n".join(
        f"   * - :py:obj:`{name} <{title}.{name}>`\n     - {_first_line(name, thing)}" for name, thing in names.items()
    )
    return f"""{title}
{"=" * len(title)}

.. automodule:: {title}

.. list-table:: Names
   :widths: 30 70

{rows}

{entries}
"""


def _entry(full: str, thing: Any) -> str:
    """Write the directive for one name."""
    name = full.rpartition(".")[2]
    if isinstance(thing, ModuleType):
        return f".. automodule:: {full}\n   :members:"
    if isinstance(thing, type):
        makers = ", ".join(f":py:func:`~{one}`" for one in _makers().get(name, ()))
        returned = f"\n\n   Returned by {makers}." if makers else ""
        return f".. autoclass:: {full}\n   :members:{returned}"
    if callable(thing):
        return f".. autofunction:: {full}"
    room = full.rpartition(".")[0]
    return f".. py:currentmodule:: {room}\n\n.. py:data:: {name}\n\n   {_comment(name, thing)}\n\n{_indented(_content(thing))}"


def _first_line(name: str, thing: Any) -> str:
    documented = callable(thing) or isinstance(thing, ModuleType)
    text = (inspect.getdoc(thing) or "").partition("\n\n")[0] if documented else _comment(name, thing)
    return " ".join(text.split())


@cache
def _makers() -> dict[str, list[str]]:
    """List for each class the public functions whose result it is: their examples show it."""
    makers: dict[str, list[str]] = {}
    for room in ROOMS:
        for name, thing in public_names(room).items():
            if inspect.isroutine(thing):
                returned = str(inspect.signature(thing).return_annotation)
                makers.setdefault(returned, []).append(f"lupus_kit.{room}.{name}")
    return makers


def _comment(name: str, thing: Any) -> str:
    """Read the comment ``#:`` above a constant, in the module that defines it."""
    from sphinx.errors import PycodeError
    from sphinx.pycode import ModuleAnalyzer

    for key, module in sorted(sys.modules.items()):
        if key.startswith("lupus_kit.") and getattr(module, name, None) is thing:
            try:
                lines = ModuleAnalyzer.for_module(key).find_attr_docs().get(("", name))
            except PycodeError:
                continue
            if lines:
                return " ".join(" ".join(lines).split())
    return ""


def _content(thing: Any) -> str:
    """Write what a constant holds: a table, or its keys."""
    if isinstance(thing, pd.DataFrame):
        return f".. raw:: html\n\n{_indented(thing.to_html(index=False, border=0))}"
    listed = ", ".join(f"``{one}``" for one in thing)
    return f"{'Keys' if isinstance(thing, Mapping) else 'Holds'}: {listed}."


def _indented(text: str) -> str:
    return "\n".join(f"   {line}" for line in text.splitlines())
