"""The plain text of an abstract goes in; the numbers in it and the comparisons it may make come out, to be confirmed.

``spellings`` finds numbers, ``sentences`` cuts, ``pairing`` proposes which two are compared, ``arms`` whose they are, ``endpoints``
of what; ``reader`` makes a ``proposal`` of it. The patterns stand in ``spellings.toml``, the words in ``words.toml``."""
