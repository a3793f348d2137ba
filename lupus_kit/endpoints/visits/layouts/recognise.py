"""Which layout a visit file has, and the same file in one layout: one row per patient and visit."""

from lupus_kit.core.tables import RawTable
from lupus_kit.endpoints.visits.layouts.one_row_a_patient import from_wide
from lupus_kit.endpoints.visits.layouts.one_row_a_visit import from_long, map_columns
from lupus_kit.endpoints.visits.layouts.tidy import TidyTable


def recognise(raw: RawTable, layout: str) -> TidyTable:
    """Undo the layout of a visit file.

    Parameters
    ----------
    raw : RawTable
        The cells of the file.
    layout : {"auto", "long", "wide"}
        The layout, or ``"auto"`` to take it from the names of the columns.

    Returns
    -------
    TidyTable
        One row per patient and visit, with the kit's own names.

    Raises
    ------
    InputError
        If columns are missing, there twice or nearly misspelt.
    """
    mapped, ignored, chosen = map_columns(raw, layout)
    return (from_wide if chosen == "wide" else from_long)(raw, mapped, ignored)
