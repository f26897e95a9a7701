"""The pure rules of the catalogue."""
