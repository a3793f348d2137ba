"""Two visits of the same patients: what can be said of both, and rules for one level."""
