"""Claims proposed from the plain text of an abstract, by grammar and regular expressions.

Numbers are brought into one spelling (``numerals``), recognised (``entities``, with ``patterns``), arms and sentences
are found (``arms``, ``sentences``), numbers are tied to arms (``linking``) and p-values to comparisons (``attach``);
``propose`` writes the claims.
"""
