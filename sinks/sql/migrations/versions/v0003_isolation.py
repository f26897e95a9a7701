"""Roles, one tenant's rows for each reader, and the audit log."""

from sinks.sql.steps import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make them."""
    run("0003_isolation.up.sql")


def downgrade() -> None:
    """Take them back; the roles stay."""
    run("0003_isolation.down.sql")
