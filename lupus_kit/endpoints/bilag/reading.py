"""Reading the 97 BILAG-2004 items of a visit table into arrays, strictly, with "not done" kept apart from "absent"."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, flags, numbers, refuse_slips, require_columns
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints.bilag.items import BY_ID, ITEMS

#: Ends of optional column names.
PREVIOUS, DUE = "_previous", "_due_to_sle"


@dataclass(frozen=True)
class Recorded:
    """The items of a table as arrays, by item id.

    Attributes
    ----------
    levels : dict
        0-4 items as int8; 0 where not done.
    flags : dict
        Yes/no items as bool; False where not done.
    values : dict
        Measured items to six decimals, NaN where not done.
    counted : dict
        Measured items without the values that are marked as not due to lupus.
    done : dict
        For each system, whether any of its items is recorded.
    """

    levels: dict[str, np.ndarray]
    flags: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    counted: dict[str, np.ndarray]
    done: dict[str, np.ndarray]


def read_items(frame: pd.DataFrame, problems: BadCells, suffix: str = "") -> Recorded:
    """Read every item that is there (column name plus `suffix`); note bad cells in `problems`."""
    present = [item.id + suffix for item in ITEMS if item.id + suffix in frame.columns]
    require_columns(frame, present, "the table of items")
    found = Recorded({}, {}, {}, {}, {item.system: np.zeros(len(frame), dtype=bool) for item in ITEMS})
    for item in ITEMS:
        column = item.id + suffix
        if item.kind == "yes/no":
            flag = read_flag(frame, column, problems)
            known = flag >= 0
            found.flags[item.id] = flag == 1
        else:
            whole = item.kind == "0-4" or item.id == "dipstick_protein"
            value = np.full(len(frame), np.nan)
            if column in present:
                value = numbers(frame, column, problems, item.low, item.high, whole)
            known = np.isfinite(value)
            if item.kind == "0-4":
                found.levels[item.id] = np.clip(np.where(known, value, 0), 0, 4).astype(np.int8)
            else:
                not_lupus = read_flag(frame, item.id + DUE + suffix, problems) == 0
                found.values[item.id] = np.round(value, 6)
                found.counted[item.id] = np.where(not_lupus, np.nan, found.values[item.id])
        found.done[item.system] |= known
    return found


def check_names(frame: pd.DataFrame, what: str) -> None:
    """Raise where a column looks like a misspelt item, or where there is no item at all."""
    refuse_slips(frame, BY_ID, what)
    if not any(str(name).removesuffix(PREVIOUS) in BY_ID for name in frame.columns):
        raise InputError(f"{what} has no BILAG-2004 item; columns are named as in BILAG_ITEMS['id'].")


def read_flag(frame: pd.DataFrame, column: str, problems: BadCells) -> np.ndarray:
    """Read a yes/no column as 1, 0 or -1 (missing), a column that is not there as missing."""
    if column not in frame.columns:
        return np.full(len(frame), -1, dtype=np.int8)
    return flags(frame, column, problems)
