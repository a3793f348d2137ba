"""Which layout a visit file has, and the same file in one layout: one row per patient and visit."""

from collections.abc import Mapping
from dataclasses import replace

from lupus_kit.core.errors import InputError
from lupus_kit.core.tables import RawTable
from lupus_kit.endpoints.visits.layouts.decimal_comma import read_decimal_comma
from lupus_kit.endpoints.visits.layouts.long_and_wide import from_long, from_wide, map_columns
from lupus_kit.endpoints.visits.layouts.one_row_a_test import find_roles, from_tests
from lupus_kit.endpoints.visits.layouts.redcap import undo_redcap
from lupus_kit.endpoints.visits.layouts.tidy import TidyTable
from lupus_kit.endpoints.visits.layouts.value_labels import use_labels

#: ``"long"``: one row per patient and visit; ``"wide"``: one per patient; ``"tests"``: one per patient, visit and test.
LAYOUTS = ("auto", "long", "wide", "tests")


def recognise(raw: RawTable, layout: str, codes: Mapping[str, str]) -> TidyTable:
    """Undo the layout of a visit file.

    Parameters
    ----------
    raw : RawTable
        The cells of the file.
    layout : {"auto", "long", "wide", "tests"}
        The layout, or ``"auto"`` to take it from the names of the columns.
    codes : mapping
        By code of a test its column.

    Returns
    -------
    TidyTable
        One row per patient and visit, with the kit's own names and decimal points.

    Raises
    ------
    InputError
        If columns are missing, there twice or nearly misspelt, or tests are not known.
    """
    raw = use_labels(raw)
    roles = find_roles(raw) if layout in ("auto", "tests") else {}
    if roles:
        return read_decimal_comma(from_tests(raw, roles, codes))
    if codes or layout == "tests":
        given = "a table of codes is given" if codes else "the layout 'tests' is asked for"
        needed = "a column of codes (QSTESTCD, PARAMCD or test) and one of values (QSSTRESN, AVAL or value) are needed"
        raise InputError(f"{given}, but {raw.source} has not one row a test: {needed}. Nothing was scored.")
    raw = undo_redcap(raw)
    columns, ignored, chosen, notes = map_columns(raw, layout)
    raw = replace(raw, notes=(*raw.notes, *notes))
    return read_decimal_comma((from_wide if chosen == "wide" else from_long)(raw, columns, ignored))
