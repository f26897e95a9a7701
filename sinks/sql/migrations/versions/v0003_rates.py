"""What tenants and keys may send in a second."""

from sinks.sql.steps import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns."""
    run("0003_rates.up.sql")


def downgrade() -> None:
    """Drop them."""
    run("0003_rates.down.sql")
