"""The audit: which analyses can and cannot have produced the printed numbers.

Examples
--------
>>> from lupus_kit import audit
>>> audit.counts_from_percent("55.17", n_max=30)
[(16, 29)]
"""

from lupus_kit.audit.reading.proposal import Proposal, proposed_claims_file, template
from lupus_kit.audit.reading.reader import read_text
from lupus_kit.audit.report.check import check, n_analyses
from lupus_kit.audit.report.checked_values import Analysis, CheckedValue, Verdict
from lupus_kit.audit.report.report import Report
from lupus_kit.audit.values.consistency import inconsistencies
from lupus_kit.audit.values.counts import Counts, claim_counts, populations
from lupus_kit.audit.values.granularity import Granularity, debit, grim, grimmer
from lupus_kit.audit.values.joint import JointExplanation, explain_jointly, smallest_sets
from lupus_kit.audit.values.multiverse import Multiverse, multiverse
from lupus_kit.audit.values.percentages import common_denominators, counts_from_percent, percent_matches, rounds_to
from lupus_kit.audit.values.provenance import distinct_analyses, distinct_tests, explain, read_reported
from lupus_kit.audit.values.summary_tests import explain_means, explain_paired

__all__ = [
    "Analysis", "CheckedValue", "Counts", "Granularity", "JointExplanation", "Multiverse",
    "Proposal", "Report", "Verdict", "check", "claim_counts", "common_denominators", "counts_from_percent",
    "debit", "distinct_analyses", "distinct_tests", "explain", "explain_jointly", "explain_means",
    "explain_paired", "grim", "grimmer", "inconsistencies", "multiverse", "n_analyses", "percent_matches",
    "populations", "proposed_claims_file", "read_reported", "read_text", "rounds_to", "smallest_sets", "template",
]  # fmt: skip
