"""The mirror of Stripe's objects: their newest state, their history, and what could not be handled."""

from sinks.sql.steps import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make its tables."""
    run("0007_mirror.up.sql")


def downgrade() -> None:
    """Drop them."""
    run("0007_mirror.down.sql")
