"""Cohorts from assumptions that can be read and changed."""
