"""Facts of weir.alerts, kept before they are told; payments that failed; the runs of jobs."""

from sinks.sql.steps import run

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make them."""
    run("0011_alert_facts.up.sql")


def downgrade() -> None:
    """Drop them."""
    run("0011_alert_facts.down.sql")
