"""The 24 descriptors of the SLE disease activity index, and which of them each version counts when they are stable."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class SledaiItem:
    """One descriptor of the index: a row of ``items.csv``.

    Attributes
    ----------
    id : str
        Column name used everywhere in the kit.
    weight : int
        Points when present: 8, 4, 2 or 1.
    label : str
        Short name for tables and figures.
    domain : str
        Organ domain of the index.
    definition : str
        When the item is present, paraphrased. Check the original form before clinical use.
    source : str
        Where the definition comes from, and which version changed it.
    """

    id: str
    weight: int
    label: str
    domain: str
    definition: str
    source: str


#: The 24 descriptors as a table, in the order of the form: id, weight, label, domain, definition, source.
SLEDAI_ITEMS: pd.DataFrame = pd.read_csv(Path(__file__).with_name("items.csv"))

#: The same, one by one.
ITEMS: tuple[SledaiItem, ...] = tuple(SledaiItem(*row) for row in SLEDAI_ITEMS.itertuples(index=False))

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
