"""The steps that lead to schema.sql, in order; Alembic runs them."""
