"""Controls with a label that is always read out, and that report when they are released."""

import math
from typing import Any

import ipywidgets as ipw


def int_slider(label: str, value: int, low: int, high: int, step: int = 1) -> ipw.IntSlider:
    """Return a slider for whole numbers that reports when it is released."""
    return ipw.IntSlider(value, low, high, step, continuous_update=False, description=label)


def float_slider(
    label: str, value: float, low: float, high: float, step: float, format: str = ".2f"
) -> ipw.FloatSlider:
    """Return a slider for decimals that reports when it is released."""
    return ipw.FloatSlider(
        value, min=low, max=high, step=step, continuous_update=False, readout_format=format, description=label
    )


def dropdown(label: str, options: list[tuple[str, Any]], value: Any) -> ipw.Dropdown:
    """Return a choice of one of several named values."""
    return ipw.Dropdown(options=options, value=value, description=label)


def text(label: str, value: str) -> ipw.Text:
    """Return a short line of text that reports on Enter or when it is left."""
    return ipw.Text(value, continuous_update=False, description=label)


def p_value(p: float) -> str:
    """Write a p-value with its sign, as HTML: four decimals, and never as zero.

    Examples
    --------
    >>> p_value(0.0504), p_value(3e-7), p_value(float("nan"))
    ('= 0.0504', '&lt; 0.0001', 'is not defined')
    """
    if math.isnan(p):
        return "is not defined"
    return f"= {p:.4f}" if p >= 0.0001 else "&lt; 0.0001"


def bare_p(p: float) -> str:
    """Write a p-value for a list.

    Examples
    --------
    >>> bare_p(0.0504), bare_p(3e-7)
    ('0.0504', '&lt; 0.0001')
    """
    return p_value(p).removeprefix("= ")
