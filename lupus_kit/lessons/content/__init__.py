"""The exercises, one module a stop.

A module here defines ``NOTEBOOK`` (the name of its notebook, without the ending) and ``EXERCISES`` (a tuple of
:class:`lupus_kit.lessons.Exercise`). The catalogue finds every module by itself: a new stop is a new file.
"""
