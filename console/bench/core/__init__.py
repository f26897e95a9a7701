"""What the bench computes, as pure functions: no I/O, no clock."""
