"""Still pictures of widgets, made from their saved state, for pages on which nothing can be moved."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from lupus_kit.course.execution import ANSI, REFERENCE, VIEW, widget_state

if TYPE_CHECKING:
    from nbformat import NotebookNode

_SIDE_BY_SIDE = {"HBoxModel", "GridBoxModel"}
#: Widgets that do something only when pressed have nothing to show on paper.
_SILENT = {"ButtonModel", "LayoutModel", "FileUploadModel", "PlayModel"}


def snapshot(data: Mapping[str, Any], notebook: NotebookNode) -> str | None:
    """Draw the widget that an output displays.

    Parameters
    ----------
    data : mapping
        The output's data by MIME type.
    notebook : nbformat.NotebookNode
        The executed notebook, which holds the state of the widgets.

    Returns
    -------
    str or None
        HTML; None if the output is not a widget.
    """
    if VIEW not in data:
        return None
    body = _draw(data[VIEW]["model_id"], widget_state(notebook))
    note = "A still picture of a widget. Open the notebook in JupyterLab to move it."
    return f'<div class="lk-still"><p class="lk-note">{note}</p>{body}</div>'


def picture(data: Mapping[str, Any], metadata: Mapping[str, Any]) -> str | None:
    """Make an ``img`` element with its alt text.

    Parameters
    ----------
    data : mapping
        An output's data by MIME type.
    metadata : mapping
        The output's metadata by MIME type; ``alt`` is read from it.

    Returns
    -------
    str or None
        HTML; None if the output has no PNG.
    """
    if "image/png" not in data:
        return None
    facts = metadata.get("image/png", {})
    size = "".join(f' {key}="{int(facts[key])}"' for key in ("width", "height") if key in facts)
    encoded = "".join(str(data["image/png"]).split())
    alt = escape(facts.get("alt") or metadata.get("alt") or "")
    return f'<img alt="{alt}"{size} src="data:image/png;base64,{encoded}">'


def _draw(model_id: str, state: Mapping[str, Any]) -> str:
    model = state.get(model_id, {})
    name, values = model.get("model_name", ""), model.get("state", {})
    if name in _SILENT or (values.get("layout") and _hidden(values["layout"], state)):
        return ""
    if "children" in values:
        form = [state.get(child.removeprefix(REFERENCE), {}) for child in values["children"]]
        if len(form) > 1 and all(box.get("model_name") == "CheckboxModel" for box in form):
            return _draw_form([box["state"] for box in form])
        inside = "".join(_draw(child.removeprefix(REFERENCE), state) for child in values["children"])
        return f'<div class="{"lk-row" if name in _SIDE_BY_SIDE else "lk-column"}">{inside}</div>'
    if name == "OutputModel":
        return "".join(_draw_output(output) for output in values.get("outputs") or ())
    return _draw_control(name, values)


def _draw_form(boxes: list[Mapping[str, Any]]) -> str:
    """Write a form of check boxes in one line: what is ticked. The form's name stands before it."""
    ticked = [box["description"].rpartition(": ")[2] for box in boxes if box["value"]]
    return f"<div>{len(ticked)} of {len(boxes)} ticked: <strong>{escape(', '.join(ticked) or 'none')}</strong></div>"


def _hidden(layout: str, state: Mapping[str, Any]) -> bool:
    return bool(state.get(layout.removeprefix(REFERENCE), {}).get("state", {}).get("display") == "none")


def _draw_output(output: Mapping[str, Any]) -> str:
    if output.get("output_type") == "stream":
        return f"<pre>{escape(ANSI.sub('', output.get('text', '')))}</pre>"
    if output.get("output_type") == "error":
        return f"<pre>{escape(output.get('ename', 'error'))}: {escape(output.get('evalue', ''))}</pre>"
    data = output.get("data", {})
    if "text/html" in data:
        return str(data["text/html"])
    drawn = picture(data, output.get("metadata", {}))
    return drawn if drawn is not None else f"<pre>{escape(str(data.get('text/plain', '')))}</pre>"


def _draw_control(name: str, values: Mapping[str, Any]) -> str:
    label = values.get("description") or ""
    if name in {"HTMLModel", "HTMLMathModel"}:
        return f"<div>{escape(label)} {values.get('value', '')}</div>"
    shown = _value(values)
    if shown is None:
        return ""
    named = f"{escape(label)}: " if label else ""
    return f"<div>{named}<strong>{escape(shown)}</strong></div>"


def _value(values: Mapping[str, Any]) -> str | None:
    """Read what a control is set to, in the words that its user sees."""
    labels = values.get("_options_labels")
    if labels is not None:
        index = values.get("index")
        chosen = index if isinstance(index, list | tuple) else [] if index is None else [index]
        return ", ".join(str(labels[place]) for place in chosen) or "nothing chosen"
    value = values.get("value")
    if isinstance(value, bool):
        return "on" if value else "off"
    several = value if isinstance(value, list | tuple) else [value]
    shown = " to ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in several)
    return None if value is None else shown
