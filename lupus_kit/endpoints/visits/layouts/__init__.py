"""The layouts of visit files, one a module: each turns the cells of a file into one row per patient and visit."""
