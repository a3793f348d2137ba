"""What every widget of the kit shares: controls, one picture, one text, a reset button.

The logic of a widget is a plain function from values to a :class:`Scene`; it is tested without a kernel. The
app only shows what the function returns. It uses no Output widget, so an error can never hide in one.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ipywidgets as ipw
from matplotlib.axes import Axes

from lupus_kit._errors import InputError, unknown_name
from lupus_kit.figures import alt_text, img, png


@dataclass(frozen=True)
class Scene:
    """What a widget shows for one setting of its controls.

    Attributes
    ----------
    text : str
        The result in words, as HTML: nothing is told by the picture alone.
    axes : matplotlib.axes.Axes or None
        The picture, with alt text; ``None`` for a text without a picture.
    """

    text: str
    axes: Axes | None = None


class App(ipw.VBox):
    """Controls on top, then a sentence, then a picture.

    Parameters
    ----------
    title : str
        Heading.
    controls : mapping of str to ipywidgets.Widget
        Controls by the name of the argument they set.
    scene : callable
        Takes the controls' values by name and returns a :class:`Scene`. An :class:`InputError` it raises is
        shown as a sentence; the last good picture stays.
    height : int
        Height kept free for the picture, in pixels, so that the page does not jump.
    """

    def __init__(
        self, title: str, controls: Mapping[str, ipw.Widget], scene: Callable[..., Scene], height: int = 420
    ) -> None:
        self._controls = dict(controls)
        self._defaults = {name: control.value for name, control in controls.items()}
        self._scene = scene
        self._quiet = False
        self.text = ipw.HTML()
        self.picture = ipw.HTML(layout=ipw.Layout(min_height=f"{height}px"))
        self.reset_button = ipw.Button(description="Reset", tooltip="Back to the values at the start", icon="undo")
        self.reset_button.on_click(lambda _: self.reset())
        for control in controls.values():
            control.observe(self._changed, names="value")
        heading = ipw.HTML(f"<b>{html.escape(title)}</b>")
        super().__init__([heading, *controls.values(), self.reset_button, self.text, self.picture])
        self.add_class("lupus-kit-app")
        self.refresh()

    @property
    def values(self) -> dict[str, Any]:
        """Current values of the controls, by name."""
        return {name: control.value for name, control in self._controls.items()}

    def set(self, **values: Any) -> App:
        """Set several controls at once and draw once.

        Raises
        ------
        InputError
            There is no control of that name.
        """
        self._quiet = True
        try:
            for name, value in values.items():
                if name not in self._controls:
                    raise unknown_name("control", name, self._controls)
                self._controls[name].value = value
        finally:
            self._quiet = False
        self.refresh()
        return self

    def reset(self) -> None:
        """Go back to the values at the start."""
        self.set(**self._defaults)

    def _changed(self, _: object) -> None:
        if not self._quiet:
            self.refresh()

    def refresh(self) -> None:
        """Draw the scene for the current values."""
        try:
            scene = self._scene(**self.values)
        except InputError as error:
            self.text.value = f"<p role='alert'>⚠ {html.escape(str(error))}</p>"
            return
        self.text.value = f"<div aria-live='polite'>{scene.text}</div>"
        # One change of a widget's value is one repaint: the old picture stays until the new one is there.
        self.picture.value = img(png(scene.axes), alt_text(scene.axes)) if scene.axes is not None else ""


def int_slider(label: str, value: int, low: int, high: int, step: int = 1) -> ipw.IntSlider:
    """Return a slider for whole numbers that reports when it is released."""
    return ipw.IntSlider(value, low, high, step, description=label, continuous_update=False, **_wide())


def float_slider(
    label: str, value: float, low: float, high: float, step: float, format: str = ".2f"
) -> ipw.FloatSlider:
    """Return a slider for decimals that reports when it is released."""
    return ipw.FloatSlider(
        value=value,
        min=low,
        max=high,
        step=step,
        description=label,
        continuous_update=False,
        readout_format=format,
        **_wide(),
    )


def dropdown(label: str, options: list[tuple[str, Any]], value: Any) -> ipw.Dropdown:
    """Return a choice of one of several named values."""
    return ipw.Dropdown(options=options, value=value, description=label, **_wide())


def _wide() -> dict[str, Any]:
    return {"layout": ipw.Layout(width="95%", max_width="640px"), "style": {"description_width": "220px"}}
