"""Cohorts on disk: schemas, formats, folders and CDISC names."""
