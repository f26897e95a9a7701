"""What usage means, as pure functions and state: no I/O, no clock."""
