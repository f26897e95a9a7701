"""`weir tenant`: the accounts of the operator."""

from typing import Final

import click

from console.cli.place import with_settings
from console.cli.rates import limit_of, limit_options, show_limit
from console.cli.show import Format, example, format_option, say, show
from console.control import tenants
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.errors import AlreadyDone

#: So that a number fits where it is kept.
MOST_DIGITS: Final = 18


@click.group()
def command() -> None:
    """Tenants: the accounts whose customers' usage is measured."""


@command.command(epilog=example("weir tenant create acme", 'weir tenant create "Acme Inc." --format json'))
@click.argument("name")
@format_option
@with_settings
def create(settings: Settings, name: str, output: Format) -> None:
    """Make a tenant called NAME and print its id. One that is there already stays as it is."""
    settings.need("postgres")
    with connect(settings, "tenant", autocommit=True) as connection:
        try:
            tenant = tenants.create_tenant(connection, name)
        except AlreadyDone as done:
            tenant = str(done)
            say(f"tenant {tenant} is there already")
    show(output, ("tenant", "name"), [(tenant, name)], {"tenant": tenant, "name": name})


@command.command(epilog=example("weir tenant quota acme 100000", "weir tenant quota acme unlimited"))
@click.argument("tenant")
@click.argument("events")
@with_settings
def quota(settings: Settings, tenant: str, events: str) -> None:
    """Have TENANT send at most EVENTS in a calendar month (UTC), or `unlimited`.

    Beyond it the ingress answers 429 until the month ends.
    """
    if events != "unlimited" and not (events.isascii() and events.isdigit() and len(events) <= MOST_DIGITS):
        raise click.BadParameter("write a whole number, or unlimited", param_hint="EVENTS")
    settings.need("postgres")
    with connect(settings, "tenant", autocommit=True) as connection:
        tenant = tenants.find_tenant(connection, tenant)
        tenants.limit_events(connection, tenant, None if events == "unlimited" else int(events))
    say(f"tenant {tenant} may send {events} events a month")


@command.command("list", epilog=example("weir tenant list"))
@format_option
@with_settings
def list_(settings: Settings, output: Format) -> None:
    """List all tenants."""
    settings.need("postgres")
    with connect(settings, "tenant", autocommit=True) as connection:
        found = tenants.list_tenants(connection)
    show(output, tenants.Tenant._fields, found, [tenant._asdict() for tenant in found])


@command.command(
    epilog=example("weir tenant limit acme --rate 1000 --burst 2000", "weir tenant limit acme --no-rate")
)
@click.argument("tenant")
@limit_options
@format_option
@with_settings
def limit(
    settings: Settings,
    *,
    tenant: str,
    per_second: int | None,
    burst: int | None,
    no_rate: bool,
    output: Format,
) -> None:
    """Say how much the keys of TENANT, all together, may send; within 2 seconds every door knows."""
    rate = limit_of(per_second, burst, no_rate=no_rate)
    settings.need("postgres")
    with connect(settings, "tenant", autocommit=True) as connection:
        tenant = tenants.find_tenant(connection, tenant)
        tenants.limit_rate(connection, tenant, rate)
    show_limit(output, "tenant", tenant, rate)
