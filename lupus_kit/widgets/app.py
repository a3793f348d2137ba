"""What every widget of the kit shares: controls, one picture, one text, a reset button, a view that can be sent.

The logic of a widget is a plain function from values to a :class:`Scene`; it is tested without a kernel. The
app only shows what the function returns. It uses no Output widget, so an error can never hide in one.
"""

from __future__ import annotations

import base64
import gc
import html
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ipywidgets as ipw
from matplotlib.axes import Axes

from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.core.templates import toml_beside
from lupus_kit.figures import Live, alt_text
from lupus_kit.widgets import state as _state

# What ipywidgets leaves out, done by each picture once it is there. Keys pressed on a control are the control's: otherwise
# JupyterLab takes the arrows of a list for moves between cells. Handles of sliders get the name that stands above them,
# for screen readers: ipywidgets gives descriptions and tooltips to the label only. Twice, because controls of nested boxes
# may come later than the picture.
_WHEN_SHOWN = " ".join(Path(__file__).with_name("app.js").read_text(encoding="utf-8").split())
#: What a student may try on each board, and the conditions that tell whether the present view fulfils it.
TASKS = toml_beside(__file__, "tasks.toml")
#: Controls beside the picture, and below each other on a phone.
STYLE = f"<style>{Path(__file__).with_name('app.css').read_text(encoding='utf-8')}</style>"


@contextmanager
def _short_lived() -> Iterator[None]:
    """Hold the garbage collector back while a figure lives, then let it take what the figure left.

    Otherwise it files parts of the figure under "old", and after some ten pictures looks through everything that is old,
    imported libraries too: a tenth of a second in which a slider seems to hang.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0)
        if was_on:
            gc.enable()


@dataclass(frozen=True)
class Scene:
    """What a widget shows for one setting of its controls.

    Attributes
    ----------
    text : str
        The result in words, as HTML: nothing is told by the picture alone.
    axes : matplotlib.axes.Axes or None
        The picture, with alt text; ``None`` for a text without a picture.
    layout : hashable
        Scenes with the same value share the places of axes and labels; another value asks for a new layout.
    more : str
        Longer lists, as HTML: shown below the picture, so that picture and controls stay together.
    facts : mapping of str to number
        What the tasks of the board ask about, by name.

    Examples
    --------
    >>> from lupus_kit.widgets import Scene
    >>> Scene("16 of 29").text
    '16 of 29'
    """

    text: str
    axes: Axes | None = None
    layout: Hashable = None
    more: str = ""
    facts: Mapping[str, float] = field(default_factory=dict)


class App(ipw.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Controls at the side, a sentence over a picture, and below both what is too long for a sentence.

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
        Largest height of the picture, in pixels: the whole fits a laptop's screen.
    name : str
        Name of the function that builds the widget, as it stands in :attr:`state`.
    fixed : mapping of str to int, optional
        What the widget was built with and cannot be moved; part of its state.

    Attributes
    ----------
    controls, defaults : dict
        The controls by name, and their values at the start.
    fulfilled : dict of str to bool
        The tasks of the board, and whether what it shows fulfils them.
    live : lupus_kit.figures.Live
        Makes the pictures, and keeps their axes.

    Examples
    --------
    >>> from lupus_kit import widgets
    >>> board = widgets.table_explorer()
    >>> board.values["x1"]
    16
    >>> board.state
    'table_explorer?n1=29;n2=30;x1=16;x2=9;test=pearson'
    >>> board.set(x1=17).values["x1"]
    17
    >>> board.reset()
    >>> board.refresh()
    >>> board.values["x1"]
    16
    """

    def __init__(
        self,
        title: str,
        controls: Mapping[str, ipw.Widget],
        scene: Callable[..., Scene],
        height: int = 380,
        *,
        name: str,
        fixed: Mapping[str, int] | None = None,
    ) -> None:
        self.name, self.fixed = name, dict(fixed or {})
        self.controls = dict(controls)
        self.defaults = {key: control.value for key, control in controls.items()}
        self._scene, self._height = scene, height
        self.live = Live()
        self._quiet = False
        self.text = ipw.HTML()
        self.picture = ipw.HTML()
        self.tasks = ipw.HTML()
        self.more = ipw.HTML().add_class("lupus-kit-more")
        self.reset_button = ipw.Button(description="Reset", tooltip="Back to the values at the start", icon="undo")
        self.reset_button.on_click(lambda _: self.reset())
        self.view = ipw.Text(
            description="this view",
            tooltip="Copy this line to send what you see; paste one and press Enter to see what somebody sent",
            continuous_update=False,
        )
        self.view.observe(self._pasted, names="value")
        for control in controls.values():
            control.observe(self._changed, names="value")
        heading = ipw.HTML(f"{STYLE}<b>{html.escape(title)}</b>")
        side = ipw.VBox([*controls.values(), self.tasks, self.view, self.reset_button]).add_class("lupus-kit-controls")
        shown = ipw.VBox([self.text, self.picture]).add_class("lupus-kit-shown")
        self.columns = ipw.HBox([side, shown]).add_class("lupus-kit-columns")
        super().__init__([heading, self.columns, self.more])
        self.add_class("lupus-kit-app")
        self.refresh()

    @property
    def values(self) -> dict[str, Any]:
        """Current values of the controls, by name."""
        return {name: control.value for name, control in self.controls.items()}

    @property
    def state(self) -> str:
        """What the widget shows, as a short string: :meth:`load` and :func:`from_state` read it."""
        return _state.write(self.name, self.fixed | self.values)

    def set(self, **values: Any) -> App:
        """Set several controls at once and draw once.

        Raises
        ------
        InputError
            There is no control of that name.
        """
        for name in values:
            require_choice("control", name, self.controls)
        self._quiet = True
        try:
            for name, value in values.items():
                self.controls[name].value = value
        finally:
            self._quiet = False
        self.refresh()
        return self

    def load(self, state: str) -> App:
        """Show what a state string says; controls it does not name go back to their start.

        Parameters
        ----------
        state : str
            As :attr:`state` gives it; the name of the widget in front may be missing.

        Returns
        -------
        App
            The widget itself.

        Raises
        ------
        InputError
            A string that is not a state, or one of another widget; then nothing has moved.

        Examples
        --------
        >>> from lupus_kit import widgets
        >>> widgets.table_explorer().load("table_explorer?x1=17;test=fisher").values["x1"]
        17
        """
        name, pieces = _state.split(state)
        if name and name != self.name:
            raise InputError(
                f"this view belongs to the widget {name!r}, and this one is {self.name!r}: give it to "
                "lupus_kit.widgets.from_state, which builds the right one."
            )
        for key, value in self.fixed.items():
            if pieces.pop(key, str(value)) != str(value):
                raise InputError(
                    f"this view was made with another {key} than {value}: give it to lupus_kit.widgets.from_state, "
                    "which builds the right widget."
                )
        read = {}
        for key, written in pieces.items():
            require_choice("control", key, self.controls)
            read[key] = _state.value_of(key, self.controls[key], written)
        return self.set(**self.defaults | read)

    def reset(self) -> None:
        """Go back to the values at the start."""
        self.set(**self.defaults)

    def _changed(self, _: object) -> None:
        if not self._quiet:
            self.refresh()

    def _pasted(self, change: Mapping[str, Any]) -> None:
        if change["new"] == self.state:
            return
        try:
            self.load(change["new"])
        except InputError as error:
            self._complain(error)

    def _complain(self, error: InputError) -> None:
        self.text.value = f"<p role='alert'>⚠ {html.escape(str(error))}</p>"

    def refresh(self) -> None:
        """Draw the scene for the current values."""
        self.view.value = self.state
        try:
            with _short_lived():
                with self.live.drawing():
                    scene = self._scene(**self.values)
                picture = "" if scene.axes is None else self._drawn(scene.axes, scene.layout)
        except InputError as error:
            self._judge(None)
            self._complain(error)
            return
        self._judge(scene.facts)
        self.text.value = f"<div aria-live='polite'>{scene.text}</div>"
        # One change of a widget's value is one repaint: the old picture stays until the new one is there.
        self.picture.value = picture
        self.more.value = scene.more

    def _judge(self, facts: Mapping[str, float] | None) -> None:
        """Look at every task: does the present view fulfil it? Without facts, where nothing can be shown, it does not."""
        values = self.values
        moved = sum(  # of patients: ticked one by one, or counted by responders; a seed or a size moves nobody
            len({*now} ^ {*self.defaults[name]}) if isinstance(now, tuple) else abs(now - self.defaults[name])
            for name, now in values.items()
            if isinstance(now, tuple) or name in ("x1", "x2")
        )
        known = {**(facts or {}), **values, "moved": moved}
        self.fulfilled = {
            task["text"]: facts is not None and all(_state.holds(one, known) for one in task["when"])
            for task in TASKS.get(self.name, [])
        }
        lines = (f"<li>{'✓ done:' if done else '○ task:'} {text}</li>" for text, done in self.fulfilled.items())
        self.tasks.value = f"<ul aria-live='polite'>{''.join(lines)}</ul>"

    def _drawn(self, axes: Axes, layout: Hashable) -> str:
        alt = html.escape(alt_text(axes))
        data = base64.b64encode(self.live.png(axes, layout)).decode("ascii")
        # Its size is told, so that the page does not jump while a new picture is unpacked.
        page = axes.figure.bbox
        small = min(1, self._height / page.height)
        return (
            f'<img alt="{alt}" src="data:image/png;base64,{data}" decoding="sync" width="{small * page.width:.0f}" '
            f'height="{small * page.height:.0f}" style="max-width:100%;height:auto" onload="{html.escape(_WHEN_SHOWN)}">'
        )
