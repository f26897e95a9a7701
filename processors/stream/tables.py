"""Faust's table manager, for an app that keeps no table of Faust's."""

from faust.tables.manager import TableManager


class NoTables(TableManager):
    """Starts at once. Faust's own waits a second for tables that modules may yet declare."""

    async def on_start(self) -> None:
        """Let the consumer subscribe: there are all tables that there will be."""
        await self._update_channels()
        await self.recovery.start()
