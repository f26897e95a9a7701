"""The pure rules of reading usage."""
