"""The 24 descriptors of the SLE disease activity index, and which of them each version counts when they are stable."""

from pathlib import Path
from typing import Any

import pandas as pd

#: The 24 descriptors as a table, in the order of the form: id (the column name everywhere in the kit), weight (points when
#: present), label, domain (of the index), definition (when it is present, paraphrased: check the original form before clinical
#: use), source (where the definition comes from, and which version changed it).
SLEDAI_ITEMS: pd.DataFrame = pd.read_csv(Path(__file__).with_name("items.csv"))

#: The same, one by one, with the columns as attributes.
ITEMS: tuple[Any, ...] = tuple(SLEDAI_ITEMS.itertuples(index=False, name="SledaiItem"))

#: Ids of the 24 descriptors in the order of the form.
ITEM_IDS: tuple[str, ...] = tuple(item.id for item in ITEMS)

#: Descriptors that need not be new in every version; see ``STABLE_SCORES_ZERO``.
STABLE_IDS: tuple[str, ...] = ("proteinuria", "rash", "alopecia", "mucosal_ulcer")

#: For each version, the descriptors that score nothing when the finding is present but stable. ``"hybrid"`` is
#: SELENA-SLEDAI with the proteinuria item of SLEDAI-2K, as EMBRACE and BLISS-SC used it.
STABLE_SCORES_ZERO: dict[str, tuple[str, ...]] = {
    "SLEDAI": STABLE_IDS,
    "SELENA": ("proteinuria",),
    "2K": (),
    "hybrid": (),
}

#: Descriptors from blood tests of immunity, which a "clinical" score leaves out.
SEROLOGY_IDS: tuple[str, ...] = ("low_complement", "dna_binding")
