"""Customers on plans, and how many events a tenant may send."""

from sinks.sql.steps import run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make them."""
    run("0002_quotas.up.sql")


def downgrade() -> None:
    """Drop them."""
    run("0002_quotas.down.sql")
