"""Where results rest: PostgreSQL and the archive. Each sink follows topics and owns its tables."""
