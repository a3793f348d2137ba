"""A form of check boxes that behaves as one control: its value is the tuple of ticked ids."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import ipywidgets as ipw
from traitlets import observe, validate

from lupus_kit.core.errors import require_choice


class Findings(ipw.VBox, ipw.ValueWidget):  # type: ignore[misc]  # ipywidgets has no types
    """Check boxes with one common value.

    Parameters
    ----------
    label : str
        Heading of the form; also told to screen readers with every box.
    options : sequence of (str, str)
        Label and id of each box, in the order of the form.
    value : sequence of str
        Ids that are ticked at the start.

    Attributes
    ----------
    value : tuple of str
        The ticked ids in the order of the form. Setting it ticks the boxes; an unknown id raises
        :class:`lupus_kit.core.errors.InputError` and changes nothing.
    boxes : dict of str to ipywidgets.Checkbox
        The boxes by id.

    Examples
    --------
    >>> form = Findings("findings", [("Rash", "rash"), ("Fever", "fever")], ["rash"])
    >>> form.boxes["fever"].value = True
    >>> form.value
    ('rash', 'fever')
    """

    def __init__(self, label: str, options: Sequence[tuple[str, str]], value: Sequence[str] = ()) -> None:
        # For screen readers; on the page the form stands beside its own words.
        said = {key: f"{label}: {name}" for name, key in options}
        self.boxes = {key: ipw.Checkbox(key in value, description=said[key], indent=False) for key in said}
        form = ipw.Box(list(self.boxes.values())).add_class("lupus-kit-boxes")
        super().__init__([ipw.HTML(f"<b>{label}</b>"), form])
        self.value = value
        for key, box in self.boxes.items():
            box.observe(partial(self._ticked, key), names="value")

    @validate("value")
    def _in_order(self, proposal: dict[str, Any]) -> tuple[str, ...]:
        for key in proposal["value"]:
            require_choice("finding", key, self.boxes)
        return tuple(key for key in self.boxes if key in proposal["value"])

    @observe("value")
    def _fill(self, change: dict[str, Any]) -> None:
        for key, box in self.boxes.items():
            box.value = key in change["new"]

    def _ticked(self, key: str, change: dict[str, Any]) -> None:
        self.value = tuple(one for one in self.value if one != key) + (key,) * change["new"]
