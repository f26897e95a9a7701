"""The pure rules of the mirror: no I/O, no clock, no client library."""
