"""Visits as they arrive: files, columns, keys, and the checked table that rules read."""
