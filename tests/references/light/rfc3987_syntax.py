"""Stands in front of the library of this name, which jsonschema tries to import and does without where it is missing.

It builds 38 parsers when it is imported, for addresses with letters beyond ASCII that no notebook holds: 1.6 s of processor time
in every process that imports nbformat. The notebook that runs in an environment of its own imports the library itself.
"""

raise ImportError("left out in the tests")
