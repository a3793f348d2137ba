"""What the figures ask of the tables they draw: their columns, and the order of the arms."""

import pandas as pd

from lupus_kit.core.errors import InputError
from lupus_kit.figures.style import ARM_PALETTE


def need_columns(frame: pd.DataFrame, what: str, remedy: str, *columns: str) -> None:
    """Refuse a table without the columns that a figure draws: say which it lacks, and what to do."""
    lacking = [name for name in columns if name not in frame.columns]
    if lacking:
        raise InputError(f"{what} lacks {', '.join(map(repr, lacking))}: {remedy}.")


def arms_in(frame: pd.DataFrame) -> list[str]:
    """List the arms of a table in the usual order: those of the kit first, others after them."""
    found = set(frame["arm"].dropna().astype(str))
    return [arm for arm in ARM_PALETTE if arm in found] + sorted(found - set(ARM_PALETTE))
