"""An ingress without HTTP and without Kafka's client: the core reads and packs, and its tickets decide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import Final, NamedTuple

from ingest.core.forms import Form
from ingest.core.packing import OpenPacks, Pack, Place, Ticket
from ingest.core.problem import Refused
from ingest.core.reading import Batch, Reader
from ingest.core.receipts import count, receipt, status_of
from ingest.core.repeats import repeats
from schemas.catalog import Catalog
from schemas.event import UsageEvent
from schemas.pack import encode_pack
from tests.simulation.clock import Clock
from tests.simulation.scheduler import Action
from tests.simulation.source import Source

_UNCONFIRMED: Final = HTTPStatus.SERVICE_UNAVAILABLE


class Answer(NamedTuple):
    """What a client hears."""

    status: HTTPStatus
    body: bytes


Answered = Callable[[Answer | None], None]


@dataclass(slots=True, eq=False)
class _Waiting:
    """A request that waits for its packs."""

    batch: Batch
    answered: Answered
    ticket: Ticket
    places: Sequence[Place] = ()


@dataclass(slots=True, eq=False)
class _Sent:
    """A pack on its way; the value is what its events were when it left."""

    pack: Pack
    events: list[UsageEvent]
    value: bytes = field(repr=False)


class Ingress:
    """One process of it, again and again."""

    def __init__(
        self, name: str, chance: Random, clock: Clock, source: Source, catalog: Callable[[], Catalog]
    ) -> None:
        self.name = name
        self._chance = chance
        self._clock = clock
        self._source = source
        self._catalog = catalog
        self._start()

    def actions(self) -> list[Action]:
        actions = [Action("ingress is killed", 0.2, self.kill)]
        if self._waiting:
            actions.append(Action("ingress gives a request up", 0.3, self._give_up))
        if self._gathers:
            actions.append(Action("packs go out", 5, self.round))
        if self._sent:
            actions.append(Action("pack", 12, self._settle))
        return actions

    def post(self, body: bytes, form: Form, tenant: str, answered: Answered) -> None:
        """Take a request; *answered* is called once, now or later."""
        now_ms = self._clock.now_ms
        try:
            batch = self._reader.read(body, form, tenant, self._catalog(), now_ms)
        except Refused as refused:
            answered(Answer(refused.problem.status, b""))
            return
        if not batch.events:
            answered(Answer(HTTPStatus.BAD_REQUEST, b""))
            return
        waiting = _Waiting(batch, answered, Ticket(lambda confirmed: self._settled(waiting, confirmed)))
        self._waiting.append(waiting)
        self._gathers = True
        share = len(body) // len(batch.events)
        waiting.places, full = self._packs.put(batch.events, batch.partitions, share, waiting.ticket)
        self._send(full)

    def round(self) -> str:
        """Send every pack that holds an event."""
        packs = self._packs.take()
        self._gathers = False
        self._send(packs)
        return f"{len(packs)} of {self.name}"

    def heal(self) -> bool:
        """Have everything arrive; say whether there was nothing."""
        if not (self._waiting or self._sent):
            return True
        self.round()
        for sent in self._take(len(self._sent)):
            self._confirm(sent)
        return False

    def kill(self) -> str:
        """Forget everything. What was sent may arrive, and nobody hears of it."""
        broken = [waiting.answered for waiting in self._waiting]
        for sent in self._sent:
            if self._chance.randrange(2):
                self._append(sent)
        self._start()
        for answered in broken:
            answered(None)
        return f"{self.name}, {len(broken)} requests open"

    def _start(self) -> None:
        self._reader = Reader(self._source.partitions)
        self._packs = OpenPacks(self._source.partitions)
        #: Whether a pack may be open.
        self._gathers = False
        self._waiting: list[_Waiting] = []
        self._sent: list[_Sent] = []

    def _send(self, packs: Sequence[Pack]) -> None:
        self._sent += [_Sent(pack, list(pack.events), encode_pack(pack.events)) for pack in packs]

    def _take(self, most: int) -> list[_Sent]:
        """Take up to *most* packs off the way, in any order."""
        return [self._sent.pop(self._chance.randrange(len(self._sent))) for _ in range(most)]

    def _settle(self) -> str:
        """Decide one pack's end: it arrives, also twice, or not, and Kafka says so, or nothing."""
        [sent] = self._take(1)
        told = f"{len(sent.events)} events on {sent.pack.partition}"
        match self._chance.randrange(20):
            case 0:
                self._done(sent, confirmed=False)
                return f"{told}, lost"
            case 1:
                self._append(sent)
                self._done(sent, confirmed=False)
                return f"{told}, appended and not confirmed"
            case 2:
                self._append(sent)
                self._confirm(sent)
                return f"{told}, twice"
            case _:
                self._confirm(sent)
                return told

    def _append(self, sent: _Sent) -> int:
        return self._source.append(sent.pack.partition, sent.value, sent.events)

    def _confirm(self, sent: _Sent) -> None:
        offset = self._append(sent)
        sent.pack.position = f"{self._source.topic}/{sent.pack.partition}/{offset}/"
        self._done(sent, confirmed=True)

    def _done(self, sent: _Sent, *, confirmed: bool) -> None:
        for ticket in sent.pack.tickets:
            ticket.pack_done(confirmed=confirmed)

    def _give_up(self) -> str:
        self._chance.choice(self._waiting).ticket.settle(confirmed=False)
        return self.name

    def _settled(self, waiting: _Waiting, confirmed: bool) -> None:  # noqa: FBT001 - as Ticket calls it
        if waiting not in self._waiting:
            return  # of a process that is gone
        self._waiting.remove(waiting)
        batch = waiting.batch
        if not confirmed:
            waiting.answered(Answer(_UNCONFIRMED, b""))
            return
        repeated = repeats(batch.events)
        body = receipt(batch, repeated, waiting.places, count(batch, repeated))
        waiting.answered(Answer(status_of(batch), body))
