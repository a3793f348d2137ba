"""Cohorts that agree with the printed record, and what the record implies or forbids."""
