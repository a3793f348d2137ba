"""What is recorded of findings so that the rules of BILAG-2004 give each system the grade that a replica needs.

BILAG-2004 looks back four weeks and SLEDAI ten days: a system without a SLEDAI descriptor may be C, by a finding that is
going, by protein of 0.25 to 0.5 g, or by blood counts not low enough for a descriptor.
"""

from collections.abc import Mapping, Set

import numpy as np

from lupus_kit.cohort.columns import BILAG_ITEMS_OF, RECORDED_ITEMS, SYSTEM_ITEMS
from lupus_kit.endpoints.bilag.items import BY_ID
from lupus_kit.endpoints.bilag.systems import BY_LEVEL

_IMPROVING, _SAME, _NEW = 1, 2, 4
SEDIMENT = ("casts", "haematuria", "pyuria")

#: By finding and grade: the item that gives the grade, and its level; of several the mildest.
FORMS: dict[str, dict[str, tuple[str, int]]] = {finding: {} for finding in BILAG_ITEMS_OF}
for _finding, _items in BILAG_ITEMS_OF.items():
    for _item in _items:
        for _level in (_SAME, _IMPROVING):
            _given = BY_LEVEL[BY_ID[_item].gives or "B"][_level]  # fever alone is B, and C when improving
            FORMS[_finding].setdefault("ABC"[_given], (_item, _level))
#: Descriptors that alone can be grade A.
SEVERE = (*(finding for finding, forms in FORMS.items() if "A" in forms), "thrombocytopenia", "leukopenia")
#: The item that, improving, makes a system C without a descriptor.
_GOING = {
    "constitutional": "pyrexia", "mucocutaneous": "skin_eruption_mild", "neuropsychiatric": "headache_severe",
    "musculoskeletal": "arthritis_mild", "cardiorespiratory": "serositis_chest",
    "gastrointestinal": "abdominal_serositis", "ophthalmic": "posterior_uveitis_mild",
}  # fmt: skip


def possible_grades(system: str, present: Set[str], lasting: bool = False, stable: bool = False) -> str:
    """List the grades, of A, B and C, that a system can have with the SLEDAI descriptors present in it.

    Parameters
    ----------
    system : str
        The system.
    present : set of str
        Its descriptors.
    lasting, stable : bool
        For the kidneys: proteinuria was there at every visit before, and has not risen by more than 0.5 g.

    Examples
    --------
    >>> possible_grades("mucocutaneous", {"alopecia"}), possible_grades("mucocutaneous", {"alopecia", "rash"})
    ('BC', 'ABC')
    >>> possible_grades("renal", {"proteinuria"}), possible_grades("renal", {"proteinuria"}, True, True)
    ('B', 'BC')
    """
    if not present:
        return "C"
    if system == "haematological":
        return "ABC"
    if system == "renal":
        if "proteinuria" not in present:
            return "B"
        if not present.isdisjoint(SEDIMENT):
            return "A" if lasting and not stable else "AB"
        return "BC" if stable else "B"
    forms = [FORMS[finding] for finding in present]
    return "".join(g for g in "ABC" if any(g in f for f in forms) and all(g <= max(f) for f in forms))


def bilag_items(present: Mapping[str, np.ndarray], grades: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Choose items and levels that show every finding and give each system its grade: the most active forms it allows.

    Parameters
    ----------
    present : mapping of str to numpy.ndarray of bool
        The descriptors, each shape (patients, visits).
    grades : mapping of str to numpy.ndarray of str
        The grades by system; only A, B and C are read.

    Returns
    -------
    dict of str to numpy.ndarray
        Levels 0 to 4 of the recorded items, and ``active_sediment``.
    """
    shape = present["proteinuria"].shape
    levels: dict[str, np.ndarray] = {item: np.zeros(shape, dtype=np.int8) for item in RECORDED_ITEMS}
    for system, going in _GOING.items():
        shown = np.zeros(shape, dtype=bool)
        for finding in SYSTEM_ITEMS.get(system, ()):
            shown |= present[finding]
            for i, t in np.argwhere(present[finding]):
                item, level = FORMS[finding][min(g for g in FORMS[finding] if g >= grades[system][i, t])]
                new = level == _SAME and not present[finding][i, 0]
                levels[item][i, t] = max(levels[item][i, t], _NEW if new else level)
        levels[going][(grades[system] == "C") & ~shown] = _IMPROVING
    return levels | {"active_sediment": np.logical_or.reduce([present[finding] for finding in SEDIMENT])}
