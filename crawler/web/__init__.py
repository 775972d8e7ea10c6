"""What the web means: URLs, links, encodings, rules and names; it does no I/O."""
