"""The wires: exchanges over TCP and TLS, and the only sockets of the crawler."""
