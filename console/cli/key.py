"""`weir key`: API keys."""

import os

import click

from console.cli.place import with_settings
from console.cli.rates import limit_of, limit_options, rate_options, show_limit
from console.cli.show import Format, example, format_option, say, show, show_json
from console.control import keys
from console.control.core.key import RANDOM_BYTES, SCOPES, scopes_of
from console.control.core.rates import rate_of
from console.control.tenants import find_tenant
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.errors import AlreadyDone


@click.group()
def command() -> None:
    """API keys: what a producer or a reader proves itself with."""


@command.command(
    epilog=example(
        "KEY=$(weir key create acme --scope ingest,read)",
        "KEY=$(weir key create acme --scope ingest --rate 1000 --burst 2000)",
    )
)
@click.argument("tenant")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    callback=lambda _context, _parameter, words: scopes_of(words),
    help=f"Of {', '.join(SCOPES)}; commas between.",
)
@rate_options
@format_option
@with_settings
def create(
    settings: Settings,
    *,
    tenant: str,
    scopes: tuple[str, ...],
    per_second: int | None,
    burst: int | None,
    output: Format,
) -> None:
    """Issue a key for TENANT and print it, alone on its line. It is shown this once and kept nowhere."""
    rate = rate_of(per_second, burst)
    settings.need("postgres")
    with connect(settings, "key", autocommit=True) as connection:
        key, of = keys.create_key(connection, tenant, scopes, os.urandom(RANDOM_BYTES), rate)
    say(f"key {key.key_id} of tenant {of} for {', '.join(scopes)}: keep it, it is not shown again")
    if output == "json":
        show_json({"key": key.text, "key_id": key.key_id, "tenant": of, "scopes": scopes})
    elif output == "csv":
        show(output, ("key", "key_id", "tenant", "scopes"), [(key.text, key.key_id, of, scopes)], None)
    else:
        click.echo(key.text)


@command.command(
    epilog=example("weir key limit 3f9a21c7 --rate 1000 --burst 2000", "weir key limit 3f9a21c7 --no-rate")
)
@click.argument("key_id")
@limit_options
@format_option
@with_settings
def limit(
    settings: Settings,
    *,
    key_id: str,
    per_second: int | None,
    burst: int | None,
    no_rate: bool,
    output: Format,
) -> None:
    """Say how much may be sent with the key KEY_ID; within 2 seconds every door knows."""
    rate = limit_of(per_second, burst, no_rate=no_rate)
    settings.need("postgres")
    with connect(settings, "key", autocommit=True) as connection:
        key_id = keys.limit_key(connection, key_id, rate)
    show_limit(output, "key_id", key_id, rate)


@command.command("list", epilog=example("weir key list --tenant acme"))
@click.option("--tenant", help="Only this tenant's.")
@format_option
@with_settings
def list_(settings: Settings, tenant: str | None, output: Format) -> None:
    """List keys by id; the keys themselves are known to their holders alone."""
    settings.need("postgres")
    with connect(settings, "key", autocommit=True) as connection:
        found = keys.list_keys(connection, tenant and find_tenant(connection, tenant))
    show(output, keys.Key._fields, found, [key._asdict() for key in found])


@command.command(epilog=example("weir key revoke 3f9a21c7"))
@click.argument("key_id")
@format_option
@with_settings
def revoke(settings: Settings, key_id: str, output: Format) -> None:
    """Revoke the key KEY_ID; within 2 seconds every door refuses it."""
    settings.need("postgres")
    with connect(settings, "key", autocommit=True) as connection:
        try:
            key_id = keys.revoke_key(connection, key_id)
        except AlreadyDone as done:
            key_id = str(done)
            say(f"key {key_id} was revoked before")
    show(output, ("revoked",), [(key_id,)], {"revoked": key_id})
