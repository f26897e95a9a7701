"""The pure rules of writing the mirror."""
