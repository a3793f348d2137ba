"""Write ``lupus_kit/endpoints/visits/data/example_visits.csv``: twelve invented patients, each a case of the SRI-4 rule.

Run from the root of the repository:  python tests/references/make_example_visits.py
Nothing is random: findings, grades and PGA of every visit stand below. tests/endpoints/test_visit_file.py holds the
verdicts, worked out by hand.
"""

from __future__ import annotations

from pathlib import Path

from lupus_kit.endpoints import BILAG_SYSTEMS, SLEDAI_ITEMS

OUT = Path("lupus_kit/endpoints/visits/data/example_visits.csv")
HEAD = (
    "# Twelve INVENTED patients, made to show the borders of SRI-4. No real person.\n"
    "# One row per visit. Descriptors of SLEDAI-2K: 1 present, 0 absent. BILAG-2004 grades A to E. PGA from 0 to 3.\n"
)
WEEKS = {"baseline": 0, "week 12": 12, "week 24": 24}
ILL = "arthritis rash low_complement dna_binding"  # 4 + 2 + 2 + 2 = 10 points
QUIET = "low_complement dna_binding"  # 4 points

#: Patient, arm, then for each visit: findings, grades that are not D, PGA, prednisone, event; None: no visit.
CASES = {
    "E01": ("drug", [(ILL, "muco B, msk B", "1.50", "15", ""), (QUIET, "muco C, msk C", "0.80", "10", ""),
                     (QUIET, "muco C", "0.50", "7.5", "")]),
    "E02": ("drug", [(ILL, "muco B", "1.20", "10", ""), (f"{QUIET} rash", "muco B", "1.00", "10", ""),
                     (f"{QUIET} rash fever", "muco B", "1.00", "10", "")]),
    "E03": ("drug", [(ILL, "msk A", "1.10", "20", ""), (QUIET, "msk B", "1.40", "15", ""),
                     (QUIET, "msk C", "1.39", "10", "")]),
    "E04": ("drug", [(ILL, "msk B", "1.50", "10", ""), (QUIET, "msk A", "1.00", "10", ""),
                     (QUIET, "msk B", "1.00", "10", "")]),
    "E05": ("drug", [(ILL, "muco B", "2.00", "20", ""), (QUIET, "muco C, renal B", "1.00", "15", ""),
                     (QUIET, "muco D, renal B, haem B", "1.00", "15", "")]),
    "E06": ("drug", [(f"{ILL} vasculitis", "muco A", "2.50", "30", ""), ("", "", "0.20", "5", ""), None]),
    "E07": ("placebo", [(ILL, "muco B, msk B", "1.50", "15", ""), (ILL, "muco B, msk B", "1.50", "15", ""),
                        (QUIET, "muco C, msk C", "1.00", "15", "rescue")]),
    "E08": ("placebo", [("rash fever", "muco B", "1.00", "5", ""), ("", "", "0.20", "5", ""), ("", "", "0.00", "5", "")]),
    "E09": ("placebo", [(ILL, "msk B", "1.50", "10", ""), (QUIET, "msk C", "", "10", ""), (ILL, "msk B", "", "10", "")]),
    "E10": ("placebo", [(ILL, "msk B", "1.50", "10", ""), None, (QUIET, "msk C, constitutional ?", "1.00", "10", "")]),
    "E11": ("placebo", [(f"{ILL} proteinuria haematuria", "renal A", "2.00", "40", ""),
                        (f"{QUIET} proteinuria haematuria", "renal B", "2.10", "30", ""),
                        (f"{QUIET} proteinuria haematuria casts arthritis", "renal A", "2.40", "40", "")]),
    "E12": ("placebo", [(ILL, "muco B", "1.00", "10", ""), (f"{ILL} seizure", "muco B, neuro A", "2.50", "60", "rescue"),
                        (QUIET, "muco C", "0.50", "20", "")]),
}  # fmt: skip
SHORT = {"muco": "mucocutaneous", "msk": "musculoskeletal", "haem": "haematological", "neuro": "neuropsychiatric"}


def rows() -> list[str]:
    """Lay the cases out, one line a visit."""
    ids = list(SLEDAI_ITEMS["id"])
    lines = [",".join(["patient", "visit", "week", "arm", *ids, *(f"bilag_{s}" for s in BILAG_SYSTEMS), "pga",
                       "prednisone_mg_day", "rescue"])]  # fmt: skip
    for patient, (arm, visits) in CASES.items():
        for (visit, week), made in zip(WEEKS.items(), visits, strict=True):
            if made is None:
                continue
            findings, graded, pga, prednisone, event = made
            grades = dict.fromkeys(BILAG_SYSTEMS, "D")
            for part in filter(None, graded.split(", ")):
                system, grade = part.split()
                grades[SHORT.get(system, system)] = "" if grade == "?" else grade
            present = set(findings.split())
            assert present <= set(ids), present
            cells = [patient, visit, str(week), arm, *(str(int(i in present)) for i in ids), *grades.values(), pga,
                     prednisone, str(int(event == "rescue"))]  # fmt: skip
            lines.append(",".join(cells))
    return lines


if __name__ == "__main__":
    OUT.write_text(HEAD + "\n".join(rows()) + "\n", encoding="utf-8")
