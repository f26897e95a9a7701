"""`weir webhook`: Stripe's deliveries, and what they are signed with."""

import os
import sys
import time
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Final, NamedTuple, get_args

import click
from msgspec.structs import astuple

from console.catalog.core.durations import span_ms
from console.cli.place import with_settings
from console.cli.reading import MOST, ask_store, instants, limit_option, say_there_are_more, span_options
from console.cli.show import Format, example, format_option, say, show
from console.cli.webhook_gaps import backfill, backfills, gaps
from console.cli.webhook_secret import command as secret
from console.cli.whose import tenant_of, tenant_option
from console.control.republish import publish_again
from console.webhooks.address import webhook_url
from console.webhooks.core.handling import Asked
from console.webhooks.core.metrics import checked, window_before
from console.webhooks.core.wanted import Sighting, Wanted, words_wanted
from console.webhooks.metrics import ChargeCount, EventCount, count_webhooks
from console.webhooks.reading import Delivery, find_event, list_deliveries
from console.webhooks.trial import send_trial
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.errors import Reject
from schemas.money import format_money
from schemas.topics import STRIPE, topic_name

_COLUMNS: Final = (
    "recorded_at",
    "event_id",
    "type",
    "object_id",
    "sighting",
    "status",
    "created_at",
    "position",
)
_CHARGES: Final = (
    "succeeded",
    "failed",
    "pending",
    "succeeded_amount",
    "failed_amount",
    "pending_amount",
    "failure_rate",
)
_FAILED: Final = ("event_id", "type", "object_id", "attempts", "error", "recorded_at")


@click.group()
def command() -> None:
    """Stripe's webhooks: secrets, the record of every delivery, and what none brought."""


command.add_command(secret, "secret")
command.add_command(gaps)
command.add_command(backfill)
command.add_command(backfills)


class Chosen(NamedTuple):
    """What a list is narrowed down to; None: nothing."""

    type: str | None
    object_id: str | None
    sighting: Sighting | None
    status: Asked | None
    words: tuple[str, ...]


def _choices(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give *command* the options that narrow a list down, as the argument `chosen`."""

    @click.option("--type", "event_type", help="Only events of this type.")
    @click.option("--object", "object_id", metavar="ID", help="Only events about this object, such as in_1….")
    @click.option(
        "--sighting",
        type=click.Choice(get_args(Sighting)),
        help="Only what was new, or came under a known id.",
    )
    @click.option(
        "--status",
        type=click.Choice(get_args(Asked)),
        help="Only events of which nothing has come in the mirror: not yet, or not at all.",
    )
    @click.option("--text", metavar="WORDS", help="Only what says all of these words: ids, names, e-mail, …")
    @wraps(command)
    def narrowed(
        *words: object,
        event_type: str | None,
        object_id: str | None,
        sighting: Sighting | None,
        status: Asked | None,
        text: str | None,
        **more: object,
    ) -> object:
        chosen = Chosen(event_type, object_id, sighting, status, () if text is None else _words(text))
        return command(*words, chosen=chosen, **more)

    return narrowed


@command.command("list", epilog=example("weir webhook list --type invoice.paid --from 2026-11-21T00:00:00Z"))
@tenant_option()
@_choices
@span_options
@limit_option
@format_option
@with_settings
def list_(
    settings: Settings,
    *,
    tenant: str | None,
    chosen: Chosen,
    start: str | None,
    end: str | None,
    limit: int,
    output: Format,
) -> None:
    """List deliveries, the newest first; --from and --to are of the time of the record."""
    span = instants(start, end)
    settings.need("postgres")
    wanted = Wanted(tenant_of(settings, tenant), *chosen, *span)
    page = ask_store(
        settings, lambda connection: list_deliveries(connection, _topic(settings), wanted, limit)
    )
    if page.next is not None:
        say_there_are_more(limit)
    show(output, _COLUMNS, [_row(each) for each in page.deliveries], page.deliveries)


@command.command("show", epilog=example("weir webhook show evt_1PqR --tenant acme"))
@click.argument("event_id")
@tenant_option()
@format_option
@with_settings
def show_(settings: Settings, *, event_id: str, tenant: str | None, output: Format) -> None:
    """Show every delivery of the event EVENT_ID, and what the first one said, byte for byte."""
    settings.need("postgres")
    whose = tenant_of(settings, tenant)
    found = ask_store(settings, lambda connection: find_event(connection, _topic(settings), whose, event_id))
    if not found:
        raise Reject(f"tenant {whose} has no event {event_id!r}: see `weir webhook list`")
    show(output, _COLUMNS, [_row(each) for each in found], found)
    if output == "table" and (first := found[0].sent) is not None:
        sys.stdout.flush()
        sys.stdout.buffer.write(b"\n" + first + b"\n")


@command.command(epilog=example("weir webhook stats --window 24h --tenant acme"))
@tenant_option()
@click.option(
    "--window", default="24h", show_default=True, help="Up to now, such as 30m, 24h or 7d; from 6m to 30d."
)
@format_option
@with_settings
def stats(settings: Settings, *, tenant: str | None, window: str, output: Format) -> None:
    """Count events by type, and charges by how they ended; the failure rate is of those that ended."""
    length_ms = _window_ms(window)
    settings.need("postgres")
    whose = tenant_of(settings, tenant)
    lately = window_before(time.time_ns() // 1_000_000, length_ms)
    found = ask_store(settings, lambda connection: count_webhooks(connection, whose, lately))
    if output == "csv":
        rows = [("event", each.type, each.events) for each in found.events_by_type]
        rows += [
            (f"charge {name}", each.currency or "", getattr(each, name))
            for each in found.charges_by_currency
            for name in ChargeCount.__struct_fields__[1:]
        ]
        show(output, ("what", "of", "number"), rows, found)
        return
    show(output, EventCount.__struct_fields__, map(astuple, found.events_by_type), found)
    if output == "table":
        show(output, ("charges", *_CHARGES), map(_charge_row, found.charges_by_currency), found)
        rate = "no charge ended" if found.failure_rate is None else f"failure rate {found.failure_rate}"
        say(f"from {found.start} to {found.end}: {found.events} events, {found.charges} charges, {rate}")


@command.command("dead-letters", epilog=example("weir webhook dead-letters --tenant acme"))
@tenant_option()
@format_option
@with_settings
def dead_letters(settings: Settings, *, tenant: str | None, output: Format) -> None:
    """List events that were tried as often as it is worth, and why nothing could be made of them."""
    settings.need("postgres")
    wanted = Wanted(tenant_of(settings, tenant), status="failed_permanent")
    page = ask_store(settings, lambda connection: list_deliveries(connection, _topic(settings), wanted, MOST))
    rows = [tuple(getattr(each, column) for column in _FAILED) for each in page.deliveries]
    show(output, _FAILED, rows, page.deliveries)


@command.command(epilog=example("weir webhook retry evt_1PqR --tenant acme"))
@click.argument("event_ids", metavar="EVENT_ID...", nargs=-1, required=True)
@tenant_option()
@with_settings
def retry(settings: Settings, *, event_ids: tuple[str, ...], tenant: str | None) -> None:
    """Publish events once more, whatever became of them: what was handled changes nothing."""
    settings.need("postgres")
    whose = tenant_of(settings, tenant)
    with connect(settings, "webhook", autocommit=True) as connection:
        ordered = publish_again(connection, whose, event_ids)
    say(f"{ordered} events of {whose} are published again; `weir webhook show` says what becomes of them")


@command.command(epilog=example("weir webhook replay --status failed --from 2026-11-21T00:00:00Z"))
@tenant_option()
@_choices
@span_options
@with_settings
def replay(
    settings: Settings, *, tenant: str | None, chosen: Chosen, start: str | None, end: str | None
) -> None:
    """Publish every recorded event once more that the options name; what was handled changes nothing."""
    span = instants(start, end)
    settings.need("postgres")
    wanted = Wanted(tenant_of(settings, tenant), *chosen, *span)
    ordered, topic = 0, _topic(settings)
    with connect(settings, "webhook", autocommit=True) as connection:
        while True:
            page = ask_store(settings, partial(list_deliveries, topic=topic, wanted=wanted, limit=MOST))
            event_ids = tuple(dict.fromkeys(each.event_id for each in page.deliveries))
            ordered += publish_again(connection, wanted.tenant, event_ids)
            if page.next is None:
                break
            say(f"{ordered} so far")
            wanted = wanted._replace(below=page.next)
    say(f"{ordered} events of {wanted.tenant} are published again")


@command.command(epilog=example("weir webhook test acme invoice.paid"))
@click.argument("tenant")
@click.argument("event_type", metavar="TYPE")
@format_option
@with_settings
def test(settings: Settings, *, tenant: str, event_type: str, output: Format) -> None:
    """Send a signed event of TYPE to TENANT's own URL, and show its way into the record."""
    settings.need("postgres")
    whose = tenant_of(settings, tenant)
    url = webhook_url(settings, whose)
    steps = send_trial(settings, whose, event_type, url, os.urandom(8).hex(), time.time_ns() // 1_000_000)
    show(output, ("step", "said", "milliseconds"), steps, [step._asdict() for step in steps])


def _window_ms(text: str) -> int:
    try:
        return checked(span_ms(text))
    except ValueError as error:
        raise click.BadParameter(f"{text!r} {error}", param_hint="--window") from None


def _charge_row(count: ChargeCount) -> tuple[object, ...]:
    amounts = (count.succeeded_amount, count.failed_amount, count.pending_amount)
    return (
        count.charges,
        count.succeeded,
        count.failed,
        count.pending,
        *(format_money(amount, count.currency or "") for amount in amounts),
        count.failure_rate,
    )


def _words(text: str) -> tuple[str, ...]:
    try:
        return words_wanted(text)
    except Reject as error:
        raise click.BadParameter(str(error), param_hint="--text") from None


def _row(delivery: Delivery) -> tuple[object, ...]:
    return tuple(getattr(delivery, column) for column in _COLUMNS)


def _topic(settings: Settings) -> str:
    return topic_name(settings.topic_prefix, STRIPE)
