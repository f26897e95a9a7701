"""`weir subscription`: Stripe's subscriptions as they are, and how they came to be so."""

import click
from msgspec.structs import asdict

from console.cli.place import with_settings
from console.cli.reading import ask_store
from console.cli.show import Format, example, format_option, say, show
from console.cli.whose import tenant_of
from console.mirror.core.shown import StripeSubscription
from console.mirror.core.wanted import Wanted
from console.mirror.reading import find_subscription, list_subscriptions
from runtime.settings import Settings
from schemas.errors import Reject

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
    wanted = Wanted(tenant_of(settings, tenant), customer, status=status)
    page = ask_store(settings, lambda connection: list_subscriptions(connection, wanted, limit))
    if page.next is not None:
        say(f"there are more than {limit}: narrow it down, or raise --limit")
    rows = [tuple(row[name] for name in _COLUMNS) for row in map(_row, page.objects)]
    show(output, _COLUMNS, rows, page.objects)


@command.command("show", epilog=example("weir subscription show sub_1PgafmB7WZ01zgkW"))
@click.argument("subscription")
@_TENANT
@format_option
@with_settings
def show_(settings: Settings, subscription: str, tenant: str | None, output: Format) -> None:
    """Show a subscription, and every step of its life with its reason and event."""
    settings.need("postgres")
    whose = tenant_of(settings, tenant)
    found = ask_store(settings, lambda connection: find_subscription(connection, whose, subscription))
    if found is None:
        raise Reject(f"tenant {whose} has no subscription {subscription!r}: see `weir subscription list`")
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
        show(output, (), [], found)
        return
    if output == "table":
        about = _row(found.subscription)
        show(output, ("subscription", ""), [(name, value) for name, value in about.items() if value], None)
    show(output, _STEP, steps, None)


def items_of(subscription: StripeSubscription) -> str:
    """Return what is paid for, in a line."""
    return ", ".join(f"{item.quantity or 1} of {item.price or item.id}" for item in subscription.items)


def _row(subscription: StripeSubscription) -> dict[str, object]:
    return {**asdict(subscription), "items": items_of(subscription)}
