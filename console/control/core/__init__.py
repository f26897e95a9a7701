"""The pure rules of names and keys."""
