"""Sketches of unique counts and percentiles."""

from sinks.sql.steps import run

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make their table."""
    run("0005_sketches.up.sql")


def downgrade() -> None:
    """Drop it."""
    run("0005_sketches.down.sql")
