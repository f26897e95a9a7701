"""The mirror of Stripe's objects in PostgreSQL, their history, and what could not be handled."""
