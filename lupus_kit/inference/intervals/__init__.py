"""Intervals for one rate, for the difference and the ratios of two, and p-value functions."""
