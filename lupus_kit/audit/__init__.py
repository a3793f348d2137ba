"""The audit: which analyses can and cannot have produced the printed numbers.

Examples
--------
>>> from lupus_kit import audit
>>> audit.counts_from_percent("55.17", n_max=30)
[(16, 29)]
"""

from lupus_kit.audit.check import check, check_all, n_analyses
from lupus_kit.audit.counts import Counts, claim_counts, resolve
from lupus_kit.audit.printed import common_denominators, counts_from_percent, percent_matches, rounds_to
from lupus_kit.audit.provenance import distinct_analyses, distinct_tests, explain, explain_jointly
from lupus_kit.audit.report import Report
from lupus_kit.audit.template import template
from lupus_kit.audit.text import ProposedStudy, proposed_claims_file, read_text

__all__ = [
    "Counts",
    "ProposedStudy",
    "Report",
    "check",
    "check_all",
    "claim_counts",
    "common_denominators",
    "counts_from_percent",
    "distinct_analyses",
    "distinct_tests",
    "explain",
    "explain_jointly",
    "n_analyses",
    "percent_matches",
    "proposed_claims_file",
    "read_text",
    "resolve",
    "rounds_to",
    "template",
]
