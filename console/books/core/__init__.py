"""What the books decide, as pure functions: no I/O, no clock."""
