"""Webhooks counted by hour and type, and charges found by their time."""

from sinks.sql.steps import run

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make them, and count what is recorded."""
    run("0012_webhook_hours.up.sql")


def downgrade() -> None:
    """Drop them."""
    run("0012_webhook_hours.down.sql")
