"""Reads what was compared with Stripe's list of events, what was missing, and how backfills are."""

from typing import Final

import msgspec

from console.queries import queries
from runtime.postgres import Connection
from schemas.instant import format_instant
from sinks.stripe.core.spans import HORIZON_S, SETTLED_S, Span, unwalked

_MS: Final = 1_000


class Stretch(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """A span of events' creation."""

    start: str
    end: str

    def __str__(self) -> str:
        """Return it for people."""
        return f"{self.start}/{self.end}"


class Missing(msgspec.Struct, frozen=True):
    """Events of one type and day (UTC) that no webhook had brought."""

    tenant: str
    day: str
    type: str
    missing: int
    #: Of them, those that stand on weir.stripe by now.
    entered: int


class Walks(msgspec.Struct, frozen=True, kw_only=True):
    """How a tenant's webhooks compare with Stripe's list."""

    tenant: str
    walked: tuple[Stretch, ...]
    #: Of what Stripe still lists, but the youngest events.
    unwalked: tuple[Stretch, ...]
    #: The walk that is under way.
    walking: Stretch | None
    last_walk_at: str | None
    #: When the last walk failed, and why; None: it did not.
    failed_at: str | None
    failure: str | None
    #: Of which the newest webhooks tell. Stripe's list has none of their events, so they are not compared.
    connected_accounts: tuple[str, ...]
    missing: tuple[Missing, ...]


class BackfillState(msgspec.Struct, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """A backfill, and how far it is."""

    backfill_id: str
    tenant: str
    start: str
    end: str
    #: waiting, running, done or failed.
    state: str
    #: The list that is being read: events, or a kind of object.
    stage: str | None
    #: Events and objects read so far, and those of them that were not known.
    read: int
    entered: int
    asked_at: str
    moved_at: str
    failure: str | None


def read_walks(connection: Connection, tenant: str | None, span: Span, now_s: int) -> list[Walks]:
    """Return how it is with *tenant* (id), or with each; missing are those created in *span*."""
    values = {"tenant": tenant, **span._asdict()}
    sql = queries(__package__)
    walked: dict[str, list[Span]] = {}
    for whose, from_s, to_s in connection.execute(sql["stripe_walked"], values):
        walked.setdefault(whose, []).append(Span(from_s, to_s))
    missing: dict[str, list[Missing]] = {}
    for row in connection.execute(sql["stripe_missing"], values):
        missing.setdefault(row[0], []).append(Missing(*row))
    listed = Span(now_s - HORIZON_S, now_s - SETTLED_S)
    return [
        Walks(
            tenant=whose,
            walked=tuple(map(_stretch, walked.get(whose, []))),
            unwalked=tuple(map(_stretch, unwalked(walked.get(whose, []), listed))),
            walking=None if from_s is None else _stretch(Span(from_s, to_s)),
            last_walk_at=_instant(ended_at_ms),
            failed_at=_instant(failed_at_ms),
            failure=failure,
            connected_accounts=tuple(accounts),
            missing=tuple(missing.get(whose, [])),
        )
        for whose, from_s, to_s, ended_at_ms, failed_at_ms, failure, accounts in connection.execute(
            sql["stripe_walks"], values
        )
    ]


def read_backfills(
    connection: Connection, tenant: str | None, backfill_id: str | None = None
) -> list[BackfillState]:
    """Return the backfills of *tenant* (id), or all; the newest first."""
    values = {"tenant": tenant, "backfill_id": backfill_id}
    return [
        BackfillState(
            backfill_id=name,
            tenant=whose,
            start=format_instant(_MS * from_s),
            end=format_instant(_MS * to_s),
            state=state,
            stage=stage,
            read=read,
            entered=entered,
            asked_at=format_instant(asked_at_ms),
            moved_at=format_instant(moved_at_ms),
            failure=failure,
        )
        for name, whose, from_s, to_s, state, stage, read, entered, asked_at_ms, moved_at_ms, failure in (
            connection.execute(queries(__package__)["backfills"], values)
        )
    ]


def _stretch(span: Span) -> Stretch:
    return Stretch(format_instant(_MS * span.from_s), format_instant(_MS * span.to_s))


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else format_instant(at_ms)
