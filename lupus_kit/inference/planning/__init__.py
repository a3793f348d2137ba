"""Exact size and power, and the number of patients."""
