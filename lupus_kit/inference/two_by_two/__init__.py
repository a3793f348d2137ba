"""The tests of one 2×2 table, and what their exact versions are made of."""
