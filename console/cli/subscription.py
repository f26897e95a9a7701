"""`weir subscription`: Stripe's subscriptions as they are, and how they came to be so."""

import click
from msgspec.structs import asdict, astuple

from console.cli.place import with_settings
from console.cli.reading import ask_store, limit_option, say_there_are_more
from console.cli.show import Format, example, format_option, show
from console.cli.whose import tenant_of, tenant_option
from console.mirror.core.shown import DunningGap, StripeSubscription
from console.mirror.core.wanted import Wanted
from console.mirror.reading import find_subscription, list_dunning_gaps, list_subscriptions
from runtime.settings import Settings
from schemas.errors import Reject
from schemas.mirror import bought

_COLUMNS = ("id", "customer", "status", "items", "period_end", "cancel_at_period_end", "as_of", "settled")
_STEP = ("at", "type", "from", "to", "reason", "note", "event_id")


@click.group()
def command() -> None:
    """Stripe's subscriptions: as they are, and their history."""


@command.command("list", epilog=example("weir subscription list --status past_due"))
@tenant_option()
@click.option("--customer", metavar="ID", help="Only this Stripe customer's, such as cus_….")
@click.option("--status", help="Only those with this status.")
@limit_option
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
        say_there_are_more(limit)
    rows = [tuple(row[name] for name in _COLUMNS) for row in map(_row, page.objects)]
    show(output, _COLUMNS, rows, page.objects)


@command.command("show", epilog=example("weir subscription show sub_1PgafmB7WZ01zgkW"))
@click.argument("subscription")
@tenant_option()
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
    if output == "table" and found.failed_payments:
        failed = [
            (each.failed_at, each.invoice, each.step or "none: a dunning gap", each.event_id)
            for each in found.failed_payments
        ]
        show(output, ("payment failed at", "invoice", "dunning step", "event_id"), failed, None)


@command.command("dunning-gaps", epilog=example("weir subscription dunning-gaps --tenant acme"))
@tenant_option()
@limit_option
@format_option
@with_settings
def dunning_gaps(settings: Settings, tenant: str | None, limit: int, output: Format) -> None:
    """List payments that failed and that no dunning step followed in time, the newest first.

    `status` and `next_payment_attempt_at` say how it stands with the invoice now.
    """
    settings.need("postgres")
    whose = tenant_of(settings, tenant)
    found = ask_store(settings, lambda connection: list_dunning_gaps(connection, whose, limit))
    show(output, DunningGap.__struct_fields__, map(astuple, found), found)


def items_of(subscription: StripeSubscription) -> str:
    """Return what is paid for, in a line."""
    return ", ".join(bought(item.quantity, item.price, item.id) for item in subscription.items)


def _row(subscription: StripeSubscription) -> dict[str, object]:
    return {**asdict(subscription), "items": items_of(subscription)}
