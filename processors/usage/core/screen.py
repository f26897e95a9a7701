"""The first look at a record: what is refused, what no meter measures, what goes on to dedupe."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from processors.stream.core.records import SourceRecord
from processors.usage.core.recipes import Values
from processors.usage.core.refusals import Choices, Reasons, Rules
from processors.usage.core.windowing import Window, windows_of
from schemas.catalog import Catalog
from schemas.errors import Reject
from schemas.event import NOT_GIVEN
from schemas.pack import Pack
from schemas.source_record import SourceEvents, read_record
from schemas.topics import USAGE
from schemas.verdict import Fate, Refusal, Verdict

#: Takes a record's events out of it. Raises Reject for what nobody can read, and UnknownPackVersion.
Read = Callable[[SourceRecord], SourceEvents]


def read_source(record: SourceRecord) -> SourceEvents:
    """Return the events of a record as it stands on the log; see `Read`."""
    return read_record(record.value, record.headers, record.recorded_at_ms)


class Turned(NamedTuple):
    """An event that ends here: refused or unmatched."""

    verdict: Verdict
    #: What it is booked under; empty where its own texts cannot be trusted.
    tenant: str
    event_type: str
    occurred_at_ms: int


class Screened(NamedTuple):
    """A record after the first look."""

    record: SourceRecord
    #: None where nothing goes on.
    pack: Pack | None
    #: Where each event of the pack stands in the record.
    places: Sequence[int]
    occurred_ms: Sequence[int]
    #: By event: state integers of the meters of its type.
    values: Sequence[Values]
    choices: Choices
    #: All events of the pack.
    windows: Sequence[Window]
    #: Events of the pack that go on, in order.
    passing: Sequence[int]
    turned: list[Turned]
    #: Why the record as a whole could not be read; it belongs to the dead letters.
    unreadable: str = ""


class Screen:
    """Screens the records of one partition."""

    def __init__(self, partition: int, rules: Rules, read: Read = read_source) -> None:
        """Hold the records of *partition*, as *read* finds them, against *rules*."""
        self._partition = partition
        self._rules = rules
        self._read = read

    def screen(self, record: SourceRecord, catalog: Catalog) -> Screened:
        """Return what becomes of *record* under *catalog*.

        Raises UnknownPackVersion, unless `weir skip` named the record.
        """
        skipped = (USAGE.name, self._partition, record.offset) in catalog.skips
        try:
            events = self._read(record)
        except Reject as error:
            code = Refusal.SKIPPED if skipped else Refusal.UNREADABLE
            return _nothing_passes(record, [_untrusted(0, code, record)], "" if skipped else str(error))
        except Exception:
            if not skipped:
                raise
            # Whatever is wrong with it, or with us: an operator said that it must not stop the rest.
            return _nothing_passes(record, [_untrusted(0, Refusal.SKIPPED, record)])
        turned = [_untrusted(place, Refusal.INVALID, record) for place in events.invalid]
        if events.pack is None:
            return _nothing_passes(record, turned)
        return self._screen_pack(record, events.pack, events.places, turned, None if skipped else catalog)

    def _screen_pack(
        self,
        record: SourceRecord,
        pack: Pack,
        places: Sequence[int],
        turned: list[Turned],
        catalog: Catalog | None,
    ) -> Screened:
        """Screen the events of *pack*; *catalog* None: all of them are skipped."""
        occurred_ms = _occurred(pack, record.recorded_at_ms)
        if catalog is None:
            values: Sequence[Values] = ()
            choices: Choices = {}
            windows: Sequence[Window] = ()
            reasons: Reasons = dict.fromkeys(range(pack.count), Refusal.SKIPPED)
        else:
            windows = windows_of(occurred_ms)
            reasons = self._rules.reasons(pack, occurred_ms, record.recorded_at_ms)
            values, choices = self._rules.measure(pack, windows, catalog, reasons)
        passing: Sequence[int] = range(pack.count)
        if reasons:
            turned += [
                _turned(pack, places[index], occurred_ms, record, index, code)
                for index, code in reasons.items()
            ]
            passing = [index for index in passing if index not in reasons]
        return Screened(record, pack, places, occurred_ms, values, choices, windows, passing, turned)


def _nothing_passes(record: SourceRecord, turned: list[Turned], unreadable: str = "") -> Screened:
    return Screened(record, None, (), (), (), {}, (), (), turned, unreadable)


def _occurred(pack: Pack, recorded_at_ms: int) -> Sequence[int]:
    if min(pack.given_ms) != NOT_GIVEN:
        return pack.given_ms
    return [recorded_at_ms if at == NOT_GIVEN else at for at in pack.given_ms]


def _untrusted(place: int, code: Refusal, record: SourceRecord) -> Turned:
    return Turned(Verdict(place, Fate.REFUSED, code), "", "", record.recorded_at_ms)


def _turned(
    pack: Pack,
    place: int,
    occurred_ms: Sequence[int],
    record: SourceRecord,
    index: int,
    code: Refusal | None,
) -> Turned:
    if code is Refusal.INVALID:
        return _untrusted(place, code, record)
    tenant, _, event_type = pack.series[pack.series_index[index]]
    verdict = Verdict(place, Fate.UNMATCHED) if code is None else Verdict(place, Fate.REFUSED, code)
    return Turned(verdict, tenant, event_type, occurred_ms[index])
