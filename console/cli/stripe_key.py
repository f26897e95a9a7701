"""`weir stripe-key`: what Stripe's API is asked with on behalf of tenants."""

import os
import time
from typing import BinaryIO

import click

from console.cli.handed_over import from_file, read_secret
from console.cli.place import with_settings
from console.cli.show import Format, example, format_option, say, show
from console.cli.whose import tenant_of
from console.control import stripe_keys
from console.control.core.stripe_key import RANDOM_BYTES, key_of, may_write
from runtime.postgres import connect
from runtime.sealing import Keyring
from runtime.settings import Settings
from schemas.errors import AlreadyDone


@click.group()
def command() -> None:
    """Keys of Stripe's API, to fill gaps and to fetch the past (docs/backfill.md)."""


@command.command(
    epilog=example(
        "weir stripe-key add acme --from-file key.txt",
        "pbpaste | weir stripe-key add acme --from-file -",
    )
)
@click.argument("tenant")
@from_file("key")
@format_option
@with_settings
def add(settings: Settings, *, tenant: str, file: BinaryIO, output: Format) -> None:
    """Keep the key that Stripe is asked with for TENANT from now on; a restricted one (rk_…) will do."""
    text = key_of(read_secret(file, "key"))
    settings.need("postgres")
    with connect(settings, "stripe-key", autocommit=True) as connection:
        kept = stripe_keys.add_key(
            connection, Keyring.of(settings), tenant, text, os.urandom(RANDOM_BYTES), _now_ms()
        )
        stripe_keys.order_walk(connection, kept.tenant)
    if may_write(text):
        say("this key may do everything in its account; Weir reads: a restricted key (rk_…) is safer")
    say(f"key {kept.key_id} of tenant {kept.tenant} is kept; the sinks use it from their next request on")
    say(f"whether it is of the account of the webhooks, `weir webhook gaps --tenant {kept.tenant}` says soon")
    show(output, kept._fields, [kept], kept._asdict())


@command.command("list", epilog=example("weir stripe-key list --tenant acme"))
@click.option("--tenant", help="Only this tenant's.")
@format_option
@with_settings
def list_(settings: Settings, *, tenant: str | None, output: Format) -> None:
    """List keys by their ids and last four characters; of a tenant's, the newest is used."""
    settings.need("postgres")
    whose = None if tenant is None else tenant_of(settings, tenant)
    with connect(settings, "stripe-key", autocommit=True) as connection:
        found = stripe_keys.list_keys(connection, whose)
    show(output, stripe_keys.Kept._fields, found, [kept._asdict() for kept in found])


@command.command(epilog=example("weir stripe-key revoke stk_3f9a21c7"))
@click.argument("key_id")
@format_option
@with_settings
def revoke(settings: Settings, *, key_id: str, output: Format) -> None:
    """Forget the key KEY_ID: nobody uses it any more. At Stripe it holds until it is rolled there."""
    settings.need("postgres")
    with connect(settings, "stripe-key", autocommit=True) as connection:
        try:
            stripe_keys.revoke_key(connection, key_id, _now_ms())
        except AlreadyDone:
            say(f"key {key_id} was revoked before")
    show(output, ("revoked",), [(key_id,)], {"revoked": key_id})


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
