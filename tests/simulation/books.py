"""Holds what the store shows against the truth: at every progress that it claims, and at the end."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from schemas import quota, rollup
from schemas.alert import QuotaThresholdReached
from schemas.errors import Reject
from schemas.event import UsageEvent
from schemas.quota import UsedKey
from schemas.seen import parse_offset_key
from schemas.stamp import NEVER
from schemas.verdict import PROGRESS_KEY, Fate, decode_verdicts
from tests.simulation.broker import Broker, Where
from tests.simulation.clients import Promise
from tests.simulation.store import Database, Rows, as_stored
from tests.simulation.truth import Truth
from tests.unit.processors.usage.model import Unreadable, identity_of

#: Tenant, customer, source, id.
_Identity = tuple[str, str, str, str]
_NONE: tuple[int, int] = (-1, 0)


class Books:
    """One store. Raises AssertionError at the first difference."""

    def __init__(self, database: Database, truths: Sequence[Truth]) -> None:
        self._database = database
        self._truths = truths
        self._expected: list[Rows] = [{} for _ in truths]
        self._shown = [-1] * len(truths)

    def check(self) -> None:
        """Hold the rows of each partition that was written to against those that its progress promises."""
        self._check(self._truths[partition] for partition in self._database.take_written())

    def _check(self, truths: Iterable[Truth]) -> None:
        progress = self._database.progress()
        for truth in truths:
            offset, record_time_ms = progress.get(truth.partition, _NONE)
            expected = self._at(truth, offset)
            shown = self._database.rows(truth.partition)
            assert shown == expected, _difference(truth.partition, offset, shown, expected)
            if offset >= 0:
                assert record_time_ms == truth.newest_ms[offset], "complete_through"

    def check_complete(self) -> None:
        """Hold the store against all of the log."""
        self._check(self._truths)
        for truth in self._truths:
            assert self._shown[truth.partition] == truth.last_offset, "the store is behind"
            assert self._booked(truth.partition) == sum(map(_size, truth.events)), "events without a fate"

    def _at(self, truth: Truth, offset: int) -> Rows:
        """Return the rows of a partition as the model has them at source *offset*."""
        expected, shown = self._expected[truth.partition], self._shown[truth.partition]
        assert offset >= shown, "complete_through went back"
        for changes in truth.changes[shown + 1 : offset + 1]:
            expected.update(as_stored(*rollup.decode(change.key, change.value)) for change in changes)
        self._shown[truth.partition] = offset
        return expected

    def _booked(self, partition: int) -> int:
        fates = [row for key, row in self._database.rows(partition).items() if key[0] == "fate_counts"]
        # In grace is a mark on what counted, and the stamp stands behind.
        return sum(int(row[0]) + sum(map(int, row[2:-1])) for row in fates)


def check_promises(
    promises: Iterable[Promise],
    truths: Sequence[Truth],
    broker: Broker,
    verdicts_topic: str,
    *,
    forgets: bool,
) -> None:
    """Hold what clients were promised against the log, and against the verdicts that the processor wrote.

    This asks the model nothing: an accepted event is where its receipt says, and it counted, once, under
    whatever record; or every copy of it was found to be unmatched or refused. A short horizon *forgets*.
    """
    counted: Counter[_Identity] = Counter()
    turned: set[_Identity] = set()
    for truth in truths:
        for event, fate in _fates(truth, broker, (verdicts_topic, truth.partition)):
            counted[identity_of(event)] += fate in {Fate.COUNTED, Fate.LATE}
            if fate in {Fate.UNMATCHED, Fate.REFUSED}:
                turned.add(identity_of(event))
    for event, position in promises:
        events = truths[position.partition].events[position.offset]
        assert not isinstance(events, Unreadable)
        assert events[position.index] == event, f"{event} is not at {position}"
        times = counted[identity_of(event)]
        assert times or identity_of(event) in turned, f"{event} was accepted and never counted"
        assert times <= 1 or forgets, f"{event} counted {times} times"


def check_alerts(alerts: Iterable[QuotaThresholdReached], truths: Sequence[Truth]) -> None:
    """Hold the thresholds that were told of against those that the model has reached."""
    told = {
        (
            UsedKey(each.tenant, each.customer, each.meter, each.period_start_ms, each.period_end_ms),
            each.limit_micro,
            each.percent,
        )
        for each in alerts
    }
    surely = {crossed for truth in truths for crossed in truth.model.crossed(surely=True)}
    possibly = {crossed for truth in truths for crossed in truth.model.crossed(surely=False)}
    assert surely <= told, f"nobody was told of {surely - told}"
    assert told <= possibly, f"told of {told - possibly}"


def check_newest(broker: Broker, changelog: Where) -> None:
    """Hold each key's last record against its newest: compaction leaves the last one alone."""
    newest: dict[bytes, int] = {}
    last: dict[bytes, int] = {}
    for kept in broker.after(changelog, 0, broker.end(changelog)):
        if kept.value:
            last[kept.key] = _stamp(kept.key, kept.value)
            newest[kept.key] = max(newest.get(kept.key, NEVER), last[kept.key])
    older = [key for key, stamp in last.items() if stamp < newest[key]]
    assert not older, f"the last records of {older} on {changelog} are not the newest"


def _stamp(key: bytes, value: bytes) -> int:
    try:
        return rollup.decode(key, value)[1].stamp
    except Reject:
        return quota.decode(key, value)[1].stamp


def _fates(truth: Truth, broker: Broker, log: Where) -> Iterator[tuple[UsageEvent, Fate]]:
    """Yield every event of a partition with the fate that its *log* of verdicts says it had."""
    said = {
        (parse_offset_key(kept.key), verdict.index): verdict.fate
        for kept in broker.after(log, 0, broker.end(log))
        if kept.key != PROGRESS_KEY
        for verdict in decode_verdicts(kept.value).verdicts
    }
    for offset, events in enumerate(truth.events):
        for index, event in enumerate(() if isinstance(events, Unreadable) else events):
            assert isinstance(event, UsageEvent)
            yield event, said.get((offset, index), Fate.COUNTED)


def _size(events: Sequence[object] | Unreadable) -> int:
    return 1 if isinstance(events, Unreadable) else len(events)


def _difference(partition: int, offset: int, shown: Rows, expected: Rows) -> str:
    keys = sorted(key for key in shown.keys() | expected.keys() if shown.get(key) != expected.get(key))
    lines = [f"{key}: shown {shown.get(key)}, expected {expected.get(key)}" for key in keys[:5]]
    return f"partition {partition} at progress {offset}: {len(keys)} rows differ\n" + "\n".join(lines)
