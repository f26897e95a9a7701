"""The pure rule of the chain."""
