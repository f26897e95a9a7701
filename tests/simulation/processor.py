"""A processor: the real worker, pipeline, writer, loader and state, on a loop that has no clock."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final, NamedTuple

from processors.stream.core.sequence import GapInSourceError
from processors.stream.worker import StreamWorker
from processors.stream.writer import Fence, ForeignWriterError, UndeliveredError, Writer
from processors.usage.loading import Loader
from processors.usage.observe import Observer
from processors.usage.state import STEPS, Outputs, UsageState
from runtime.settings import Settings
from schemas.catalog import TopicAdopted
from tests.simulation.broker import Broker, Kept
from tests.simulation.catalogue import Follower
from tests.simulation.clock import Clock
from tests.simulation.disk import Disk
from tests.simulation.group import Group
from tests.simulation.loop import VirtualLoop
from tests.simulation.scheduler import Action
from tests.simulation.wire import Wire

#: What ends a process on purpose. Anything else is a finding.
_MEANT: Final = (ForeignWriterError, UndeliveredError, GapInSourceError)
_MOST_RECORDS: Final = 6
#: One batch in so many begins with records that came before, or misses one.
_COMES_AGAIN: Final = 20
_HAS_A_GAP: Final = 300
#: Seldom enough that its successor has done some work by then.
_ZOMBIE_HEARS: Final = 0.2
_BATCH_SIZES: Final = (1, 2, 5, 1_000)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every processor has around it."""

    broker: Broker
    clock: Clock
    group: Group
    source: str
    outputs: Outputs
    adopted: Mapping[str, TopicAdopted]
    observer: Observer


class _Message(NamedTuple):
    partition: int
    offset: int
    timestamp: float
    value: bytes
    headers: None = None


class _Event:
    """What Faust's channel hands out."""

    def __init__(self, partition: int, kept: Kept) -> None:
        self.message = _Message(partition, kept.offset, kept.at_ms / 1_000, kept.value)

    def ack(self) -> None:
        """Kafka may know: nothing rests on it."""


class _Job:
    """See `processors.stream.worker.Job`. The ground does not move here."""

    steps = STEPS

    def __init__(self, around: Surroundings, loader: Loader) -> None:
        self._around = around
        self._loader = loader
        self.changelogs = around.outputs.changelogs

    async def load(self, partitions: Sequence[int], fence: Fence) -> Mapping[int, UsageState]:
        loaded = self._loader.load(partitions, self._around.adopted, fence, self._around.clock.now_ms)
        return loaded.behind(fence)

    async def confirm_source(self) -> None:
        """It is the same topic."""

    async def is_current(self, partition: int, fence: Fence) -> bool:
        return fence.is_at(self._around.broker.latest([(topic, partition) for topic in self.changelogs]))


class _Life:
    """One process, from its start to its end."""

    def __init__(self, around: Surroundings, settings: Settings, catalog: Follower, chance: Random) -> None:
        self.loop = VirtualLoop(around.clock.seconds)
        self.wire = Wire(around.broker, chance, self.loop, chance.choice(_BATCH_SIZES))
        fence = Fence()
        loader = Loader(
            settings,
            catalog,
            around.observer,
            around.broker,
            around.broker.read,
            around.source,
            around.outputs,
        )
        writer = Writer(self.wire, settings.session_timeout_ms, fence)
        self.error: BaseException | None = None
        self.worker = StreamWorker(_Job(around, loader), writer, fence, self.failed)
        #: Where each partition is read on.
        self.positions: dict[int, int] = {}
        self.work: asyncio.Task[Any] | None = None
        self.move: asyncio.Task[Any] | None = None

    def failed(self, error: BaseException) -> None:
        """Take note of what ends the process."""
        self.error = self.error or error

    def look(self) -> None:
        """See what has come to its end."""
        for task in (self.work, self.move):
            if task is not None and task.done() and (error := task.exception()) is not None:
                self.failed(error)
        if self.move is not None and self.move.done() and self.error is None:
            self.positions = dict(self.move.result())
            self.move = None
        if self.work is not None and self.work.done():
            self.work = None


class Processor:
    """One machine's processor: it is killed, and started again."""

    def __init__(self, around: Surroundings, settings: Settings, catalog: Follower, chance: Random) -> None:
        self.name = settings.instance
        self._around = around
        self._settings = settings
        self._catalog = catalog
        self._chance = chance
        self._disk = Disk(chance, settings.data / self.name)
        self._life: _Life | None = None
        self._is_frozen = False
        #: Of processes that are gone, with something on its way.
        self.ghosts: list[Wire] = []

    @property
    def wires(self) -> list[Wire]:
        """Return everything through which something may still be appended."""
        wires = [*self.ghosts, *([self._life.wire] if self._life else [])]
        return [wire for wire in wires if wire.under_way]

    def actions(self) -> list[Action]:
        if self._life is None:
            return [Action("processor starts", 3, self.start)]
        if self._is_frozen:
            return [
                Action("processor wakes up", 1, self._wake),
                Action("frozen processor is killed", 0.1, self.kill),
            ]
        actions = [
            Action("processor is killed", 0.2, self.kill),
            Action("processor freezes", 0.3, self._freeze),
            Action("disk is copied", 0.2, self._disk.back_up),
        ]
        if self._around.group.has_news(self.name) and self._life.move is None:
            weight = 3 if self._around.group.is_new(self.name) else _ZOMBIE_HEARS
            actions.append(Action("processor hears of its partitions", weight, self.hear))
        if self._life.work is None and self._life.move is None:
            actions.append(Action("heartbeat", 0.3, self._heartbeat))
            if self.waiting():
                actions.append(Action("batch", 30, self.take))
        if self._life.wire.under_way:
            actions.append(Action("append", 30, self._deliver))
        if self._life.wire.unanswered:
            actions.append(Action("answer", 30, self._answer))
        return actions

    def start(self) -> str:
        """Start a process."""
        self._around.group.joined_anew(self.name)
        self._life = _Life(self._around, self._settings, self._catalog, self._chance)
        return self.name

    def kill(self) -> str:
        """End the process where it stands. What is on its way may arrive."""
        life, self._life = self._life, None
        if life is None:
            return self.name
        life.wire.cut()
        life.loop.end()
        self.ghosts.append(life.wire)
        self._is_frozen = False
        return f"{self.name}, {self._disk.outlive()}"

    def hear(self) -> str:
        """Tell the process what its partitions are."""
        life = self._alive
        assigned = self._around.group.tell(self.name)
        life.move = life.loop.create_task(life.worker.positions(assigned))
        return f"{self.name}: {sorted(assigned)}"

    def take(self) -> str:
        """Have a batch applied, of any size, of some of the partitions."""
        life = self._alive
        events: list[_Event] = []
        for partition, position in sorted(life.positions.items()):
            records = self._next(partition, position)
            if records:
                life.positions[partition] = records[-1].offset + 1
                events += [_Event(partition, kept) for kept in records]
        batch: Any = events
        life.work = life.loop.create_task(life.worker.handle(batch))
        return f"{self.name}: " + ", ".join(f"{e.message.partition}/{e.message.offset}" for e in events)

    def waiting(self) -> bool:
        """Say whether there is something to read."""
        return any(
            self._around.broker.end((self._around.source, partition)) > position
            for partition, position in self._alive.positions.items()
        )

    def settle(self) -> str:
        """Let the process go as far as it comes by itself; say why if it ends. Raises what nobody expects."""
        life = self._life
        if life is None or self._is_frozen:
            return ""
        life.loop.run_ready()
        life.look()
        if life.error is None:
            return ""
        if not isinstance(life.error, _MEANT):
            raise life.error
        return f"{type(life.error).__name__} ends {self.kill()}"

    def lose_ghosts(self) -> None:
        """Nothing that a process had sent before its end arrives any more."""
        self.ghosts.clear()

    def heal(self) -> bool:
        """Do what leads to rest; say whether it is there."""
        self._is_frozen = False
        if self._life is None:
            self.start()
        elif self._around.group.has_news(self.name) and self._life.move is None:
            self.hear()
        elif self._life.wire.under_way:
            self._life.wire.deliver()
        elif self._life.wire.unanswered:
            self._life.wire.answer()
        elif self._life.work is None and self._life.move is None and self.waiting():
            self.take()
        else:
            return True
        return False

    def beat(self) -> None:
        """Write what is due although nothing comes."""
        self._heartbeat()

    @property
    def _alive(self) -> _Life:
        if self._life is None:
            raise LookupError(self.name)
        return self._life

    def _next(self, partition: int, position: int) -> list[Kept]:
        start = position
        if not self._chance.randrange(_COMES_AGAIN):
            start = max(0, position - self._chance.randrange(1, 4))
        most = self._chance.randrange(_MOST_RECORDS)
        records = self._around.broker.after((self._around.source, partition), start, position - start + most)
        if len(records) > 1 and not self._chance.randrange(_HAS_A_GAP):
            del records[0]
        return records

    def _deliver(self) -> str:
        return f"{self.name}: {self._alive.wire.deliver()}"

    def _answer(self) -> str:
        return f"{self.name}: {self._alive.wire.answer()}"

    def _heartbeat(self) -> str:
        life = self._alive
        life.work = life.loop.create_task(life.worker.heartbeat(self._around.clock.now_ms))
        return self.name

    def _freeze(self) -> str:
        self._is_frozen = True
        if self._chance.randrange(3):
            self._around.group.give_up(self.name)
            return f"{self.name}, beyond its session"
        return self.name

    def _wake(self) -> str:
        self._is_frozen = False
        return self.name
