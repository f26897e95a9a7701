"""The logs that are archived: what a record is, and what its table looks like."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import pyarrow as pa

from schemas.topics import STRIPE, USAGE, VERDICTS, Topic
from sinks.archive import stripe_table, usage_records, usage_table, verdict_table
from sinks.archive.core.runs import Columns
from sinks.archive.usage_columns import UsageColumns
from sinks.core.record import Record


class Stream(NamedTuple):
    """How one topic becomes files."""

    topic: Topic
    #: Returns something with an offset and a number of rows; raises Reject for what cannot be kept.
    read: Callable[[Record], Any]
    #: Makes what takes in what `read` returned.
    columns: Callable[[], Columns]
    #: Takes such columns and the partition.
    table_of: Callable[[Any, int], pa.Table]
    #: The column whose span the manifest gives.
    time: str


#: By the topic's short name.
STREAMS: Final[Mapping[str, Stream]] = {
    USAGE.name: Stream(USAGE, usage_records.read, UsageColumns, usage_table.table_of, "time_ms"),
    VERDICTS.name: Stream(
        VERDICTS, verdict_table.read, verdict_table.VerdictRows, verdict_table.table_of, "recorded_at_ms"
    ),
    STRIPE.name: Stream(
        STRIPE, stripe_table.read, stripe_table.WebhookRows, stripe_table.table_of, "recorded_at_ms"
    ),
}
