"""How far a student, or a class, has come."""
