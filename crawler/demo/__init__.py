"""The small example site, and the server that shows it on loopback."""
