"""The events of one partition as a table; no Python work for each event where it can be helped."""

from typing import Final

import numpy as np
import pyarrow as pa

from schemas.event import NOT_GIVEN
from schemas.pack_columns import uuid_texts
from sinks.archive.columns import (
    QUANTITY,
    TEXT,
    Ints,
    Places,
    numbers,
    quantities,
    ranked,
    starts,
    strings,
    texts,
    uuids,
)
from sinks.archive.usage_columns import UsageColumns

SCHEMA: Final = pa.schema(
    [
        pa.field("tenant", TEXT, nullable=False),
        pa.field("customer", TEXT, nullable=False),
        pa.field("type", TEXT, nullable=False),
        pa.field("source", TEXT, nullable=False),
        pa.field("id", pa.string(), nullable=False),
        # When it occurred: the producer's time where one was given, else the broker's.
        pa.field("time_ms", pa.int64(), nullable=False),
        pa.field("time_given", pa.bool_(), nullable=False),
        pa.field("recorded_at_ms", pa.int64(), nullable=False),
        # Null where none was given.
        pa.field("quantity_micro", QUANTITY),
        # Canonical JSON of all else, or nothing.
        pa.field("rest", pa.string(), nullable=False),
        pa.field("partition", pa.int16(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("index", pa.int32(), nullable=False),
        # Nothing of it could be read; the columns that an event would fill are empty.
        pa.field("unreadable", pa.bool_(), nullable=False),
        # The record's bytes, in its first unreadable row.
        pa.field("raw", pa.binary()),
    ]
)


def table_of(columns: UsageColumns, partition: int) -> pa.Table:
    """Return the events in *columns*, sorted by tenant, customer, type and time."""
    rows, parts = columns.rows, columns.parts
    counts = np.array([part.rows for part in parts])
    offset, recorded_at_ms, unreadable = (
        np.repeat(np.array(values), counts)
        for values in zip(
            *((part.offset, part.recorded_at_ms, part.unreadable) for part in parts), strict=True
        )
    )
    given_ms = numbers(columns.given_ms, "i8")
    is_given = given_ms != NOT_GIVEN
    time_ms = np.where(is_given, given_ms, recorded_at_ms)
    names, series, rank = _series(columns, counts)
    # Within one millisecond the log's order stays.
    order = np.lexsort((time_ms, rank[series]))
    series = series[order]
    rest_starts = starts([part.rest_bytes for part in parts], counts)
    rest = strings(columns.rests, numbers(columns.rest_ends, "u4") + rest_starts)
    tenant, customer, kind = (texts(table, place[series]) for table, place in names)
    return pa.table(
        {
            "tenant": tenant,
            "customer": customer,
            "type": kind,
            "source": _sources(columns, counts, order),
            "id": _ids(columns.ids, order),
            "time_ms": time_ms[order],
            "time_given": is_given[order],
            "recorded_at_ms": recorded_at_ms[order],
            "quantity_micro": quantities(
                numbers(columns.quantity_micro, "i8"), columns.large_quantities, order
            ),
            "rest": rest.take(pa.array(order)),
            "partition": np.full(rows, partition, np.int16),
            "offset": offset[order],
            "index": numbers(columns.places, "u4")[order].astype(np.int32),
            "unreadable": unreadable[order],
            "raw": _raws(columns, order),
        },
        schema=SCHEMA,
    )


def _series(columns: UsageColumns, counts: Ints) -> tuple[list[tuple[pa.Array, Places]], Ints, Ints]:
    """Return the names of each series by part, the series of each row, and the rank of each series."""
    places = np.array(columns.series_places)
    index = numbers(columns.series_index, "u4") + starts([part.series for part in columns.parts], counts)
    # A pack may name series that none of its events has.
    occurring, series = _dense(places[index], len(columns.series))
    known = list(columns.series)
    names = [ranked(part) for part in zip(*[known[place] for place in occurring], strict=True)]
    rank = np.zeros(len(occurring), np.int64)
    for table, place in names:
        rank = rank * len(table) + place
    return names, series, rank


def _sources(columns: UsageColumns, counts: Ints, order: Ints) -> pa.DictionaryArray:
    places = np.array(columns.source_places)
    index = numbers(columns.source_index, "u4") + starts([part.sources for part in columns.parts], counts)
    occurring, source = _dense(places[index], len(columns.sources))
    known = list(columns.sources)
    table, place = ranked([known[each] for each in occurring])
    return texts(table, place[source[order]])


def _dense(places: Ints, known: int) -> tuple[list[int], Ints]:
    """Return which of the *known* numbers occur in *places*, and for each of these its place among them."""
    occurs = np.bincount(places, minlength=known) > 0
    return np.flatnonzero(occurs).tolist(), (np.cumsum(occurs) - 1)[places]


def _ids(ids: list[bytes | list[str]], order: Ints) -> pa.Array:
    raw = [each for each in ids if isinstance(each, bytes)]
    if len(raw) == len(ids):
        return uuids(b"".join(raw), order)
    every = [text for each in ids for text in (each if isinstance(each, list) else uuid_texts(each))]
    return pa.array(every, pa.string()).take(pa.array(order))


def _raws(columns: UsageColumns, order: Ints) -> pa.Array:
    if not columns.raws:
        return pa.nulls(columns.rows, pa.binary())
    return pa.array([columns.raws.get(row) for row in order.tolist()], pa.binary())
