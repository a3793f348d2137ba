"""A journal club for any paper: a sheet of two sides, a notebook that recomputes it, and a page for the facilitator."""
