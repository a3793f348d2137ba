"""SLEDAI, BILAG-2004 grades and PGA, and the SRI responder rule made of them.

Tidy visit tables go in; totals, clauses, verdicts and plain-English reasons come out. The definitions are for
teaching and research: check them against the official forms before any clinical use.
"""

from __future__ import annotations

from lupus_kit.endpoints.activity import activity_bands, rescale_pga
from lupus_kit.endpoints.agreement import Agreement, agreement
from lupus_kit.endpoints.bicla_rule import bicla
from lupus_kit.endpoints.bilag2004 import bilag2004
from lupus_kit.endpoints.bilag_grades import BILAG_SYSTEMS, bilag_total, new_bilag
from lupus_kit.endpoints.bilag_items import BILAG_ITEMS
from lupus_kit.endpoints.deciding import DecidingClauses, deciding_clauses
from lupus_kit.endpoints.definitions import DEFINITIONS, DefinitionComparison, compare_definitions
from lupus_kit.endpoints.imputation import ImputedResponders, impute_responders
from lupus_kit.endpoints.renal import RENAL_DEFINITIONS, renal_response
from lupus_kit.endpoints.sledai_items import SLEDAI_ITEMS, SledaiItem
from lupus_kit.endpoints.sledai_total import sledai
from lupus_kit.endpoints.sri_rule import sri

__all__ = [
    "BILAG_ITEMS",
    "BILAG_SYSTEMS",
    "DEFINITIONS",
    "RENAL_DEFINITIONS",
    "SLEDAI_ITEMS",
    "Agreement",
    "DecidingClauses",
    "DefinitionComparison",
    "ImputedResponders",
    "SledaiItem",
    "activity_bands",
    "agreement",
    "bicla",
    "bilag2004",
    "bilag_total",
    "compare_definitions",
    "deciding_clauses",
    "impute_responders",
    "new_bilag",
    "renal_response",
    "rescale_pga",
    "sledai",
    "sri",
]
