"""Numbers with a decimal comma, read as such where the whole file says so."""

import re
from dataclasses import replace

import numpy as np

from lupus_kit.endpoints.visits.file_columns import BY_NAME
from lupus_kit.endpoints.visits.layouts.tidy import TidyTable, distinct_cells

_COMMA, _POINT = re.compile(r"\s*[-+]?\d+,(\d+)\s*"), re.compile(r"\s*[-+]?\d*\.\d+\s*")


def read_decimal_comma(tidy: TidyTable) -> TidyTable:
    """Write decimal commas as points, if no number of the file has a point.

    Three figures after every comma could as well be thousands: such a file is left for the reader of cells to refuse.

    Parameters
    ----------
    tidy : TidyTable
        The cells as written.

    Returns
    -------
    TidyTable
        The cells with points, and a note.
    """
    changed: dict[str, np.ndarray] = {}
    decimals: set[int] = set()
    for name in map(str, tidy.cells):
        if BY_NAME[name].kind not in ("number", "whole number"):
            continue
        codes, cells = distinct_cells(tidy.cells[name])
        words = [cell if isinstance(cell, str) else "" for cell in cells]
        if any(map(_POINT.fullmatch, words)):
            return tidy
        found = [_COMMA.fullmatch(word) for word in words]
        if any(found):
            decimals |= {len(match[1]) for match in found if match}
            plain = [
                word.replace(",", ".") if match else cell for word, match, cell in zip(words, found, cells, strict=True)
            ]
            changed[name] = np.array([*plain, None], dtype=object)[codes]
    if not decimals - {3}:
        return tidy
    notes = (*tidy.notes, "Numbers were read with a decimal comma: no number of the file has a point.")
    return replace(tidy, cells=tidy.cells.assign(**changed), notes=notes)
