"""A rollups sink: the real sink, footing and ledger; the loop around them is the scheduler's."""

from random import Random
from typing import Final, cast

from psycopg import OperationalError

from runtime.broker import Broker as RealBroker
from schemas.topics import ROLLUPS
from sinks.core.log import Log
from sinks.core.record import Record
from sinks.footing import Footing
from sinks.ground import Ground
from sinks.ledger import Displaced, Fenced, Ledger
from sinks.rollups.sink import RollupsSink
from sinks.sink import Batch
from tests.simulation.broker import Broker, Where
from tests.simulation.clock import Clock
from tests.simulation.group import Group
from tests.simulation.scheduler import Action
from tests.simulation.store import Database

_MOST_RECORDS: Final = 40
#: Seldom enough that its successor has done some work by then.
_ZOMBIE_HEARS: Final = 0.2


class _Life:
    """One process, from its start to its end."""

    def __init__(self, prefix: str, broker: Broker, database: Database) -> None:
        self.footing = Footing(
            database.as_store(),
            Ledger(RollupsSink.name, database.queries),
            Ground(prefix, cast("RealBroker", broker)),
        )
        self.sink = RollupsSink(database.queries, 1.0, lambda _seconds: None, lambda _rows: None)
        #: Where each log is read on.
        self.positions: dict[Log, int] = {}
        #: Cut, and not stored yet.
        self.batch: Batch | None = None
        #: Whether something was read since the last cut.
        self.has_read = False


class SinkProcess:
    """One machine's sink: it is killed, and started again."""

    def __init__(
        self,
        name: str,
        prefix: str,
        chance: Random,
        clock: Clock,
        broker: Broker,
        database: Database,
        group: Group,
    ) -> None:
        self.name = name
        self._prefix = prefix
        self._chance = chance
        self._clock = clock
        self._broker = broker
        self._database = database
        self._group = group
        self._life: _Life | None = None

    def actions(self) -> list[Action]:
        if self._life is None:
            return [Action("sink starts", 3, self.start)]
        actions = [Action("sink is killed", 0.2, self.kill)]
        if self._group.has_news(self.name):
            weight = 3 if self._group.is_new(self.name) else _ZOMBIE_HEARS
            actions.append(Action("sink hears of its partitions", weight, self.hear))
        if self._life.batch is None and self.unread():
            actions.append(Action("sink reads", 5, self.take))
        if self._life.batch is not None or self._life.has_read:
            actions.append(Action("sink stores", 5, self._try_to_store))
        return actions

    def start(self) -> str:
        """Start a process."""
        self._group.joined_anew(self.name)
        self._life = _Life(self._prefix, self._broker, self._database)
        return self.name

    def kill(self) -> str:
        """End the process where it stands."""
        self._life = None
        return self.name

    def hear(self) -> str:
        """Take over what the group assigns, and start where the store says."""
        return self._take_over(sorted(self._group.tell(self.name)))

    def _take_over(self, partitions: list[int]) -> str:
        life = self._alive
        life.footing.let_go()
        lost = life.footing.take_over(Log(ROLLUPS.name, partition) for partition in partitions)
        assert not lost
        life.batch = None
        life.sink.begin(life.footing.claims.values())
        life.positions = {log: claim.next_offset for log, claim in life.footing.claims.items()}
        return f"{self.name}: {partitions}"

    def _begin_anew(self) -> str:
        """Start where the store is, as it is not where it was left."""
        return self._take_over([log.partition for log in self._alive.footing.claims])

    def unread(self) -> list[Log]:
        """Return the logs of which there is more to read."""
        return [log for log, at in self._alive.positions.items() if at < self._broker.end(self._where(log))]

    def take(self) -> str:
        """Read some records of one log."""
        life = self._alive
        log = self._chance.choice(self.unread())
        most = self._chance.randrange(1, _MOST_RECORDS)
        kept = self._broker.after(self._where(log), life.positions[log], most)
        life.positions[log] = kept[-1].offset + 1
        life.has_read = True
        life.sink.take(log, [Record(one.offset, one.at_ms, one.key, one.value) for one in kept])
        return f"{self.name}: {len(kept)} of {log}, up to {kept[-1].offset}"

    def store(self) -> str:
        """Store what was taken, and say how it went."""
        life = self._alive
        batch = self._cut()
        if batch is None:
            return f"{self.name}: nothing new"
        assert not batch.letters
        batch.prepare()
        try:
            with life.footing.transaction(batch.next_offsets) as connection:
                written = batch.write(connection, careful=False)
                assert not written.refused
        except Fenced:
            return f"{self.kill()} is fenced"
        except Displaced:
            return f"{self._begin_anew()} begins anew"
        life.batch = None
        life.sink.stored(batch, self._clock.now_ms)
        return f"{self.name}: {written.inserted} rows, {written.duplicate} known"

    def heal(self) -> bool:
        """Do what leads to rest; say whether it is there."""
        if self._life is None:
            self.start()
        elif self._group.has_news(self.name):
            self.hear()
        elif self.unread():
            self.take()
            self.store()
        else:
            self.store()
            return True
        return False

    def _cut(self) -> Batch | None:
        life = self._alive
        life.batch = life.batch or life.sink.cut()
        life.has_read = False
        return life.batch

    def _try_to_store(self) -> str:
        match self._chance.randrange(10):
            case 0:
                return self._store_without_answer(lasts=False)
            case 1:
                return self._store_without_answer(lasts=True)
            case 2:
                told = self.store()
                self.kill()
                return f"{told}; killed behind it"
        return self.store()

    def _store_without_answer(self, *, lasts: bool) -> str:
        """Lose the connection before the commit; the process *lasts* and tries again, or it is killed."""
        life = self._alive
        batch = self._cut()
        if batch is None:
            return f"{self.name}: nothing new"
        try:
            with life.footing.transaction(batch.next_offsets) as connection:
                batch.write(connection, careful=False)
                raise OperationalError  # noqa: TRY301 - the database's word
        except Fenced:
            return f"{self.kill()} is fenced"
        except Displaced:
            return f"{self._begin_anew()} begins anew"
        except OperationalError:
            if not lasts:
                self.kill()
        return f"{self.name}: no commit, {'tries again' if lasts else 'killed'}"

    @property
    def _alive(self) -> _Life:
        if self._life is None:
            raise LookupError(self.name)
        return self._life

    def _where(self, log: Log) -> Where:
        return self._prefix + log.topic, log.partition
