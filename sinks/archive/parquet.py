"""Tables as Parquet: row groups and page index for readers who skip, a bloom filter to find one id."""

import hashlib
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

_ROW_GROUP: Final = 32_768
#: Most of a file is ids, in which higher levels look for repetitions in vain: 0.4 us an event, for nothing.
_ZSTD_LEVEL: Final = 1
#: Of a row group's ids, this part is looked for in vain.
_FALSE_POSITIVES: Final = 0.01
#: Columns by which one row is looked for.
_IDS: Final = {"id", "event_id"}
#: Times differ little from row to row. All encodings here are ones that DuckDB reads.
_ENCODINGS: Final = {"time_ms": "DELTA_BINARY_PACKED", "recorded_at_ms": "DELTA_BINARY_PACKED"}
#: Columns in which nobody looks for a span; an id has its bloom filter.
_UNORDERED: Final = {"id", "rest", "raw", "quantity_micro", "payload", "headers"}
#: Columns whose values hardly repeat: a dictionary would be tried and thrown away.
_UNLIKE: Final = _UNORDERED | set(_ENCODINGS) | {"event_id"}


class Written(NamedTuple):
    """A file's content and what the manifest says of it."""

    content: pa.Buffer
    sha256: bytes


def write(table: pa.Table) -> Written:
    """Return *table* as the bytes of a Parquet file."""
    sink = pa.BufferOutputStream()
    names = table.column_names
    most_ids = min(_ROW_GROUP, table.num_rows)
    bloom = {"ndv": most_ids, "fpp": _FALSE_POSITIVES}
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=_ZSTD_LEVEL,
        row_group_size=_ROW_GROUP,
        use_dictionary=[name for name in names if name not in _UNLIKE],
        column_encoding={name: how for name, how in _ENCODINGS.items() if name in names},
        write_statistics=[name for name in names if name not in _UNORDERED],
        write_page_index=True,
        bloom_filter_options={name: bloom for name in names if name in _IDS} or None,
        store_schema=False,
    )
    content = sink.getvalue()
    return Written(content, hashlib.sha256(content).digest())
