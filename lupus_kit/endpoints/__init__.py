"""SLEDAI, BILAG-2004 grades and PGA, the SRI responder rule made of them, and the rules around it.

Tidy visit tables go in; totals, clauses, verdicts and plain-English reasons come out. The definitions are for
teaching and research: check them against the official forms before any clinical use.

- Indices: `sledai_descriptors` and `sledai`, `bilag2004` and `bilag_total`, `rescale_pga`.
- Response against baseline: `sri` (with ``components=("sledai", "pga")`` the modified SRI without BILAG), `sri50` (on
  `s2k_ri50`), `bicla`, `renal_response` (its definitions as a table: `RENAL_REQUIREMENTS`).
- What may end a response: intercurrent events (`EVENT_STRATEGIES`) and rules on steroids (`STEROID_RULES`).
- States and flares, visit by visit: `lldas`, `doris`, `selena_flare`.
- A file of a clinic: `read_visit_file`, `score_visits` (verdicts, the estimand, and the `Analysis` of two arms); its
  columns are in `VISIT_FILE_COLUMNS`, the units that measured columns may name in `UNITS`.
- Definitions side by side: `compare_definitions`, `deciding_clauses`; open answers drawn many times: `impute_responders`.
"""

from lupus_kit.core.strategies import EVENT_STRATEGIES
from lupus_kit.endpoints.analysis import Analysis
from lupus_kit.endpoints.bilag.bilag2004 import bilag2004
from lupus_kit.endpoints.bilag.grades import BILAG_CODING, BILAG_SYSTEMS, bilag_total
from lupus_kit.endpoints.bilag.items import BILAG_ITEMS
from lupus_kit.endpoints.compare.deciding import DecidingClauses, deciding_clauses
from lupus_kit.endpoints.compare.definitions import DEFINITIONS, DefinitionComparison, compare_definitions
from lupus_kit.endpoints.compare.imputation import ImputedResponders, delta_grid, impute_responders
from lupus_kit.endpoints.pga import rescale_pga
from lupus_kit.endpoints.rules.bicla import bicla
from lupus_kit.endpoints.rules.doris import doris
from lupus_kit.endpoints.rules.flare_index import selena_flare
from lupus_kit.endpoints.rules.lldas import lldas
from lupus_kit.endpoints.rules.renal_response import (
    RENAL_DEFINITIONS,
    RENAL_REQUIREMENTS,
    RenalDefinition,
    RenalRequirement,
    renal_response,
)
from lupus_kit.endpoints.rules.sri import sri
from lupus_kit.endpoints.rules.sri50 import s2k_ri50, sri50
from lupus_kit.endpoints.rules.steroids import STEROID_RULES, SteroidClause, SteroidRule
from lupus_kit.endpoints.scoring import ENDPOINTS, Scored, score_visits
from lupus_kit.endpoints.sledai.findings import SLEDAI_FINDINGS, sledai_descriptors
from lupus_kit.endpoints.sledai.items import SLEDAI_ITEMS
from lupus_kit.endpoints.sledai.total import sledai
from lupus_kit.endpoints.visits.file_columns import VISIT_FILE_COLUMNS
from lupus_kit.endpoints.visits.units import UNITS
from lupus_kit.endpoints.visits.visit_file import VisitFile, example_visit_file, read_visit_file, visit_template

__all__ = [
    "BILAG_CODING", "BILAG_ITEMS", "BILAG_SYSTEMS", "DEFINITIONS", "ENDPOINTS", "EVENT_STRATEGIES",
    "RENAL_DEFINITIONS", "RENAL_REQUIREMENTS", "SLEDAI_FINDINGS", "SLEDAI_ITEMS", "STEROID_RULES", "UNITS",
    "VISIT_FILE_COLUMNS", "Analysis", "DecidingClauses", "DefinitionComparison", "ImputedResponders",
    "RenalDefinition", "RenalRequirement", "Scored", "SteroidClause", "SteroidRule", "VisitFile",
    "bicla", "bilag2004", "bilag_total", "compare_definitions", "deciding_clauses", "delta_grid",
    "doris", "example_visit_file", "impute_responders", "lldas", "read_visit_file", "renal_response",
    "rescale_pga", "s2k_ri50", "score_visits", "selena_flare", "sledai", "sledai_descriptors", "sri", "sri50",
    "visit_template",
]  # fmt: skip
