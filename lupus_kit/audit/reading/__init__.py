"""The plain text of an abstract goes in; the numbers in it and the comparisons it may make come out, to be confirmed.

``spellings`` is the table of every way to print a number, ``sentences`` cuts the text, ``pairing`` proposes which two
numbers are compared, ``arms`` whose they are, ``endpoints`` of what; ``reader`` puts a ``proposal`` together.
"""
