"""Claims proposed from the plain text of an abstract, by grammar and regular expressions.

Numbers are brought into one spelling (``numbers``), recognised (``entities``, with ``patterns``), arms and sentences
are found (``arms``, ``sentences``), numbers are tied to arms (``linking``) and p-values to comparisons (``attach``);
``propose`` writes the claims.
"""

from lupus_kit.audit.reading.files import load_text, proposed_claims_file
from lupus_kit.audit.reading.proposal import ProposedStudy
from lupus_kit.audit.reading.propose import read_text

__all__ = ["ProposedStudy", "load_text", "proposed_claims_file", "read_text"]
