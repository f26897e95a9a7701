"""The events of one partition as a table; no Python work for each event where it can be helped."""

from collections.abc import Iterable
from itertools import chain
from typing import Final

import numpy as np
import pyarrow as pa

from schemas.event import NOT_GIVEN
from sinks.archive.columns import (
    QUANTITY,
    TEXT,
    Ints,
    flat,
    ids,
    places,
    quantities,
    raws,
    rests,
    series,
    sources,
)
from sinks.archive.usage_records import UsageRecord

_SERIES: Final = ("tenant", "customer", "type")

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


def table_of(records: Iterable[UsageRecord], partition: int) -> pa.Table:
    """Return the events of *records*, sorted by tenant, customer, type and time."""
    parts = list(chain.from_iterable(record.parts for record in records))
    packs = [part.pack for part in parts]
    counts = np.array([pack.count for pack in packs], np.int64)
    rows = int(counts.sum())

    def each(values: Iterable[int]) -> Ints:
        return np.repeat(np.fromiter(values, np.int64, len(parts)), counts)

    given_ms = flat(packs, "given_ms", rows)
    recorded_at_ms = each(part.recorded_at_ms for part in parts)
    is_given = given_ms != NOT_GIVEN
    time_ms = np.where(is_given, given_ms, recorded_at_ms)
    named = series(packs, counts, rows)
    # Within one millisecond the log's order stays.
    order = np.lexsort((time_ms, places(named)))
    columns = {
        **{name: texts.reordered(order) for name, texts in zip(_SERIES, named, strict=True)},
        "source": sources(packs, counts, rows).reordered(order),
        "id": ids(packs, order),
        "time_ms": pa.array(time_ms[order]),
        "time_given": pa.array(is_given[order]),
        "recorded_at_ms": pa.array(recorded_at_ms[order]),
        "quantity_micro": quantities(packs, rows, order),
        "rest": rests(packs, rows).take(pa.array(order)),
        "partition": pa.array(np.full(rows, partition, np.int16)),
        "offset": pa.array(each(part.offset for part in parts)[order]),
        "index": pa.array(flat(parts, "places", rows)[order].astype(np.int32)),
        "unreadable": pa.array(each(part.unreadable for part in parts)[order] != 0),
        "raw": raws(parts, rows).take(pa.array(order)),
    }
    return pa.table(columns, schema=SCHEMA)
