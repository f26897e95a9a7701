"""The pure rules of the doctor: what was measured becomes checks."""
