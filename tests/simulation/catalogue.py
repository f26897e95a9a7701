"""`weir.catalog`: versions are published, and reach every process within a second."""

from random import Random
from typing import Final

from schemas.catalog import Catalog
from tests.simulation.clock import Clock
from tests.simulation.meters import PLACED, version
from tests.simulation.scheduler import Action

#: Nobody's snapshot is older.
_LAG_MS: Final = 1_000


class Follower:
    """One process's snapshot."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def __call__(self) -> Catalog:
        return self._catalog

    def read(self, catalog: Catalog) -> None:
        """Learn the newest one."""
        self._catalog = catalog


class Catalogue:
    """The topic and those who follow it."""

    def __init__(self, chance: Random, clock: Clock, names: tuple[str, ...]) -> None:
        self._chance = chance
        self._clock = clock
        self.newest = Catalog().with_facts([PLACED, version(1, clock.now_ms)])
        self.followers = {name: Follower(self.newest) for name in names}

    def actions(self) -> list[Action]:
        actions = [Action("meters are published", 0.05, self._publish)]
        if self._behind():
            actions.append(Action("catalogue reaches a process", 2, self._reach))
        return actions

    def pass_time(self, span_ms: int) -> None:
        """Have everybody read on before that long has passed."""
        if span_ms >= _LAG_MS:
            for follower in self._behind().values():
                follower.read(self.newest)

    def _publish(self) -> str:
        published = version(self.newest.version + 1, self._clock.now_ms)
        self.newest = self.newest.with_facts([published])
        return f"version {published.version}, from {published.effective_from_ms}"

    def _reach(self) -> str:
        name, follower = self._chance.choice(list(self._behind().items()))
        follower.read(self.newest)
        return name

    def _behind(self) -> dict[str, Follower]:
        return {name: each for name, each in self.followers.items() if each() is not self.newest}
