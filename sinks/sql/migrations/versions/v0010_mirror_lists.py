"""Indexes for lists of the mirror's subscriptions and invoices."""

from sinks.sql.steps import run

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make them."""
    run("0010_mirror_lists.up.sql")


def downgrade() -> None:
    """Drop them."""
    run("0010_mirror_lists.down.sql")
