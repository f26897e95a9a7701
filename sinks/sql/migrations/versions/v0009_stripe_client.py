"""Durable jobs, keys of Stripe's API, and what is fetched with them."""

from sinks.sql.steps import run

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make their tables."""
    run("0009_jobs.up.sql")
    run("0009_stripe_client.up.sql")


def downgrade() -> None:
    """Drop them."""
    run("0009_stripe_client.down.sql")
