"""Initial networks of teachers and students, their order parameters, and random numbers."""
