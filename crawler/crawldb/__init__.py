"""What is next and what is known, in one SQLite file."""
