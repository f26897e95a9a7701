"""`weir webhook gaps`, `backfill` and `backfills`: what webhooks did not bring, and the past."""

import os
import time
from typing import Final

import click
import msgspec

from console.cli.place import with_settings
from console.cli.reading import instants, span_options
from console.cli.run import BAD_ANSWER, GOOD
from console.cli.show import Format, example, format_option, say, show
from console.cli.whose import tenant_of
from console.control.backfills import RANDOM_BYTES, order_backfill
from console.webhooks.gaps import BackfillState, Missing, Walks, read_backfills, read_walks
from runtime.postgres import Connection, connect
from runtime.settings import Settings
from sinks.stripe.core.spans import HORIZON_S, Span

_MS: Final = 1_000
_LOOK_SECONDS: Final = 1.0
#: Connected accounts that are named to a person.
_NAMED: Final = 3
_ENDED: Final = ("done", "failed")
_COLUMNS: Final = (
    *("backfill_id", "tenant", "from", "to", "state", "stage", "read", "entered", "moved_at", "failure"),
)


@click.command("gaps", epilog=example("weir webhook gaps --tenant acme --from 2026-11-01T00:00:00Z"))
@click.option("--tenant", help="Only this tenant's.")
@span_options
@format_option
@with_settings
def gaps(
    settings: Settings, *, tenant: str | None, start: str | None, end: str | None, output: Format
) -> int:
    """Show what was compared with Stripe's list of events, what was missing, and what was entered.

    Events are counted by the day (UTC) on which Stripe made them, by default those of the last 30 days. Ends
    with 1 where the last walk along the list failed.
    """
    settings.need("postgres")
    whose = None if tenant is None else tenant_of(settings, tenant)
    now_s = int(time.time())
    from_ms, to_ms = instants(start, end, _MS * (now_s - HORIZON_S))
    with connect(settings, "webhook", autocommit=True) as connection:
        found = read_walks(connection, whose, Span(from_ms // _MS, -(-to_ms // _MS)), now_s)
    rows = [msgspec.structs.astuple(each) for walks in found for each in walks.missing]
    show(output, Missing.__struct_fields__, rows, found)
    for walks in found:
        _say(walks)
    if not found:
        say("no tenant has a key of Stripe's API: `weir stripe-key add TENANT`")
    return BAD_ANSWER if any(walks.failure for walks in found) else GOOD


@click.command("backfill", epilog=example("weir webhook backfill acme --from 2026-01-01T00:00:00Z --follow"))
@click.argument("tenant")
@span_options
@click.option("--follow", is_flag=True, help="Show how far it is until it is done; Ctrl-C leaves it running.")
@format_option
@with_settings
def backfill(
    settings: Settings, *, tenant: str, start: str | None, end: str | None, follow: bool, output: Format
) -> int:
    """Fetch TENANT's past from Stripe: events of the last 30 days, and beyond them objects as they are now.

    The sinks do it; `weir webhook backfills` shows how far they are. Twice the same changes nothing.
    """
    if start is None:
        raise click.UsageError("say from when on with --from")
    settings.need("postgres")
    now_ms = time.time_ns() // 1_000_000
    from_ms, to_ms = instants(start, end)
    span = Span(from_ms // _MS, -(-min(to_ms, now_ms) // _MS))
    if span.from_s >= span.to_s:
        raise click.UsageError("--from must be in the past")
    with connect(settings, "webhook", autocommit=True) as connection:
        backfill_id, is_new = order_backfill(connection, tenant, span, os.urandom(RANDOM_BYTES), now_ms)
        say(f"backfill {backfill_id} " + ("is ordered" if is_new else "is under way already"))
        state = _followed(connection, backfill_id) if follow else _state(connection, backfill_id)
    _show(output, [state], msgspec.to_builtins(state))
    return BAD_ANSWER if state.state == "failed" else GOOD


@click.command("backfills", epilog=example("weir webhook backfills --tenant acme"))
@click.option("--tenant", help="Only this tenant's.")
@format_option
@with_settings
def backfills(settings: Settings, *, tenant: str | None, output: Format) -> None:
    """List backfills and how far they are, the newest first."""
    settings.need("postgres")
    whose = None if tenant is None else tenant_of(settings, tenant)
    with connect(settings, "webhook", autocommit=True) as connection:
        found = read_backfills(connection, whose)
    _show(output, found, found)


def _say(walks: Walks) -> None:
    """Tell a person about one tenant."""
    whose = f"tenant {walks.tenant}:"
    if walks.failure is not None:
        say(f"{whose} the last walk failed at {walks.failed_at}: {walks.failure}")
    if walks.connected_accounts:
        more = ", …" if len(walks.connected_accounts) > _NAMED else ""
        named = ", ".join(walks.connected_accounts[:_NAMED]) + more
        say(
            f"{whose} webhooks tell of connected accounts ({named}): Stripe's list has events of the key's "
            "own account alone, so theirs are not compared, and what is missing of them does not come in"
        )
    if walks.walking is not None:
        say(f"{whose} a walk of {walks.walking} is under way")
    if not walks.walked:
        say(f"{whose} nothing has been walked yet")
        return
    say(f"{whose} walked {', '.join(map(str, walks.walked))}")
    if walks.unwalked:
        say(f"{whose} not walked yet {', '.join(map(str, walks.unwalked))}")


def _followed(connection: Connection, backfill_id: str) -> BackfillState:
    """Return the backfill once it has ended; say meanwhile how far it is."""
    said = ""
    while True:
        state = _state(connection, backfill_id)
        line = f"{state.stage or state.state}: {state.read} read, {state.entered} entered"
        line += f" (waits: {state.failure})" if state.failure and state.state not in _ENDED else ""
        if line != said:
            say(line)
            said = line
        if state.state in _ENDED:
            return state
        time.sleep(_LOOK_SECONDS)


def _state(connection: Connection, backfill_id: str) -> BackfillState:
    [state] = read_backfills(connection, None, backfill_id)
    return state


def _show(output: Format, found: list[BackfillState], value: object) -> None:
    rows = [tuple(msgspec.to_builtins(each)[column] for column in _COLUMNS) for each in found]
    show(output, _COLUMNS, rows, value)
