"""The pure parts of the read API."""
