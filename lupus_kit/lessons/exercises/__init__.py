"""The exercises, one module a stop: each defines ``NOTEBOOK`` and ``EXERCISES``, and the catalogue collects them."""
