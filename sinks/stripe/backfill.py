"""Fetches the past of a tenant, as somebody ordered it: page by page, each stored before the next."""

import time
from typing import Final, NamedTuple

from runtime import logs
from runtime.postgres import Pool
from schemas.errors import AlreadyDone, Misconfigured, Reject, TryAgain
from schemas.webhook import Origin
from sinks import sql
from sinks.jobs.defer import defer_async
from sinks.stripe.api import CursorGone, StripeApi
from sinks.stripe.belonging import Belonging
from sinks.stripe.core.snapshot import Page, read_named, same_as
from sinks.stripe.core.spans import Span
from sinks.stripe.core.stages import EVENTS, Stage, after, stages
from sinks.stripe.entry import Entry
from sinks.stripe.keys import Keys
from sinks.stripe.orders import backfill_order
from sinks.stripe.publish import Publisher
from sinks.stripe.record import Record
from sinks.stripe.walked import add_walked

#: After so long a walk of the same tenant that waits goes first.
_SLICE_SECONDS: Final = 20.0

log = logs.get_logger(__name__)


class _Order(NamedTuple):
    """A backfill as it was claimed."""

    backfill_id: str
    tenant: str
    way: tuple[Stage, ...]
    epoch: int


class _Read(NamedTuple):
    """What became of a page."""

    page: Page
    entered: int


class Backfill:
    """Works on backfills, a slice at a time."""

    def __init__(
        self,
        pool: Pool,
        keys: Keys,
        record: Record,
        belonging: Belonging,
        entry: Entry,
        publisher: Publisher,
    ) -> None:
        self._pool = pool
        self._keys = keys
        self._record = record
        self._belonging = belonging
        self._entry = entry
        self._publisher = publisher

    async def work(self, *, backfill_id: str) -> None:
        """Go on with the backfill *backfill_id*; where it takes longer, order the next slice.

        Raises TryAgain; and Misconfigured and Reject, which end it. All are written down with it.
        """
        try:
            await self._slice(backfill_id)
        except AlreadyDone:
            log.warning("stripe.backfill_taken_over", backfill_id=backfill_id)
        except (TryAgain, Misconfigured, Reject) as error:
            await self._note_failure(backfill_id, str(error), for_good=not isinstance(error, TryAgain))
            raise

    async def _slice(self, backfill_id: str) -> None:
        until = time.monotonic() + _SLICE_SECONDS
        values = {"backfill_id": backfill_id, "now_ms": _now_ms()}
        async with self._pool.connection() as connection:
            found = await connection.execute(sql.queries()["stripe_begin_backfill"], values)
            row = await found.fetchone()
        if row is None:
            return
        tenant, from_s, to_s, asked_at_ms, name, cursor, epoch = row
        order = _Order(backfill_id, tenant, stages(Span(from_s, to_s), asked_at_ms // 1_000), epoch)
        stage = next((each for each in order.way if each.name == name), next(iter(order.way), None))
        key = await self._keys.of(tenant)
        if key is None:
            raise Reject(f"tenant {tenant} has no key of Stripe's API: `weir stripe-key add {tenant}`")
        api = await self._belonging.client(key)
        while stage is not None:
            if time.monotonic() > until:
                await self._order_next_slice(order)
                return
            stage, cursor = await self._page(api, order, stage, cursor)
        if not order.way:
            await self._advance(order, None, None, None, 0)

    async def _page(
        self, api: StripeApi, order: _Order, stage: Stage, cursor: str | None
    ) -> tuple[Stage | None, str | None]:
        """Enter one page; return where to go on."""
        try:
            read = await self._enter(api, order.tenant, stage, cursor)
        except CursorGone:
            return stage, None
        page = read.page
        if page.has_more and page.data:
            following: Stage | None = stage
            cursor = read_named(bytes(page.data[-1])).id
        else:
            following, cursor = after(order.way, stage.name), None
        await self._advance(order, stage, following, cursor, read.entered, len(page.data))
        return following, cursor

    async def _enter(self, api: StripeApi, tenant: str, stage: Stage, cursor: str | None) -> _Read:
        if stage.name == EVENTS:
            page = await api.events(*stage.span, cursor)
            return _Read(page, await self._entry.enter(tenant, [bytes(each) for each in page.data]))
        page, answer = await api.objects(stage.name, *stage.span, cursor)
        said = await self._record.last_said(tenant, [read_named(bytes(each)).id for each in page.data])
        fetched = [(bytes(each), await api.as_snapshot(bytes(each), answer)) for each in page.data]
        # Nothing has come about an object since it was fetched, and it says the same: once is enough.
        news = [payload for each, payload in fetched if not same_as(payload, said.get(read_named(each).id))]
        for failure in await self._publisher.publish_all(tenant, news, Origin.SNAPSHOT):
            if failure is not None:
                raise failure
        return _Read(page, len(news))

    async def _advance(
        self,
        order: _Order,
        stage: Stage | None,
        following: Stage | None,
        cursor: str | None,
        entered: int,
        read: int = 0,
    ) -> None:
        values = {
            "backfill_id": order.backfill_id,
            "epoch": order.epoch,
            "stage": None if following is None else following.name,
            "cursor": cursor,
            "read": read,
            "entered": entered,
            "now_ms": _now_ms(),
        }
        async with self._pool.connection() as connection, connection.transaction():
            moved = await connection.execute(sql.queries()["stripe_advance_backfill"], values)
            if not moved.rowcount:
                raise AlreadyDone("somebody else goes on with it")
            if stage is not None and stage.name == EVENTS and following != stage:
                await add_walked(connection, order.tenant, stage.span, int(time.time()))

    async def _order_next_slice(self, order: _Order) -> None:
        async with self._pool.connection() as connection:
            await defer_async(connection, backfill_order(order.tenant, order.backfill_id))

    async def _note_failure(self, backfill_id: str, failure: str, *, for_good: bool) -> None:
        values = {
            "backfill_id": backfill_id,
            "failure": failure,
            "for_good": for_good,
            "now_ms": _now_ms(),
        }
        async with self._pool.connection() as connection:
            await connection.execute(sql.queries()["stripe_fail_backfill"], values)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
