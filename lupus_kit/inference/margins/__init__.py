"""Hypotheses of a difference other than zero: their tests, non-inferiority and equivalence."""
