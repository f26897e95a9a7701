"""`weir customer`: which plan a customer is on, and what Stripe knows of it."""

import time

import click
from msgspec.structs import asdict

from console.cli.place import with_settings
from console.cli.reading import ask_store
from console.cli.show import Format, example, format_option, say, show
from console.cli.subscription import items_of
from console.cli.whose import tenant_of, tenant_option
from console.control import customers
from console.control.customer_links import link_customer, unlink_customer
from console.mirror.core.shown import ShownObject, StripeSubscription
from console.mirror.reading import find_customer
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.errors import AlreadyDone, Reject
from schemas.instant import format_instant, parse_instant
from schemas.money import format_money

#: What is shown of all that belongs to a customer.
_BELONGINGS = {
    "tax_ids": ("id", "type", "value", "verification"),
    "discounts": ("id", "coupon", "percent_off", "amount_off", "ends_at"),
    "payment_methods": ("id", "type", "brand", "last4", "exp_month", "exp_year"),
    "subscriptions": ("id", "status", "items", "period_end", "cancel_at_period_end"),
    "invoices": ("id", "number", "status", "total", "amount_paid", "created_at", "subscription"),
    "charges": ("id", "status", "amount", "amount_refunded", "disputed", "failure_code", "created_at"),
}
_AMOUNTS = frozenset(("amount", "amount_off", "amount_paid", "amount_refunded", "total"))


@click.group()
def command() -> None:
    """Customers: the plans that they are on, and what Stripe knows of them."""


@command.command(
    epilog=example("weir customer plan c-1 pro", "weir customer plan c-1 pro --anchor 2026-12-01T00:00:00Z")
)
@click.argument("customer")
@click.argument("name")
@tenant_option("Whose customer")
@click.option(
    "--anchor", metavar="TIME", help="From when on its own periods are counted; default: as before, or now."
)
@with_settings
def plan(settings: Settings, customer: str, name: str, tenant: str | None, anchor: str | None) -> None:
    """Put CUSTOMER on the plan called NAME, from now on. What it has used stays used."""
    anchor_ms = None if anchor is None else _instant(anchor)
    settings.need("postgres")
    tenant = tenant_of(settings, tenant)
    now_ms = time.time_ns() // 1_000_000
    with connect(settings, "customer", autocommit=True) as connection:
        try:
            placed = customers.place_customer(connection, tenant, customer, name, now_ms, anchor_ms)
        except AlreadyDone as done:
            say(f"nothing to do: {done}")
            return
    say(
        f"customer {customer} of {tenant} is on {name}; "
        f"its own periods are counted from {format_instant(placed.anchor_ms)}"
    )


@command.command("list", epilog=example("weir customer list --tenant acme"))
@click.option("--tenant", help="Only this tenant's.")
@format_option
@with_settings
def list_(settings: Settings, tenant: str | None, output: Format) -> None:
    """List the customers that were put on a plan; all others are on the catalogue's default."""
    settings.need("postgres")
    whose = None if tenant is None else tenant_of(settings, tenant)
    with connect(settings, "customer", autocommit=True) as connection:
        found = customers.list_placed(connection, whose)
    rows = [placed._replace(anchor_ms=format_instant(placed.anchor_ms)) for placed in found]  # type: ignore[arg-type]
    columns = ("tenant", "customer", "plan", "anchor", "placed_at")
    show(output, columns, rows, [dict(zip(columns, row, strict=True)) for row in rows])


@command.command("show", epilog=example("weir customer show cus_QXg1o8vcGmoR32", "weir customer show c-1"))
@click.argument("customer")
@tenant_option("Whose customer")
@format_option
@with_settings
def show_(settings: Settings, customer: str, tenant: str | None, output: Format) -> None:
    """Show what Stripe knows of CUSTOMER: Stripe's id, or the id that its usage has."""
    settings.need("postgres")
    whose = tenant_of(settings, tenant)
    found = ask_store(settings, lambda connection: find_customer(connection, whose, customer))
    if found is None:
        raise Reject(f"tenant {whose} has no Stripe customer {customer!r}, and none is linked to it")
    if output == "json":
        show(output, (), [], found)
        return
    about = {**asdict(found.customer), "usage of": f"{found.link.customer} (linked by {found.link.by})"}
    about |= {f"charged {each.currency}": format_money(each.charged, each.currency) for each in found.money}
    about |= {f"refunded {each.currency}": format_money(each.refunded, each.currency) for each in found.money}
    show(output, ("customer", ""), [(name, value) for name, value in about.items() if value], None)
    for name, columns in _BELONGINGS.items():
        rows = [tuple(_cell(one, column) for column in columns) for one in getattr(found, name)]
        if rows and output == "table":
            show(output, columns, rows, None)


@command.command(epilog=example("weir customer link c-1 cus_QXg1o8vcGmoR32"))
@click.argument("customer")
@click.argument("stripe_customer")
@tenant_option("Whose customer")
@with_settings
def link(settings: Settings, customer: str, stripe_customer: str, tenant: str | None) -> None:
    """Have the usage of CUSTOMER belong to STRIPE_CUSTOMER, whatever id and metadata say."""
    settings.need("postgres")
    whose = tenant_of(settings, tenant)
    with connect(settings, "customer", autocommit=True) as connection:
        try:
            before = link_customer(connection, whose, customer, stripe_customer)
        except AlreadyDone as done:
            say(f"nothing to do: {done}")
            return
    say(
        f"the usage of {customer} belongs to {stripe_customer}"
        + (f", no more that of {before}" if before else "")
    )


@command.command(epilog=example("weir customer unlink cus_QXg1o8vcGmoR32"))
@click.argument("stripe_customer")
@tenant_option("Whose customer")
@with_settings
def unlink(settings: Settings, stripe_customer: str, tenant: str | None) -> None:
    """Take a link away that was made by hand; id and metadata say again whose usage it is."""
    settings.need("postgres")
    whose = tenant_of(settings, tenant)
    with connect(settings, "customer", autocommit=True) as connection:
        before = unlink_customer(connection, whose, stripe_customer)
    say(f"{stripe_customer} is no more linked to {before} by hand")


def _cell(one: ShownObject, column: str) -> object:
    if column == "items" and isinstance(one, StripeSubscription):
        return items_of(one)
    value = getattr(one, column)
    if column in _AMOUNTS and isinstance(value, int) and isinstance(one.currency, str):
        return format_money(value, one.currency)
    return value


def _instant(text: str) -> int:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} {error}", param_hint="--anchor") from None
