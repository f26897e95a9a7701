"""What the demonstration sums up, as pure functions: no I/O, no clock."""
