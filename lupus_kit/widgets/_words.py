"""Numbers as the texts of all widgets write them."""

from __future__ import annotations

import math


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
