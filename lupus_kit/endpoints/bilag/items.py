"""The 97 items of BILAG-2004: number on the form, column name, label, organ system, and what may be recorded."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class BilagItem:
    """One item of the form: a row of ``items.csv``.

    Attributes
    ----------
    number : int
        Number on the form, 1 to 97.
    id : str
        Column name used everywhere in the kit.
    label : str
        Short name for reasons, tables and figures.
    system : str
        Organ system, one of ``BILAG_SYSTEMS``.
    kind : str
        ``"0-4"`` (0 not present, 1 improving, 2 same, 3 worse, 4 new), ``"yes/no"`` or ``"number"``.
    unit : str
        Unit of a number; empty for the other kinds.
    low, high : float
        Smallest and largest value that is accepted. The limits of numbers are wide: they are there to catch
        a wrong unit, and they are a choice of the kit.
    gives : str
        In the systems that follow the common scheme, the grade that the item gives; empty in the other systems.
    """

    number: int
    id: str
    label: str
    system: str
    kind: str
    unit: str
    low: float
    high: float
    gives: str


#: The 97 items as a table, in the order of the form: number, id, label, system, kind, unit, low, high, gives. Item 36
#: (cerebellar ataxia) as an item that gives A is the least certain entry.
BILAG_ITEMS: pd.DataFrame = pd.read_csv(Path(__file__).with_name("items.csv"), keep_default_na=False)

#: The same, one by one.
ITEMS: tuple[BilagItem, ...] = tuple(BilagItem(*row) for row in BILAG_ITEMS.itertuples(index=False))

#: The items by column name, in the order of the form.
BY_ID: dict[str, BilagItem] = {item.id: item for item in ITEMS}

#: The items by number on the form.
BY_NUMBER: dict[int, BilagItem] = {item.number: item for item in ITEMS}

#: What the levels of a ``"0-4"`` item mean.
LEVELS: tuple[str, ...] = ("not present", "improving", "same", "worse", "new")
