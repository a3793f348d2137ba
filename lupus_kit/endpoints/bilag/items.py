"""The 97 items of BILAG-2004: number on the form, column name, label, organ system, and what may be recorded."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pandas as pd


@dataclass(frozen=True)
class BilagItem:
    """One item of the form.

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
    """

    number: int
    id: str
    label: str
    system: str
    kind: str = "0-4"
    unit: str = ""
    low: float = 0
    high: float = 4


def _levels(first: int, system: str, *names: tuple[str, str]) -> tuple[BilagItem, ...]:
    return tuple(BilagItem(number, name, label, system) for number, (name, label) in enumerate(names, first))


def _yes_no(number: int, name: str, label: str, system: str) -> BilagItem:
    return BilagItem(number, name, label, system, "yes/no", "", 0, 1)


def _number(number: int, name: str, label: str, system: str, unit: str, low: float, high: float) -> BilagItem:
    return BilagItem(number, name, label, system, "number", unit, low, high)


ITEMS: tuple[BilagItem, ...] = (
    *_levels(1, "constitutional",
        ("pyrexia", "fever above 37.5 °C"),
        ("weight_loss", "unwanted weight loss above 5 %"),
        ("lymphadenopathy", "large lymph nodes or spleen"),
        ("anorexia", "loss of appetite")),
    *_levels(5, "mucocutaneous",
        ("skin_eruption_severe", "severe skin eruption (above 18 % of the skin)"),
        ("skin_eruption_mild", "mild skin eruption (up to 18 % of the skin)"),
        ("angio_oedema_severe", "severe angio-oedema"),
        ("angio_oedema_mild", "mild angio-oedema"),
        ("mucosal_ulceration_severe", "severe mucosal ulcers"),
        ("mucosal_ulceration_mild", "mild mucosal ulcers"),
        ("panniculitis_severe", "severe panniculitis or bullous lupus"),
        ("panniculitis_mild", "mild panniculitis or bullous lupus"),
        ("cutaneous_vasculitis_major", "major skin vasculitis or thrombosis"),
        ("digital_infarcts", "infarcts of the digits or nodular vasculitis"),
        ("alopecia_severe", "severe hair loss"),
        ("alopecia_mild", "mild hair loss"),
        ("periungual_erythema", "redness round the nails or chilblains"),
        ("splinter_haemorrhages", "splinter haemorrhages")),
    *_levels(19, "neuropsychiatric",
        ("aseptic_meningitis", "aseptic meningitis"),
        ("cerebral_vasculitis", "vasculitis of the brain"),
        ("demyelinating_syndrome", "demyelinating syndrome"),
        ("myelopathy", "disease of the spinal cord"),
        ("acute_confusional_state", "acute confusion"),
        ("psychosis_lupus", "psychosis"),
        ("polyradiculoneuropathy", "acute inflammatory demyelinating polyradiculoneuropathy"),
        ("mononeuropathy", "disease of single nerves"),
        ("cranial_neuropathy", "disease of a cranial nerve"),
        ("plexopathy", "disease of a nerve plexus"),
        ("polyneuropathy", "disease of many nerves"),
        ("seizure_disorder", "seizures"),
        ("status_epilepticus", "status epilepticus"),
        ("cerebrovascular_disease", "cerebrovascular disease, not vasculitis"),
        ("cognitive_dysfunction", "poor cognition"),
        ("movement_disorder", "movement disorder"),
        ("autonomic_disorder", "autonomic disorder"),
        ("cerebellar_ataxia", "cerebellar ataxia, alone"),
        ("headache_severe", "severe lupus headache that does not stop"),
        ("headache_hypertension", "headache from high pressure inside the skull")),
    *_levels(39, "musculoskeletal",
        ("myositis_severe", "severe myositis"),
        ("myositis_mild", "mild myositis"),
        ("arthritis_severe", "severe arthritis"),
        ("arthritis_moderate", "moderate arthritis, tendonitis or tenosynovitis"),
        ("arthritis_mild", "mild arthritis, joint pain or muscle pain")),
    *_levels(44, "cardiorespiratory",
        ("myocarditis_mild", "mild myocarditis"),
        ("cardiac_failure", "heart failure from myocarditis or endocarditis"),
        ("arrhythmia", "arrhythmia"),
        ("valvular_dysfunction", "new valve dysfunction"),
        ("serositis_chest", "pleurisy or pericarditis"),
        ("cardiac_tamponade", "cardiac tamponade"),
        ("pleural_effusion", "pleural effusion with breathlessness"),
        ("pulmonary_haemorrhage", "lung haemorrhage or vasculitis"),
        ("interstitial_alveolitis", "interstitial alveolitis or pneumonitis"),
        ("shrinking_lung", "shrinking lung"),
        ("aortitis", "aortitis"),
        ("coronary_vasculitis", "vasculitis of the coronary arteries")),
    *_levels(56, "gastrointestinal",
        ("peritonitis", "peritonitis"),
        ("abdominal_serositis", "abdominal serositis or ascites"),
        ("enteritis_colitis", "enteritis or colitis"),
        ("malabsorption", "malabsorption"),
        ("protein_losing_enteropathy", "loss of protein through the gut"),
        ("pseudo_obstruction", "pseudo-obstruction of the gut"),
        ("hepatitis", "hepatitis"),
        ("cholecystitis", "acute inflammation of the gall bladder"),
        ("pancreatitis", "acute pancreatitis")),
    *_levels(65, "ophthalmic",
        ("orbital_inflammation", "inflammation of the orbit, eye muscles or proptosis"),
        ("keratitis_severe", "severe keratitis"),
        ("keratitis_mild", "mild keratitis"),
        ("anterior_uveitis", "anterior uveitis"),
        ("posterior_uveitis_severe", "severe posterior uveitis or retinal vasculitis"),
        ("posterior_uveitis_mild", "mild posterior uveitis or retinal vasculitis"),
        ("episcleritis", "episcleritis"),
        ("scleritis_severe", "severe scleritis"),
        ("scleritis_mild", "mild scleritis"),
        ("retinal_occlusion", "blocked vessels of retina or choroid"),
        ("cotton_wool_spots", "cotton-wool spots, alone"),
        ("optic_neuritis", "optic neuritis"),
        ("optic_neuropathy", "anterior ischaemic optic neuropathy")),
    _number(78, "systolic_bp", "systolic blood pressure", "renal", "mmHg", 40, 350),
    _number(79, "diastolic_bp", "diastolic blood pressure", "renal", "mmHg", 10, 250),
    _yes_no(80, "accelerated_hypertension", "accelerated hypertension", "renal"),
    _number(81, "dipstick_protein", "dipstick protein", "renal", "plus signs", 0, 4),
    _number(82, "albumin_creatinine_ratio", "urine albumin/creatinine", "renal", "mg/mmol", 0, 10_000),
    _number(83, "protein_creatinine_ratio", "urine protein/creatinine", "renal", "mg/mmol", 0, 10_000),
    _number(84, "protein_24h", "24-hour protein", "renal", "g", 0, 60),
    _yes_no(85, "nephrotic_syndrome", "nephrotic syndrome", "renal"),
    _number(86, "creatinine", "creatinine", "renal", "µmol/L", 5, 4_000),
    _number(87, "gfr", "GFR", "renal", "mL/min/1.73 m²", 0, 300),
    _yes_no(88, "active_sediment", "active urinary sediment", "renal"),
    _yes_no(89, "active_nephritis", "active nephritis by histology within 3 months", "renal"),
    _number(90, "haemoglobin", "haemoglobin", "haematological", "g/dL", 1, 25),
    _number(91, "white_cells", "white cells", "haematological", "× 10⁹/L", 0, 500),
    _number(92, "neutrophils", "neutrophils", "haematological", "× 10⁹/L", 0, 400),
    _number(93, "lymphocytes", "lymphocytes", "haematological", "× 10⁹/L", 0, 500),
    _number(94, "platelets", "platelets", "haematological", "× 10⁹/L", 0, 3_000),
    *_levels(95, "haematological",
        ("ttp", "thrombotic thrombocytopenic purpura")),
    _yes_no(96, "active_haemolysis", "active haemolysis", "haematological"),
    _yes_no(97, "coombs_positive", "positive Coombs test, alone", "haematological"),
)  # fmt: skip

#: The items by column name, in the order of the form.
BY_ID: dict[str, BilagItem] = {item.id: item for item in ITEMS}

#: The items by number on the form.
BY_NUMBER: dict[int, BilagItem] = {item.number: item for item in ITEMS}

#: What the levels of a ``"0-4"`` item mean.
LEVELS: tuple[str, ...] = ("not present", "improving", "same", "worse", "new")

#: The 97 items as a table: number, id, label, system, kind, unit, low, high.
BILAG_ITEMS: pd.DataFrame = pd.DataFrame([asdict(item) for item in ITEMS])
