"""Every public name is shown at work: in its own example, or in that of its class."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from lupus_kit import figures
from lupus_kit.course.handbook.reference import ROOMS, public_names


def _example(thing: object) -> str:
    words = inspect.getdoc(thing) or ""
    return "\n".join(re.findall(r"^ *(?:>>>|\.\.\.) .*$", words, re.MULTILINE))


def _without_example(names: dict[str, Any]) -> list[str]:
    missing = []
    for name, thing in names.items():
        if not (inspect.isfunction(thing) or inspect.isclass(thing)):
            continue
        example = _example(thing)
        missing += [name] if not example else []
        for method, value in vars(thing).items() if inspect.isclass(thing) else ():
            called = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
            if not method.startswith("_") and inspect.isfunction(called) and not _example(called):
                missing += [f"{name}.{method}"] if f".{method}" not in example else []
    return missing


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_function_class_and_method_has_an_example(room):
    assert _without_example(public_names(room)) == []


@pytest.mark.parametrize(
    "module",
    [one for one in vars(figures).values() if inspect.ismodule(one) and one.__name__ != "lupus_kit.figures.style"],
    ids=lambda one: one.__name__,
)
def test_every_figure_has_an_example(module):
    own = {name: one for name, one in vars(module).items() if getattr(one, "__module__", "") == module.__name__}
    drawn = {name: one for name, one in own.items() if inspect.isfunction(one) and not name.startswith("_")}
    figure = {name: one for name, one in drawn.items() if "Axes" in str(inspect.signature(one).return_annotation)}
    assert _without_example(figure) == []


def test_a_method_without_an_example_is_found():
    class Shown:
        """Words.

        >>> Shown().one()
        """

        def one(self) -> None:
            """Shown by its class."""

        def two(self) -> None:
            """Shown nowhere."""

    assert _without_example({"Shown": Shown}) == ["Shown.two"]
