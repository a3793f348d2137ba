"""Many definitions on one cohort, and what missing answers may have been."""
