"""Everything put together: clients, ingresses, the log, processors, sinks, the store, and time."""

from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Final

from processors.usage.state import Outputs
from schemas.topics import DEFAULT_PREFIX
from tests.simulation.books import Books, check_alerts, check_newest, check_promises
from tests.simulation.broker import Broker
from tests.simulation.catalogue import Catalogue
from tests.simulation.clients import Clients
from tests.simulation.clock import Clock
from tests.simulation.ghosts import Ghosts
from tests.simulation.group import Group
from tests.simulation.ingress import Ingress
from tests.simulation.processor import Processor, Surroundings
from tests.simulation.scheduler import Action, Scheduler
from tests.simulation.shape import Shape
from tests.simulation.sink import SinkProcess
from tests.simulation.source import Source
from tests.simulation.store import Database
from tests.simulation.truth import Truth
from tests.simulation.watch import Watch
from tests.simulation.weather import Weather

_INGRESSES: Final = ("ingest-1", "ingest-2")
_PROCESSORS: Final = ("processors-1", "processors-2")
_SINKS: Final = ("sinks-1", "sinks-2")
#: Rounds in which everything has to come to rest.
_PATIENCE: Final = 1_000_000


class BrokenPromiseError(AssertionError):
    """Something did not hold; says when, and what led there."""


class World:
    """One run of the simulation."""

    def __init__(self, seed: int, folder: Path) -> None:
        """Draw everything from *seed*; processors keep their files in *folder*."""
        self._scheduler = Scheduler(seed)
        chance = self._scheduler.chance
        shape = Shape.drawn(chance)
        self._shape = shape
        self._clock = Clock()
        self._broker = Broker(shape.partitions)
        self._truths = [
            Truth(number, shape.partitions, shape.horizon_ms) for number in range(shape.partitions)
        ]
        self._catalogue = Catalogue(chance, self._clock, (*_INGRESSES, *_PROCESSORS))
        self._outputs = Outputs(**{each.name: _topic(each.name) for each in fields(Outputs)})
        self._source = Source(
            _topic("usage"), self._broker, self._clock, self._truths, lambda: self._catalogue.newest
        )
        followers = self._catalogue.followers
        ingresses = [Ingress(name, chance, self._clock, self._source, followers[name]) for name in _INGRESSES]
        self._clients = Clients(chance, self._clock, ingresses)
        owners = Group(chance, _PROCESSORS, shape.partitions)
        around = Surroundings(
            self._broker,
            self._clock,
            owners,
            self._source.topic,
            self._outputs,
            shape.adopted,
            shape.observer(),
        )
        processors = [
            Processor(around, shape.settings(name, folder), followers[name], chance) for name in _PROCESSORS
        ]
        self._database = Database(shape.partitions)
        readers = Group(chance, _SINKS, shape.partitions)
        sinks = self._sinks_of(_SINKS, readers, self._database)
        self._ghosts = Ghosts(chance, processors, self._scheduler.note)
        self._weather = Weather(
            chance,
            self._clock,
            self._catalogue,
            self._broker,
            self._outputs,
            shape.partitions,
            self._database,
            owners,
            readers,
            self._ghosts,
        )
        self._parts: list[Ingress | Processor | SinkProcess] = [*ingresses, *processors, *sinks]
        self._processors = processors
        self._books = Books(self._database, self._truths)
        self._watch = Watch(self._outputs, self._truths)
        self._broker.watch = self._watch.look
        self._broker.meanwhile = self._ghosts.strike

    def run(self, steps: int) -> None:
        """Do *steps* actions, then heal everything, and check it. Raises BrokenPromiseError."""
        with closing(self._database):
            try:
                for _ in range(steps):
                    self._scheduler.take(self._actions())
                    self._settle()
                self._heal()
                for processor in self._processors:
                    processor.beat()
                self._heal()
                self._check_all()
            except Exception as error:
                raise BrokenPromiseError(
                    f"{type(error).__name__}: {error}\n{self._scheduler.story()}"
                ) from error

    def _actions(self) -> list[Action]:
        parts = [action for part in self._parts for action in part.actions()]
        garbage = self._source.garbage(self._scheduler.chance)
        return [
            *self._clients.actions(),
            *self._catalogue.actions(),
            garbage,
            *self._weather.actions(),
            *parts,
            *self._ghosts.actions(),
        ]

    def _settle(self) -> None:
        for processor in self._processors:
            self._scheduler.note(processor.settle())
        self._books.check()

    def _heal(self) -> None:
        """Repeat and deliver everything, and let it come to rest."""
        self._clock.behind_ms = 0
        self._ghosts.lose()
        for _ in range(_PATIENCE):
            self._settle()
            if self._clients.waiting:
                self._clients.repeat()
            rests = [part.heal() for part in self._parts]
            if all(rests) and not self._clients.waiting:
                return
        raise TimeoutError("it does not come to rest")

    def _check_all(self) -> None:
        self._books.check_complete()
        check_promises(
            self._clients.promises,
            self._truths,
            self._broker,
            self._outputs.verdicts,
            forgets=self._shape.forgets,
        )
        check_alerts(self._watch.alerts, self._truths)
        for truth in self._truths:
            check_newest(self._broker, (self._outputs.rollups, truth.partition))
            check_newest(self._broker, (self._outputs.quotas, truth.partition))
        assert self._dead_letters() == {
            f"{self._source.topic}/{truth.partition}/{offset}".encode()
            for truth in self._truths
            for offset in truth.model.dead_letters
        }
        self._check_rebuilt()

    def _check_rebuilt(self) -> None:
        """A store that begins with nothing comes to the same."""
        partitions = len(self._truths)
        with closing(Database(partitions)) as database:
            group = Group(self._scheduler.chance, ("sinks-anew",), partitions)
            [sink] = self._sinks_of(("sinks-anew",), group, database)
            while not sink.heal():
                pass
            Books(database, self._truths).check_complete()

    def _sinks_of(self, names: tuple[str, ...], group: Group, database: Database) -> list[SinkProcess]:
        return [
            SinkProcess(
                name, DEFAULT_PREFIX, self._scheduler.chance, self._clock, self._broker, database, group
            )
            for name in names
        ]

    def _dead_letters(self) -> set[bytes]:
        where = [(self._outputs.dead_letters, truth.partition) for truth in self._truths]
        return {kept.key for log in where for kept in self._broker.after(log, 0, self._broker.end(log))}


def _topic(name: str) -> str:
    """Return the full name of the topic that outputs call *name*."""
    return DEFAULT_PREFIX + name.replace("_", "-")
