"""Every topic, declared once: `weir topics apply` creates them, docs/topics.md lists them."""

from typing import Final

import msgspec

from schemas.instant import DAY_MS, MINUTE_MS

DEFAULT_PREFIX: Final = "weir."
MAX_RECORD_BYTES: Final = 2_000_000
#: How long a compacted topic keeps a newer record beside an older one of the same key: until a reload has
#: seen both. Only what left the newest segment is compacted, so segments are as long.
_COMPACTION_LAG_MS: Final = DAY_MS
#: Of a topic that every start reads from its beginning. A second writer is found out within seconds.
_SHORT_COMPACTION_LAG_MS: Final = 10 * MINUTE_MS
#: A broker that is not told otherwise refuses what is dated an hour ahead of its own clock: a writer with a
#: clock that is wrong, or a broker whose clock was set back, would stop the whole.
_ANY_TIME_MS: Final = 2**63 - 1


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """A topic as it is made. Partitions None: the installation's number (12 by default)."""

    name: str
    record: str
    partition_by: str
    makers: tuple[str, ...]
    readers: tuple[str, ...]
    retention_ms: int | None
    compact: bool = False
    compaction_lag_ms: int = _COMPACTION_LAG_MS
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
        if not self.log_append_time:
            config["message.timestamp.after.max.ms"] = str(_ANY_TIME_MS)
        if self.compact:
            config["min.compaction.lag.ms"] = str(self.compaction_lag_ms)
            config["segment.ms"] = str(self.compaction_lag_ms)
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
STRIPE: Final = Topic(
    name="stripe",
    record="one verified Stripe event, byte for byte",
    partition_by="hash(tenant)",
    makers=("ingest", "sinks: jobs"),
    readers=("processors", "sinks: stripe, archive"),
    retention_ms=30 * DAY_MS,
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
QUOTAS: Final = Topic(
    name="quotas",
    record="absolute usage of the periods that plans speak of, with its stamp; progress",
    partition_by="as source",
    makers=("processors",),
    readers=("ingest", "console", "processors (their own state)"),
    retention_ms=None,
    compact=True,
    compaction_lag_ms=_SHORT_COMPACTION_LAG_MS,
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
ALERTS: Final = Topic(
    name="alerts",
    record="one alert, by its dedupe key",
    partition_by="hash(tenant)",
    makers=("processors", "sinks: jobs"),
    readers=("console",),
    retention_ms=30 * DAY_MS,
)
# An object that nothing is said of for longer is PostgreSQL's alone: what comes then is newer than it.
MIRROR: Final = Topic(
    name="mirror",
    record="newest state of each of Stripe's objects, with its stamp; progress",
    partition_by="as source",
    makers=("processors",),
    readers=("sinks: mirror", "processors (their own state)"),
    retention_ms=36 * DAY_MS,
    compact=True,
)
BILLING: Final = Topic(
    name="billing",
    record="facts about Stripe's objects: their history, events that could not be handled",
    partition_by="hash(tenant)",
    makers=("processors",),
    readers=("sinks: mirror",),
    retention_ms=30 * DAY_MS,
)
CATALOG: Final = Topic(
    name="catalog",
    record="what people decided: tenants, hashed keys, meters, plans, customers, skips, topic ids",
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
TOPICS: Final = (
    USAGE,
    STRIPE,
    ROLLUPS,
    QUOTAS,
    SEEN,
    VERDICTS,
    ALERTS,
    MIRROR,
    BILLING,
    CATALOG,
    DOOR,
    DEAD_LETTERS,
)


def topic_name(prefix: str, topic: Topic) -> str:
    """Return the full name of *topic* under an installation's *prefix*."""
    return prefix + topic.name
