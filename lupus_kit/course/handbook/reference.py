"""The reference: every public name of every room with its docstring, written as sources for Sphinx's autodoc."""

import importlib
import inspect
import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import lupus_kit
from lupus_kit.core.templates import fill

_TEMPLATES = Path(__file__).with_name("templates")
#: The rooms in the order of the walk, then what stands beside them.
ROOMS = tuple(
    "published design cohort endpoints inference audit simulation figures widgets lessons course".split()  # noqa: SIM905
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
        reStructuredText: constants, a line for each function and class, then each in full.

    Examples
    --------
    >>> print(reference_page("design")[:33])
    lupus_kit.design
    ================
    """
    title = f"lupus_kit.{room}"
    names = public_names(room)
    modules = [name for name, thing in names.items() if isinstance(thing, ModuleType)]
    documented = [name for name, thing in names.items() if callable(thing)]
    constants = {name: _comment(room, name) for name in names if name not in {*modules, *documented}}
    return fill(_TEMPLATES / "reference.rst", title=title, constants=constants, documented=documented, modules=modules)


def front_page() -> str:
    """Write the source of the page of what stands at the top of the kit.

    Returns
    -------
    str
        reStructuredText: each name of ``lupus_kit`` itself with the room that it lives in.

    Examples
    --------
    >>> "inference.compare" in front_page()
    True
    """
    names = [name for name in dir(lupus_kit) if name != "__version__" and name not in ROOMS]
    offered = ((room, *one) for room in ROOMS for one in public_names(room).items())
    homes = {name: room for room, name, thing in offered if thing is getattr(lupus_kit, name, None)}
    rows = [f"{homes[name]}.{name}" for name in names if name in homes]
    return fill(_TEMPLATES / "front.rst", offered=rows, classes=[name for name in names if name not in homes])


def _comment(room: str, name: str) -> str:
    """Read the comment ``#:`` above a constant."""
    for path in sorted(Path(str(importlib.import_module(f"lupus_kit.{room}").__file__)).parent.rglob("*.py")):
        found = re.search(rf"^((?:#: .*\n)+){name}\b", path.read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            return found[1].replace("#: ", "").replace("\n", " ").strip()
    return ""


@cache
def functions_returning() -> dict[str, list[str]]:
    """List for each class the public functions whose result it is: their examples show it.

    Returns
    -------
    dict
        Full names of functions by the name of the class.

    Examples
    --------
    >>> functions_returning()["Comparison"]
    ['lupus_kit.inference.compare']
    """
    found: dict[str, list[str]] = {}
    for room in ROOMS:
        for name, thing in public_names(room).items():
            if inspect.isroutine(thing):
                returned = inspect.signature(thing).return_annotation
                found.setdefault(getattr(returned, "__name__", str(returned)), []).append(f"lupus_kit.{room}.{name}")
    return found
