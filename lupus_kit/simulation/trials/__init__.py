"""One trial after another: draws, decisions, counts, and where they are kept."""
