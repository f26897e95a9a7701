"""`weir webhook secret`: what tenants' webhooks are signed with."""

import os
import time
from typing import BinaryIO, Final

import click

from console.catalog.core.durations import span_ms
from console.cli.handed_over import from_file, read_secret
from console.cli.place import with_settings
from console.cli.show import Format, example, format_option, say, show
from console.cli.whose import tenant_of
from console.control import webhook_secrets
from console.control.core.webhook_secret import RANDOM_BYTES, secret_of
from console.control.sealed import reseal as reseal_all
from console.webhooks.address import webhook_url
from runtime.postgres import connect
from runtime.sealing import Keyring
from runtime.settings import Settings
from schemas.catalog import WebhookSecretKept
from schemas.errors import AlreadyDone
from schemas.instant import DAY_MS, format_instant

#: As long as Stripe itself lets both hold at most.
_OVERLAP: Final = "24h"
_MOST_OVERLAP_MS: Final = 7 * DAY_MS

_FROM_FILE: Final = from_file("secret")


@click.group()
def command() -> None:
    """Signing secrets of Stripe's webhooks."""


@command.command(
    epilog=example(
        "weir webhook secret add acme --from-file secret.txt",
        "pbpaste | weir webhook secret add acme --from-file -",
    )
)
@click.argument("tenant")
@_FROM_FILE
@format_option
@with_settings
def add(settings: Settings, *, tenant: str, file: BinaryIO, output: Format) -> None:
    """Keep the secret that Stripe signs TENANT's webhooks with, and print the URL to give to Stripe."""
    text = secret_of(read_secret(file, "secret"))
    settings.need("postgres")
    with connect(settings, "webhook", autocommit=True) as connection:
        kept = webhook_secrets.add_secret(
            connection, Keyring.of(settings), tenant, text, os.urandom(RANDOM_BYTES), _now_ms()
        )
    say(f"secret {kept.secret_id} of tenant {kept.tenant} is kept; within 2 seconds every door knows it")
    _show(settings, kept, output)


@command.command(epilog=example("weir webhook secret rotate acme --from-file secret.txt --overlap 24h"))
@click.argument("tenant")
@_FROM_FILE
@click.option(
    "--overlap", default=_OVERLAP, show_default=True, help="How long the one before still holds; 7d at most."
)
@format_option
@with_settings
def rotate(settings: Settings, *, tenant: str, file: BinaryIO, overlap: str, output: Format) -> None:
    """Keep the next secret of TENANT: both hold for a while, as Stripe signs with both."""
    overlap_ms = _overlap(overlap)
    text = secret_of(read_secret(file, "secret"))
    settings.need("postgres")
    now_ms = _now_ms()
    with connect(settings, "webhook", autocommit=True) as connection:
        kept = webhook_secrets.rotate_secret(
            connection, Keyring.of(settings), tenant, text, os.urandom(RANDOM_BYTES), now_ms, overlap_ms
        )
    say(
        f"secret {kept.secret_id} of tenant {kept.tenant} is kept; the one before holds until "
        f"{format_instant(now_ms + overlap_ms)}"
    )
    _show(settings, kept, output)


@command.command("list", epilog=example("weir webhook secret list --tenant acme"))
@click.option("--tenant", help="Only this tenant's.")
@format_option
@with_settings
def list_(settings: Settings, *, tenant: str | None, output: Format) -> None:
    """List secrets by their ids; what they are is shown to nobody."""
    settings.need("postgres")
    whose = None if tenant is None else tenant_of(settings, tenant)
    with connect(settings, "webhook", autocommit=True) as connection:
        found = webhook_secrets.list_secrets(connection, whose, _now_ms())
    show(output, webhook_secrets.Kept._fields, found, [kept._asdict() for kept in found])


@command.command(epilog=example("weir webhook secret revoke ws_3f9a21c7"))
@click.argument("secret_id")
@format_option
@with_settings
def revoke(settings: Settings, *, secret_id: str, output: Format) -> None:
    """Let the secret SECRET_ID verify nothing from now on; within 2 seconds every door knows."""
    settings.need("postgres")
    with connect(settings, "webhook", autocommit=True) as connection:
        try:
            webhook_secrets.revoke_secret(connection, secret_id, _now_ms())
        except AlreadyDone:
            say(f"secret {secret_id} had ended before")
    show(output, ("revoked",), [(secret_id,)], {"revoked": secret_id})


@command.command(epilog=example("weir webhook secret reseal"))
@format_option
@with_settings
def reseal(settings: Settings, *, output: Format) -> None:
    """Seal with WEIR_SECRET_KEY what WEIR_SECRET_KEY_PREVIOUS sealed: secrets, and keys of Stripe's API."""
    settings.need("postgres")
    with connect(settings, "webhook", autocommit=True) as connection:
        number = reseal_all(connection, Keyring.of(settings))
    show(output, ("resealed",), [(number,)], {"resealed": number})


def _show(settings: Settings, kept: WebhookSecretKept, output: Format) -> None:
    answer = {
        "url": webhook_url(settings, kept.tenant),
        "tenant": kept.tenant,
        "secret_id": kept.secret_id,
    }
    if output == "table":
        click.echo(answer["url"])
    else:
        show(output, tuple(answer), [tuple(answer.values())], answer)


def _overlap(text: str) -> int:
    try:
        overlap_ms = span_ms(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} {error}", param_hint="--overlap") from None
    if overlap_ms > _MOST_OVERLAP_MS:
        raise click.BadParameter("must be 7d at most", param_hint="--overlap")
    return overlap_ms


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
