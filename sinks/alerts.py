"""Facts that somebody should hear of: kept first, then told on `weir.alerts` until Kafka has them.

So each is told in the same words after a crash, and a fact whose key was kept is never another one.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Final

from runtime.postgres import AsyncConnection, Pool
from schemas.alert import Alert, alert_key, decode_alert, encode_alert
from sinks import sql

#: How often somebody looks for facts that are not told yet.
EVERY_S: Final = 5
_MOST: Final = 500


async def keep_alert(connection: AsyncConnection, alert: Alert, now_ms: int) -> bool:
    """Keep *alert* in the caller's transaction, and say whether it is new."""
    values = {
        "tenant": alert.tenant,
        "key": alert_key(alert),
        "fact": encode_alert(alert),
        "now_ms": now_ms,
    }
    return (await connection.execute(sql.queries()["keep_alert"], values)).rowcount == 1


class Telling:
    """Tells what is kept, of all tenants."""

    def __init__(self, pool: Pool, tell: Callable[[Alert], Awaitable[None]]) -> None:
        """*tell* returns once the log has confirmed a fact, and raises TryAgain where it has not."""
        self._pool = pool
        self._tell = tell

    async def work(self) -> None:
        """Tell what is kept and untold; twice, if stopped before that could be noted. Raises TryAgain."""
        while True:
            async with self._pool.connection() as connection:
                found = await connection.execute(sql.queries()["untold_alerts"], {"most": _MOST})
                untold = await found.fetchall()
            for tenant, key, fact in untold:
                await self._tell(decode_alert(fact))
                told = {"tenant": tenant, "key": key, "now_ms": time.time_ns() // 1_000_000}
                async with self._pool.connection() as connection:
                    await connection.execute(sql.queries()["note_told"], told)
            if len(untold) < _MOST:
                return
