"""The fast reading: common shapes of events, a whole batch at once, column by column.

It takes events or leaves them; it never refuses one. What it takes, it reads exactly as
`schemas.admission.read_event` does, which a property test holds it to. It leaves single events whose
time, source, quantity or data is unusual, and the whole batch where that cannot be told apart:
escapes, unknown members, a name that stands twice, an id that breaks the rules.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import compress
from typing import Any, Final, NamedTuple, TypeVar, cast

import msgspec

from ingest.core.columns import Columns, read_columns, read_row
from ingest.core.learned import Data, DataObjects, Quantities, Quantity, Sources, Times
from ingest.core.routes import Doubt, Route, TenantRoutes, Unusual
from schemas.admission import AHEAD_MS, MAX_TEXT, OLDEST_MS
from schemas.event import NO_QUANTITY, NOT_GIVEN, UsageEvent

T = TypeVar("T")

_QUOTE: Final = b'"'
_DELETE: Final = b"\x7f"
_QUOTES_TEXT: Final = 4  # "time":"…"

_decode_raws: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_new_event: Final = partial(tuple.__new__, UsageEvent)


class Taken(NamedTuple):
    """A batch that was read, but for its unusual events."""

    events: list[UsageEvent]
    #: Where each of them goes.
    partitions: list[int]
    #: Whether a meter, or a missing time, may have something to say about it.
    doubtful: list[bool]
    #: The JSON of the others, by place in the batch, in order.
    unusual: Mapping[int, bytes]


class FastReader:
    """Reads batches and remembers what comes again. Raises Unusual, and nothing else."""

    def __init__(self) -> None:
        self._times = Times()
        self._sources = Sources()
        self._quantities = Quantities()
        self._data = DataObjects(holds_quantity=False)
        self._envelope_data = DataObjects(holds_quantity=True)

    def one(self, body: bytes, routes: TenantRoutes, now_ms: int) -> tuple[UsageEvent, Route]:
        """Return the event of *body*, a JSON object, and its route.

        As `batch` does for one, without what columns cost where there is nothing to share.
        """
        try:
            return self._one(body, routes, now_ms)
        except (msgspec.DecodeError, RecursionError, ValueError):
            raise Unusual from None

    def batch(self, body: bytes, routes: TenantRoutes, now_ms: int) -> Taken:
        """Return the events of *body*, a JSON array."""
        try:
            is_ascii = _is_ascii(body)
            columns = read_columns(body)
            if columns is None or not _good_ids(columns.ids, body if is_ascii else None):
                raise Unusual
            return self._taken(body, columns, routes, now_ms)
        except (msgspec.DecodeError, RecursionError, ValueError):
            raise Unusual from None

    def _one(self, body: bytes, routes: TenantRoutes, now_ms: int) -> tuple[UsageEvent, Route]:
        is_ascii = _is_ascii(body)
        event_id, customer, event_type, source_text, time, json, amount, quotes, in_envelope = read_row(body)
        if not _good_ids((event_id,), body if is_ascii else None):
            raise Unusual
        given_ms, source = self._times[time], self._sources[source_text]
        quantity = self._quantities[amount]
        data = (self._envelope_data if in_envelope else self._data)[json]
        if given_ms is None or source is None or quantity is None or data is None:
            raise Unusual
        if given_ms != NOT_GIVEN and not now_ms - OLDEST_MS <= given_ms <= now_ms + AHEAD_MS:
            raise Unusual
        quotes += quantity.quotes + data.quotes + _QUOTES_TEXT * (bool(time) + bool(source_text))
        if quotes != body.count(_QUOTE):
            raise Unusual
        route = routes[customer, event_type]
        micro = data.micro if in_envelope else quantity.micro
        return UsageEvent(route.series, given_ms, micro, source, event_id, data.rest), route

    def _taken(self, body: bytes, columns: Columns, routes: TenantRoutes, now_ms: int) -> Taken:
        ways = list(map(routes.__getitem__, zip(columns.customers, columns.types, strict=True)))
        times = _in_window(list(map(self._times.__getitem__, columns.times)), now_ms)
        sources = list(map(self._sources.__getitem__, columns.sources))
        quantities, data = self._amounts(columns)
        keep = _without_none(times, sources, quantities, data)
        unusual: dict[int, bytes] = {}
        if keep is not None:
            raws = _decode_raws(body)
            unusual = {place: bytes(raws[place]) for place, usual in enumerate(keep) if not usual}
            if len(unusual) == len(keep):
                return Taken([], [], [], unusual)
        micros, value_quotes = zip(*_only(quantities, keep), strict=True)
        rests, data_micros, data_quotes = zip(*_only(data, keep), strict=True)
        # Without escapes every quotation mark belongs to a name or a text that was read; one more
        # means a name that stands twice, of which only the last was seen.
        expected = sum(value_quotes) + sum(data_quotes) + sum(_only(columns.quotes, keep))
        given = [*_only(columns.sources, keep), *_only(columns.times, keep)]
        expected += _QUOTES_TEXT * (len(given) - given.count(""))
        if expected != body.count(_QUOTE) - sum(raw.count(_QUOTE) for raw in unusual.values()):
            raise Unusual
        series, partitions, doubts = zip(*_only(ways, keep), strict=True)
        if columns.in_envelopes:
            micros = data_micros
        given_ms = _only(times, keep)
        fields = zip(
            series, given_ms, micros, _only(sources, keep), _only(columns.ids, keep), rests, strict=True
        )
        return Taken(
            list(map(_new_event, fields)),
            list(partitions),
            _doubtful(doubts, given_ms, micros, rests),
            unusual,
        )

    def _amounts(self, columns: Columns) -> tuple[Sequence[Quantity | None], Sequence[Data | None]]:
        table = self._envelope_data if columns.in_envelopes else self._data
        return (
            list(map(self._quantities.__getitem__, columns.quantities)),
            list(map(table.__getitem__, columns.data)),
        )


def _is_ascii(body: bytes) -> bool:
    """Say whether *body* is ASCII. Raises UnicodeDecodeError where it is not UTF-8 either, or Unusual."""
    if b"\\" in body:
        raise Unusual
    if body.isascii():
        return True
    body.decode()
    return False


def _in_window(times: Sequence[int | None], now_ms: int) -> Sequence[int | None]:
    """Return *times* with None where one is too old, or too far ahead, to be taken."""
    oldest_ms, newest_ms = now_ms - OLDEST_MS, now_ms + AHEAD_MS
    if None not in times:
        known = cast("Sequence[int]", times)
        if oldest_ms <= min(known) and max(known) <= newest_ms:
            return times
    return [
        each if each is not None and (each == NOT_GIVEN or oldest_ms <= each <= newest_ms) else None
        for each in times
    ]


def _without_none(*columns: Sequence[Any]) -> list[bool] | None:
    """Return which rows have no None in them; None where that is all."""
    if not any(None in column for column in columns):
        return None
    return [None not in row for row in zip(*columns, strict=True)]


def _only(column: Sequence[T | None], keep: Sequence[bool] | None) -> Sequence[T]:
    """Return what stands in the rows to keep; all, where *keep* is None."""
    return cast("Sequence[T]", column if keep is None else list(compress(column, keep)))


def _doubtful(
    doubts: Sequence[Doubt], times: Sequence[int], micros: Sequence[int], rests: Sequence[bytes]
) -> list[bool]:
    """Return which events have to be judged."""
    if NOT_GIVEN in times:
        return [True] * len(times)
    if not any(doubts):
        return [False] * len(times)
    plain_too = Doubt.ALWAYS  # an enum's member is found faster as a local name
    return [
        doubt > 0 and (doubt == plain_too or rest != b"" or micro == NO_QUANTITY)
        for doubt, micro, rest in zip(doubts, micros, rests, strict=True)
    ]


def _good_ids(ids: Sequence[str], ascii_body: bytes | None) -> bool:
    """Say whether all *ids* keep the rules of a name."""
    if "" in ids or max(map(len, ids)) > MAX_TEXT:
        return False
    # JSON without escapes has one ASCII character in it that is not printable.
    return "".join(ids).isprintable() if ascii_body is None else _DELETE not in ascii_body
