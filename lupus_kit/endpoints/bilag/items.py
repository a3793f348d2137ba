"""The 97 items of BILAG-2004: number on the form, column name, label, organ system, and what may be recorded."""

from pathlib import Path
from typing import Any

import pandas as pd

#: The 97 items as a table, in the order of the form: number (on the form), id (the column name everywhere in the kit),
#: label, system, kind (``"0-4"``: 0 not present, 1 improving, 2 same, 3 worse, 4 new; ``"yes/no"``; ``"number"``), unit,
#: low and high (wide limits that catch a wrong unit, a choice of the kit), gives (the grade that an item of the common
#: scheme gives). Item 36 (cerebellar ataxia) as an item that gives A is the least certain entry.
BILAG_ITEMS: pd.DataFrame = pd.read_csv(Path(__file__).with_name("items.csv"), keep_default_na=False)

#: The same, one by one, with the columns as attributes.
ITEMS: tuple[Any, ...] = tuple(BILAG_ITEMS.itertuples(index=False, name="BilagItem"))

#: The items by column name, in the order of the form.
BY_ID: dict[str, Any] = {item.id: item for item in ITEMS}


#: The items by number on the form.
BY_NUMBER: dict[int, Any] = {item.number: item for item in ITEMS}

#: What the levels of a ``"0-4"`` item mean.
LEVELS: tuple[str, ...] = ("not present", "improving", "same", "worse", "new")
