"""HTTP/1.1 as bytes: requests written, answers parsed, content codings undone; no I/O."""
