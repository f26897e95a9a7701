"""What people touch: the read API, the `weir` command, and what looks on from the side."""
