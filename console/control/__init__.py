"""What people decide: written in PostgreSQL, each change in one transaction with its fact for the stream."""
