"""The words and numbers of an abstract."""
