"""What is made up, and what follows from the truth, as pure functions: no I/O, no clock."""
