"""What a sink has cut and the store has not taken is read again: no later batch passes over it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any, cast

import pytest

from schemas.errors import TryAgain
from sinks.core.log import Claim, Log
from sinks.core.record import Record
from sinks.follower import Follower
from sinks.ledger import Displaced
from sinks.sink import Written

LOG = Log("rollups", 0)


@dataclass
class Store:
    """What a store has: rows, and the offset behind them, in one transaction or not at all."""

    rows: list[int] = field(default_factory=list)
    next_offset: int = 0
    is_away: bool = False
    #: Called when it is asked for while it is away.
    missed: Callable[[], None] = lambda: None


@dataclass
class OneBatch:
    """Offsets as rows."""

    store: Store
    offsets: list[int]
    next_offsets: Mapping[Log, int]
    letters: Sequence[Any] = ()

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.offsets)

    def prepare(self) -> None:
        """Nothing to do."""

    def write(self, _connection: object, *, careful: bool) -> Written:
        """Store the rows."""
        assert not careful
        self.store.rows += self.offsets
        return Written(len(self.offsets), 0)


class OffsetsSink:
    """Takes records, and lets go of them when a batch is cut, as every sink does."""

    name = "offsets"

    def __init__(self, store: Store) -> None:
        self._store = store
        self._offsets: list[int] = []
        self._next = 0

    def begin(self, claims: Iterable[Claim]) -> None:
        """Forget everything."""
        self._offsets = []
        (self._next,) = (claim.next_offset for claim in claims)

    def take(self, _log: Log, records: Sequence[Record]) -> None:
        """Take records."""
        self._offsets += [record.offset for record in records]
        self._next = records[-1].offset + 1

    def wait_s(self, _last_took_s: float) -> float:
        """Do not wait."""
        return 0.0

    def due(self, _since_last_s: float, _last_took_s: float) -> bool:
        """Say yes as soon as there is something."""
        return bool(self._offsets)

    def cut(self) -> OneBatch | None:
        """Return all, which is gone from here."""
        offsets, self._offsets = self._offsets, []
        return OneBatch(self._store, offsets, {LOG: self._next})

    def stored(self, _batch: OneBatch, _now_ms: int) -> None:
        """Nothing to learn."""


class Footing:
    """One log, claimed from the store; a transaction moves its offset with the rows."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.claims: dict[Log, Claim] = {}

    def take_over(self, _logs: Iterable[Log]) -> list[Any]:
        """Claim the log."""
        self.claims = {LOG: Claim(LOG, 1, self._store.next_offset, 1)}
        return []

    def check(self) -> dict[Log, int]:
        """Know of no end."""
        return {}

    @contextmanager
    def transaction(self, next_offsets: Mapping[Log, int]) -> Iterator[None]:
        """Move the offset, unless the store is away."""
        if self._store.is_away:
            self._store.missed()
            raise TryAgain("the store is away")
        if self._store.next_offset != self.claims[LOG].next_offset:
            raise Displaced("the store is somewhere else")
        self._store.next_offset = next_offsets[LOG]
        self.claims = {LOG: self.claims[LOG]._replace(next_offset=next_offsets[LOG])}
        yield

    def let_go(self) -> None:
        """Hold no claim."""
        self.claims = {}

    def close(self) -> None:
        """Nothing to let go."""


class Member:
    """Delivers ten records of a log, two at a time, from where it was started; then stops everything."""

    def __init__(self, stop: Event) -> None:
        self._stop = stop
        self._next = 0
        self.changes = 0
        self.arrived: list[Log] | None = [LOG]
        self.fault: str | None = None
        self.before_revoke: Callable[[], None] = lambda: None
        #: Called while the follower waits for what is away.
        self.meanwhile: Callable[[], None] = lambda: None

    def start(self, offsets: Mapping[Log, int]) -> None:
        """Read from there on."""
        self._next = offsets[LOG]
        self.arrived = None

    def poll(self, _seconds: float) -> dict[Log, list[Record]]:
        """Return the next two records."""
        if self._next >= 10:
            self._stop.set()
            return {}
        found = [Record(offset, 0, b"", b"") for offset in (self._next, self._next + 1)]
        self._next += 2
        return {LOG: found}

    def wait(self, _seconds: float) -> None:
        """Let something happen."""
        self.meanwhile()

    def tell(self, _offsets: Mapping[Log, int], *, wait: bool = False) -> None:
        """Tell nobody."""

    def leave(self) -> None:
        """Go."""

    def lose(self) -> None:
        """Lose the log, as a member that was silent for too long does, and get it back."""
        self.changes += 1
        self.before_revoke()
        self.arrived = [LOG]


class Silent:
    """Takes note of nothing."""

    missing: str | None = None

    def __getattr__(self, _name: str) -> Callable[..., None]:
        """Return what does nothing."""
        return lambda *_args, **_more: None


class Scene:
    """A follower among fakes."""

    def __init__(self) -> None:
        self.store = Store()
        self.stop = Event()
        self.member = Member(self.stop)
        silent = cast("Any", Silent())
        self.follower = Follower(
            cast("Any", OffsetsSink(self.store)),
            cast("Any", self.member),
            cast("Any", Footing(self.store)),
            silent,
            silent,
            silent,
            self.stop,
        )

    def store_goes_away_with(self, event: Callable[[], None]) -> None:
        """Take the store away; while the follower waits for it *event* happens, and it is back."""

        def happens() -> None:
            self.member.meanwhile = lambda: None
            self.store.is_away = False
            event()

        self.store.is_away = True
        self.member.meanwhile = happens


def test_all_is_stored_once() -> None:
    scene = Scene()
    scene.follower.run()
    assert scene.store.rows == list(range(10))
    assert scene.store.next_offset == 10


@pytest.mark.parametrize("revoked_later", [False, True])
def test_a_batch_that_was_under_way_when_the_log_was_lost_is_read_again(revoked_later: bool) -> None:  # noqa: FBT001
    scene = Scene()

    def lose() -> None:
        # What librdkafka does to a member that is fenced: first lost without a word, then revoked.
        scene.member.changes += 1
        if revoked_later:
            poll = scene.member.poll

            def revoked(_seconds: float) -> dict[Log, list[Record]]:
                scene.member.poll = poll  # type: ignore[method-assign]
                scene.member.lose()
                return {}

            scene.member.poll = revoked  # type: ignore[method-assign]
        else:
            scene.member.lose()

    scene.store_goes_away_with(lose)
    scene.follower.run()
    assert scene.store.rows == list(range(10))


def test_a_store_that_comes_back_as_an_older_copy_is_gone_on_from_where_it_is() -> None:
    scene = Scene()

    def lose_commits() -> None:
        del scene.store.rows[2:]
        scene.store.next_offset = 2

    poll = scene.member.poll

    def poll_to_the_middle(_seconds: float) -> dict[Log, list[Record]]:
        if scene.store.next_offset == 6:
            scene.member.poll = poll  # type: ignore[method-assign]
            scene.store_goes_away_with(lose_commits)
        return poll(_seconds)

    scene.member.poll = poll_to_the_middle  # type: ignore[method-assign]
    scene.follower.run()
    assert scene.store.rows == list(range(10))


def test_a_stop_while_the_store_is_away_stores_no_offset_without_its_rows() -> None:
    scene = Scene()

    def stop() -> None:
        scene.stop.set()
        scene.store.is_away = False  # it is back for what is stored last of all

    scene.store.is_away = True
    scene.store.missed = stop
    scene.follower.run()
    assert scene.store.rows == list(range(scene.store.next_offset))
