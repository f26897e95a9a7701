"""The read API's pool: its login can see one tenant at a time, and its sessions remember nobody."""

from typing import Final

from console.queries import queries
from runtime.postgres import AsyncConnection, Pool, as_reader, open_pool
from runtime.settings import Settings
from schemas.errors import Misconfigured

_CONNECTIONS: Final = 16


class Reader:
    """PostgreSQL as the read API has it."""

    def __init__(self, settings: Settings) -> None:
        """Use the read API's DSN of *settings*. Raises Misconfigured where it is none."""
        self.settings: Final = as_reader(settings)
        #: Why the last new connection was not taken; empty when it was.
        self.refusal = ""

    def open_pool(self) -> Pool:
        """Return the pool, for an `async with`."""
        return open_pool(self.settings, "api", _CONNECTIONS, configure=self._examine, reset=_forget)

    async def _examine(self, connection: AsyncConnection) -> None:
        """Refuse a login that no policy holds to one tenant."""
        # What is discarded with the session must not be believed to be there.
        connection.prepare_threshold = None
        await connection.set_autocommit(True)
        found = await (await connection.execute(queries(__package__)["sees_all"])).fetchone()
        await connection.set_autocommit(False)
        self.refusal = ""
        if found is None or found[0]:
            self.refusal = (
                f"the read API's login {connection.info.user!r} could see every tenant: "
                "let WEIR_POSTGRES_READER name one that is a member of weir_reader alone"
            )
            raise Misconfigured(self.refusal)


async def _forget(connection: AsyncConnection) -> None:
    await connection.set_autocommit(True)
    await connection.execute(queries(__package__)["forget"])
    await connection.set_autocommit(False)
