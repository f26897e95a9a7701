"""Roles, one tenant's rows for each reader, and the audit log."""

from sinks.sql.steps import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make them."""
    run("0004_isolation.up.sql")


def downgrade() -> None:
    """Take them back; the roles stay."""
    run("0004_isolation.down.sql")
