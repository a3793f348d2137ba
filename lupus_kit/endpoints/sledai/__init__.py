"""SLEDAI: items, raw findings, totals."""
