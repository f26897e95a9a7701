"""The pure rules of looking at the mirror."""
