"""The 24 descriptors of the SLE disease activity index: names, weights, organs and meaning."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pandas as pd


@dataclass(frozen=True)
class SledaiItem:
    """One descriptor of the index.

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
    """

    id: str
    weight: int
    label: str
    domain: str
    definition: str


ITEMS: tuple[SledaiItem, ...] = (
    SledaiItem("seizure", 8, "Seizure", "central nervous system",
               "Started recently; not from metabolism, infection or a drug."),
    SledaiItem("psychosis", 8, "Psychosis", "central nervous system",
               "Reality is seen so wrongly that normal life is not possible; not from uraemia or a drug."),
    SledaiItem("organic_brain", 8, "Organic brain syndrome", "central nervous system",
               "Thinking changed fast or keeps changing, attention is poor, and at least two of: false perceptions, "
               "incoherent speech, broken sleep or sleepiness by day, too much or too little movement."),
    SledaiItem("visual", 8, "Visual disturbance", "central nervous system",
               "Retinal change of lupus or optic neuritis; not from high blood pressure, infection or a drug."),
    SledaiItem("cranial_nerve", 8, "Cranial nerve disorder", "central nervous system",
               "New sensory or motor disease of a cranial nerve."),
    SledaiItem("lupus_headache", 8, "Lupus headache", "central nervous system",
               "Severe and lasting; strong pain medicine does not help."),
    SledaiItem("cva", 8, "Stroke", "central nervous system",
               "New stroke that is not explained by hardened arteries."),
    SledaiItem("vasculitis", 8, "Vasculitis", "vascular",
               "Ulcer, gangrene, tender finger nodules, infarcts round the nails, splinter bleeding, or proof by "
               "biopsy or angiogram."),
    SledaiItem("arthritis", 4, "Arthritis", "musculoskeletal",
               "Painful, inflamed joints: two or more in SLEDAI-2K, more than two in SLEDAI and SELENA-SLEDAI."),
    SledaiItem("myositis", 4, "Myositis", "musculoskeletal",
               "Pain or weakness near the trunk, with raised muscle enzymes, or shown by EMG or biopsy."),
    SledaiItem("casts", 4, "Urinary casts", "renal",
               "Casts with haem pigment or red cells."),
    SledaiItem("haematuria", 4, "Haematuria", "renal",
               "More than 5 red cells per high-power field; not from stone, infection or another cause."),
    SledaiItem("proteinuria", 4, "Proteinuria", "renal",
               "More than 0.5 g in 24 hours. SLEDAI and SELENA-SLEDAI want it new or recently risen by more than "
               "0.5 g; SLEDAI-2K also counts it when it persists."),
    SledaiItem("pyuria", 4, "Pyuria", "renal",
               "More than 5 white cells per high-power field; not from infection."),
    SledaiItem("rash", 2, "Rash", "mucocutaneous",
               "Inflamed rash. The original SLEDAI wants it new or recurrent; SELENA and 2K count it when it lasts."),
    SledaiItem("alopecia", 2, "Alopecia", "mucocutaneous",
               "Abnormal hair loss, patchy or diffuse. Lasting loss counts as for rash."),
    SledaiItem("mucosal_ulcer", 2, "Mucosal ulcers", "mucocutaneous",
               "Ulcers of mouth or nose. Lasting ulcers count as for rash."),
    SledaiItem("pleurisy", 2, "Pleurisy", "serosal",
               "Chest pain of the pleura with rub, effusion or thickening (SELENA: any one of these is enough)."),
    SledaiItem("pericarditis", 2, "Pericarditis", "serosal",
               "Pain of the pericardium with rub, effusion, ECG or echo finding (SELENA: any one is enough)."),
    SledaiItem("low_complement", 2, "Low complement", "immunological",
               "CH50, C3 or C4 below the lower limit of the laboratory."),
    SledaiItem("dna_binding", 2, "Raised anti-dsDNA", "immunological",
               "More than 25 % binding in the Farr assay, or above the range of the laboratory."),
    SledaiItem("fever", 1, "Fever", "constitutional",
               "Above 38 °C; not from infection."),
    SledaiItem("thrombocytopenia", 1, "Thrombocytopenia", "haematological",
               "Platelets below 100 × 10⁹/L; not from a drug."),
    SledaiItem("leukopenia", 1, "Leukopenia", "haematological",
               "White cells below 3 × 10⁹/L; not from a drug."),
)  # fmt: skip

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

#: The 24 descriptors as a table: id, weight, label, domain, definition.
SLEDAI_ITEMS: pd.DataFrame = pd.DataFrame([asdict(item) for item in ITEMS])
