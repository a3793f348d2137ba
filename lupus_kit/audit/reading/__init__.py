"""Claims proposed from the plain text of an abstract, by grammar and regular expressions.

Numbers are brought into one spelling (``spellings``) and recognised (``entities``, with ``patterns``), sentences and arms
are found (``sentences``, ``arms``), numbers are tied to arms (``linking``) and p-values to comparisons (``attach``);
``reader`` writes the claims, and ``texts`` is where texts go in and studies come out (``proposal``). The vocabulary of
the rules is ``words.toml``.
"""
