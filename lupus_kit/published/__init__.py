"""Printed numbers of papers, as data: strings as printed, and typed values beside them.

Examples
--------
>>> from lupus_kit import published
>>> published.load("he2020").trial.registry
('NCT02465580', 'NCT02932137')
"""

from lupus_kit.published.claim import KINDS, ROLES, Claim, impossible
from lupus_kit.published.claims.files import load_claims, study_from_claims
from lupus_kit.published.claims.writer import claims_toml
from lupus_kit.published.printed import ROUNDINGS, PrintedP, PrintedValue, decimals, parse_value, percent_text, read_p
from lupus_kit.published.record import load, related, studies
from lupus_kit.published.study import Study, Trial

__all__ = [
    "KINDS", "ROLES", "ROUNDINGS", "Claim", "PrintedP", "PrintedValue", "Study", "Trial", "claims_toml", "decimals",
    "impossible", "load", "load_claims", "parse_value", "percent_text", "read_p", "related", "studies", "study_from_claims",
]  # fmt: skip
