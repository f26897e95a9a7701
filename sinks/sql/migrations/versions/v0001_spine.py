"""The tables of the spine."""

from sinks.sql.steps import run

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    run("0001_spine.up.sql")


def downgrade() -> None:
    """Drop them."""
    run("0001_spine.down.sql")
