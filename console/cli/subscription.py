"""`weir subscription`: Stripe's subscriptions as they are, and how they came to be so."""

from collections.abc import Mapping
from typing import Any

import click

from console.cli.place import with_settings
from console.cli.show import Format, example, format_option, say, show
from console.cli.whose import tenant_of
from console.mirror.reading import find_subscription, list_subscriptions
from runtime.postgres import connect
from runtime.settings import Settings

_MOST = 1_000
_COLUMNS = ("id", "customer", "status", "items", "period_end", "cancel_at_period_end", "as_of", "settled")
_STEP = ("at", "type", "from", "to", "reason", "note", "event_id")
_TENANT = click.option("--tenant", help="Whose; may be left out where there is one tenant.")


@click.group()
def command() -> None:
    """Stripe's subscriptions: as they are, and their history."""


@command.command("list", epilog=example("weir subscription list --status past_due"))
@_TENANT
@click.option("--customer", metavar="ID", help="Only this Stripe customer's, such as cus_….")
@click.option("--status", help="Only those with this status.")
@click.option(
    "--limit", type=click.IntRange(1, _MOST), default=50, show_default=True, help="How many at most."
)
@format_option
@with_settings
def list_(
    settings: Settings,
    tenant: str | None,
    customer: str | None,
    status: str | None,
    limit: int,
    output: Format,
) -> None:
    """List subscriptions, the newest first."""
    settings.need("postgres")
    whose = tenant_of(settings, tenant)
    with connect(settings, "subscription", autocommit=True) as connection:
        found = list_subscriptions(connection, whose, customer=customer, status=status, most=limit + 1)
    if len(found) > limit:
        say(f"there are more than {limit}: narrow it down, or raise --limit")
    found = found[:limit]
    rows = [tuple({**one, "items": items_of(one)}[name] for name in _COLUMNS) for one in found]
    show(output, _COLUMNS, rows, found)


@command.command("show", epilog=example("weir subscription show sub_1PgafmB7WZ01zgkW"))
@click.argument("subscription")
@_TENANT
@format_option
@with_settings
def show_(settings: Settings, subscription: str, tenant: str | None, output: Format) -> None:
    """Show a subscription, and every step of its life with its reason and event."""
    settings.need("postgres")
    whose = tenant_of(settings, tenant)
    with connect(settings, "subscription", autocommit=True) as connection:
        found = find_subscription(connection, whose, subscription)
    steps = [
        (
            step.at,
            step.type,
            step.status_before,
            step.status if step.is_allowed else f"{step.status} (not allowed)",
            step.reason,
            step.note,
            step.event_id,
        )
        for step in found.timeline
    ]
    if output == "json":
        show(output, (), [], found._asdict())
        return
    if output == "table":
        about = {**found.subscription, "items": items_of(found.subscription)}
        show(output, ("subscription", ""), [(name, value) for name, value in about.items() if value], None)
    show(output, _STEP, steps, None)


def items_of(subscription: Mapping[str, Any]) -> str:
    """Return what is paid for, in a line."""
    items = subscription["items"]
    return ", ".join(f"{item['quantity'] or 1} of {item['price'] or item['id']}" for item in items)
