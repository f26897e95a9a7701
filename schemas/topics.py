"""Every topic, declared once: `weir topics apply` creates them, docs/topics.md lists them."""

from typing import Final

import msgspec

from schemas.instant import DAY_MS

DEFAULT_PREFIX: Final = "weir."
MAX_RECORD_BYTES: Final = 2_000_000
#: Keeps a newer record beside an older one of the same key until a reload has seen both.
_COMPACTION_LAG_MS: Final = DAY_MS
#: Only what left the newest segment is compacted.
_COMPACT_SEGMENT_MS: Final = DAY_MS


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """A topic as it is made. Partitions None: the installation's number (12 by default)."""

    name: str
    record: str
    partition_by: str
    makers: tuple[str, ...]
    readers: tuple[str, ...]
    retention_ms: int | None
    compact: bool = False
    log_append_time: bool = False
    partitions: int | None = None

    def config(self) -> dict[str, str]:
        """Return the broker's settings for it."""
        policies = ["compact"] if self.compact else []
        if self.retention_ms is not None:
            policies.append("delete")
        config = {
            "cleanup.policy": ",".join(policies),
            "max.message.bytes": str(MAX_RECORD_BYTES),
            "message.timestamp.type": "LogAppendTime" if self.log_append_time else "CreateTime",
            "retention.ms": str(-1 if self.retention_ms is None else self.retention_ms),
        }
        if self.compact:
            config["min.compaction.lag.ms"] = str(_COMPACTION_LAG_MS)
            config["segment.ms"] = str(_COMPACT_SEGMENT_MS)
        return config


USAGE: Final = Topic(
    name="usage",
    record="a pack of usage events, a CloudEvent or a CloudEvents batch",
    partition_by="hash(tenant, customer)",
    makers=("ingest", "the operator's services"),
    readers=("processors", "sinks: archive", "console: books"),
    retention_ms=7 * DAY_MS,
    log_append_time=True,
)
# No row is written later than a grace and a day after its window or arrival, so deletion after
# seven days takes only rows that nobody keeps in memory; progress is repeated every hour.
ROLLUPS: Final = Topic(
    name="rollups",
    record="absolute usage and counts of fates with their stamp; progress",
    partition_by="as source",
    makers=("processors",),
    readers=("sinks: rollups", "processors (their own state)"),
    retention_ms=7 * DAY_MS,
    compact=True,
)
SEEN: Final = Topic(
    name="seen",
    record="by source offset: the ids that counted or were late",
    partition_by="as source",
    makers=("processors",),
    readers=("processors (their own state)",),
    retention_ms=36 * DAY_MS,
)
VERDICTS: Final = Topic(
    name="verdicts",
    record="by source offset: events that did not simply count; progress",
    partition_by="as source",
    makers=("processors",),
    readers=("sinks: archive", "console"),
    retention_ms=7 * DAY_MS,
)
CATALOG: Final = Topic(
    name="catalog",
    record="what people decided: tenants, hashed keys, meters, skips, topic ids",
    partition_by="one partition",
    makers=("console: outbox relay",),
    readers=("ingest", "processors", "console"),
    retention_ms=None,
    compact=True,
    partitions=1,
)
DOOR: Final = Topic(
    name="door",
    record="absolute tallies of what each ingress rejected",
    partition_by="one partition",
    makers=("ingest",),
    readers=("sinks: door",),
    retention_ms=30 * DAY_MS,
    compact=True,
    partitions=1,
)
DEAD_LETTERS: Final = Topic(
    name="dead-letters",
    record="original bytes, reason, and where from",
    partition_by="as source",
    makers=("processors", "sinks"),
    readers=("sinks: dead-letters",),
    retention_ms=30 * DAY_MS,
)

#: In the order in which they are made.
TOPICS: Final = (USAGE, ROLLUPS, SEEN, VERDICTS, CATALOG, DOOR, DEAD_LETTERS)


def topic_name(prefix: str, topic: Topic) -> str:
    """Return the full name of *topic* under an installation's *prefix*."""
    return prefix + topic.name
