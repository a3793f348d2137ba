"""Two rows of names, as merged cells of a spreadsheet leave them: visits above quantities, or quantities above visits."""

import re

from lupus_kit.core.columns import fold, is_missing
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints.visits.file_columns import BY_FOLDED
from lupus_kit.endpoints.visits.weeks import split_wide

_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?")


def join_names(first: list[str], second: list[object]) -> list[str] | None:
    """Join two rows of names to the names of the wide layout.

    A merged cell keeps its text in its first column, so a text of the first row reaches to the next one.

    Parameters
    ----------
    first : list of str
        The first row; empty where nothing stands.
    second : list of object
        The cells of the second row.

    Returns
    -------
    list of str or None
        One name a column; None where the second row is no row of names.

    Raises
    ------
    InputError
        If it cannot be said to which visit a column belongs.

    Examples
    --------
    >>> join_names(["", "Baseline", "", "Week 12", ""], ["Patient", "SLEDAI", "PGA", "SLEDAI", "PGA"])
    ['Patient', 'SLEDAI Baseline', 'PGA Baseline', 'SLEDAI Week 12', 'PGA Week 12']
    >>> join_names(["patient", "sledai_week12"], ["A", "4"]) is None
    True
    """
    texts = ["" if is_missing(cell) else str(cell).strip() for cell in second]
    if all(name.strip() for name in first) or any(map(_NUMBER.fullmatch, texts)):
        return None
    above, names, blocks = "", list[str](), list[str]()
    for top, below in zip(first, texts, strict=True):
        above = top.strip() or (above if below else "")
        is_key = fold(below) in BY_FOLDED and BY_FOLDED[fold(below)].name in ("patient", "arm")  # these have no visit
        own = not above or not below or is_key
        names.append(below or above if own else f"{below} {above}")
        blocks.append("" if own else above)
    wide, _ = split_wide((name for name, block in zip(names, blocks, strict=True) if block), [])
    fields = [
        (wide[name][0].name if block and name in wide else "", block) for name, block in zip(names, blocks, strict=True)
    ]
    several = {block for name, block in fields if name not in ("", "visit", "week", "day")}
    if not several:
        return None
    for (name, block), top, below in zip(fields, first, texts, strict=True):
        alone = name and not any(other == name and at != block for other, at in fields)
        if alone and fold(below) in BY_FOLDED and not top.strip() and len(several) > 1 and block == blocks[-1]:
            way_out = f"write the visit above it, or name it {below}_week12 or the like, if it belongs to a visit"
            what = f"column {below!r} has no visit above it and stands beside {block!r} only"
            raise InputError(f"{what}: {way_out}; delete it, if not.")
    return names
