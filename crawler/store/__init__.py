"""What is kept: documents as files."""
