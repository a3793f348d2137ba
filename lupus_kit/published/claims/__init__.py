"""Claims files: read, checked with line numbers, and written."""
