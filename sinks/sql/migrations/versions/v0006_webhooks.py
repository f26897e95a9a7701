"""Secrets of webhooks, and the record of every delivery."""

from sinks.sql.steps import run

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make their tables."""
    run("0006_webhooks.up.sql")


def downgrade() -> None:
    """Drop them."""
    run("0006_webhooks.down.sql")
