"""Durable jobs: work that waits in PostgreSQL, and is done once more where somebody stopped in the middle."""
