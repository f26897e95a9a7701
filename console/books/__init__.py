"""The books: what the log says against what the store says, found out apart and compared."""
