"""`weir customer`: which plan a customer is on."""

import time

import click

from console.cli.place import with_settings
from console.cli.show import Format, example, format_option, say, show
from console.cli.whose import tenant_of
from console.control import customers
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.errors import AlreadyDone
from schemas.instant import format_instant, parse_instant


@click.group()
def command() -> None:
    """Customers, and the plans that they are on."""


@command.command(
    epilog=example("weir customer plan c-1 pro", "weir customer plan c-1 pro --anchor 2026-12-01T00:00:00Z")
)
@click.argument("customer")
@click.argument("name")
@click.option("--tenant", help="Whose customer; may be left out where there is one tenant.")
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


def _instant(text: str) -> int:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} {error}", param_hint="--anchor") from None
