"""The plain text of an abstract goes in; the numbers in it and the comparisons it may make come out, to be confirmed.

``spellings`` finds the numbers, ``pairing`` which two are compared, ``arms`` whose they are, ``endpoints`` of what; ``reader``
makes a ``proposal`` of it. The patterns of numbers stand in ``spellings.toml``, the lists of words in ``words.toml``.
"""
