"""Printed values and what can have given them: counts, p-values, effects, means."""
