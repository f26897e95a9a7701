"""The gap filler: walks along Stripe's list of events, and enters what no webhook has brought."""

import time
from typing import NamedTuple

from runtime import logs
from runtime.postgres import Pool
from schemas.errors import AlreadyDone, Misconfigured, Reject, TryAgain
from sinks import sql
from sinks.stripe.api import CursorGone, StripeApi
from sinks.stripe.belonging import Belonging
from sinks.stripe.core.snapshot import read_event
from sinks.stripe.core.spans import Span, next_walk, reaches
from sinks.stripe.entry import Entry
from sinks.stripe.keys import Keys
from sinks.stripe.silence import Silence
from sinks.stripe.walked import add_walked, read_walked

log = logs.get_logger(__name__)


class _Walk(NamedTuple):
    """A walk as it was claimed."""

    epoch: int
    span: Span
    #: The event to go on behind; None: the newest.
    cursor: str | None


class Gaps:
    """Walks for one tenant after the other."""

    def __init__(self, pool: Pool, keys: Keys, belonging: Belonging, entry: Entry, silence: Silence) -> None:
        self._pool = pool
        self._keys = keys
        self._belonging = belonging
        self._entry = entry
        self._silence = silence

    async def walk(self, *, tenant: str) -> None:
        """Walk what is unwalked, from where somebody stopped; then tell if webhooks have stopped coming.

        Raises TryAgain, Misconfigured and Reject, which are written down for `weir webhook gaps`.
        """
        began_s = int(time.time())
        key = await self._keys.of(tenant)
        if key is None:
            return  # it was revoked after the walk was ordered
        try:
            api = await self._belonging.client(key)
            # One that somebody left behind ends where it was to end; then what came since is walked, too.
            while (walk := await self._begin(tenant)) is not None:
                await self._to_its_end(tenant, api, walk)
                if reaches(walk.span, began_s):
                    break
            await self._silence.look(tenant)
        except AlreadyDone:
            log.warning("stripe.walk_taken_over", tenant=tenant)
        except (TryAgain, Misconfigured, Reject) as error:
            await self._note_failure(tenant, str(error))
            raise

    async def _begin(self, tenant: str) -> _Walk | None:
        """Claim the walk that is under way, or the next; None: nothing is to be walked."""
        async with self._pool.connection() as connection, connection.transaction():
            found = await connection.execute(sql.queries()["stripe_walk_under_way"], {"tenant": tenant})
            row = await found.fetchone()
            span = Span(*row) if row else next_walk(await read_walked(connection, tenant), int(time.time()))
            if span is None:
                return None
            values = {"tenant": tenant, "from_s": span.from_s, "to_s": span.to_s, "now_ms": _now_ms()}
            claimed = await (await connection.execute(sql.queries()["stripe_begin_walk"], values)).fetchone()
        if claimed is None:
            raise TryAgain("the walk was not stored")
        epoch, from_s, to_s, cursor = claimed
        return _Walk(epoch, Span(from_s, to_s), cursor)

    async def _to_its_end(self, tenant: str, api: StripeApi, walk: _Walk) -> None:
        cursor, entered, more = walk.cursor, 0, True
        while more:
            try:
                page = await api.events(*walk.span, cursor)
            except CursorGone:
                # It is older by now than what Stripe lists: what is left is read anew, and known.
                cursor = None
                continue
            payloads = [bytes(each) for each in page.data]
            entered += await self._entry.enter(tenant, payloads)
            more = page.has_more and bool(payloads)
            if more:
                cursor = read_event(payloads[-1]).id
                await self._advance(tenant, walk, cursor)
        async with self._pool.connection() as connection, connection.transaction():
            values = {"tenant": tenant, "epoch": walk.epoch, "now_ms": _now_ms()}
            ended = await connection.execute(sql.queries()["stripe_end_walk"], values)
            _require(ended.rowcount)
            await add_walked(connection, tenant, walk.span, int(time.time()))
        log.info(
            "stripe.walked", tenant=tenant, from_s=walk.span.from_s, to_s=walk.span.to_s, entered=entered
        )

    async def _advance(self, tenant: str, walk: _Walk, cursor: str) -> None:
        values = {"tenant": tenant, "epoch": walk.epoch, "cursor": cursor}
        async with self._pool.connection() as connection:
            _require((await connection.execute(sql.queries()["stripe_advance_walk"], values)).rowcount)

    async def _note_failure(self, tenant: str, failure: str) -> None:
        values = {"tenant": tenant, "now_ms": _now_ms(), "failure": failure}
        async with self._pool.connection() as connection:
            await connection.execute(sql.queries()["stripe_fail_walk"], values)


def _require(rows: int) -> None:
    """Go on if *rows* were ours. Raises AlreadyDone: somebody took us for dead, and does our work."""
    if not rows:
        raise AlreadyDone("somebody else goes on with it")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
