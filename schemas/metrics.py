"""Every metric, declared once: processes export these and no others, docs/metrics.md lists them.

No tenant, customer, event id or subject is ever a label. To add a metric, add a constant.
"""

from typing import Final

from schemas.metric import Counter, Gauge, Histogram, Label, Metric
from schemas.process import CONSOLE, INGEST, PROCESSES, PROCESSORS, SINKS
from schemas.verdict import Fate

_CANARY: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_PER_EVENT: Final = (1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 1e-4, 1e-3, 1e-2, 0.1)
_END_TO_END: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0)
_LATENESS: Final = (1.0, 10.0, 60.0, 300.0, 3_600.0, 21_600.0, 86_400.0, 604_800.0, 3_024_000.0)
_PAUSE: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_ROWS: Final = (1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0)
_AGE: Final = (1.0, 5.0, 30.0, 300.0, 1_800.0, 7_200.0, 21_600.0, 86_400.0, 259_200.0)
_BYTES: Final = (256.0, 1_024.0, 4_096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0)

_AGENT: Final = Label("agent", ("usage", "billing"))
_CANARY_KIND: Final = Label("kind", ("late", "wrong", "refused"))
_CANARY_STAGE: Final = Label("stage", ("accepted", "quota", "stored"))
_GROUP: Final = Label("group")
#: What a hot key is; never whose.
_KEY_KIND: Final = Label("kind", ("customer", "tenant"))
_JOB: Final = Label(
    "job",
    (
        "stripe.walks",
        "stripe.walk",
        "stripe.backfill",
        "stripe.snapshot",
        "stripe.due",
        "stripe.again",
        "stripe.dunning",
        "alerts.tell",
    ),
)
_PARTITION: Final = Label("partition")
_PROVIDER: Final = Label("provider", ("stripe",))
_ROUTE: Final = Label("route")
_SINK: Final = Label("sink", ("rollups", "archive", "dead-letters", "door", "stripe", "mirror"))
_STAGE: Final = Label("stage", ("ingress", "processor", "sink"))
_TABLE: Final = Label("table", ("rollups", "quotas", "seen", "mirror"))
_TOPIC: Final = Label("topic")

BUILD_INFO: Final = Gauge(
    "build_info",
    "1, with the build as labels",
    PROCESSES,
    (Label("version"), Label("commit"), Label("python")),
)

# Ingress
INGRESS_REQUESTS: Final = Counter(
    "ingress_requests_total", "HTTP answers", (INGEST,), (_ROUTE, Label("method"), Label("code"))
)
INGRESS_REQUEST_DURATION: Final = Histogram(
    "ingress_request_duration_seconds",
    "Time to the last byte of the answer",
    (INGEST,),
    (_ROUTE,),
    buckets=_FAST,
)
INGRESS_INFLIGHT_REQUESTS: Final = Gauge("ingress_inflight_requests", "Requests not yet answered", (INGEST,))
INGRESS_OPEN_CONNECTIONS: Final = Gauge(
    "ingress_open_connections", "Open connections; slow clients show here first", (INGEST,)
)
INGRESS_EVENTS: Final = Counter(
    "ingress_events_total",
    "Events, by what their receipt says",
    (INGEST,),
    (Label("outcome", ("accepted", "duplicate", "conflict", "rejected")),),
)
INGRESS_REJECTED_EVENTS: Final = Counter(
    "ingress_rejected_events_total",
    "Events that the door rejected, by reason",
    (INGEST,),
    (
        Label(
            "reason",
            (
                "schema",
                "too_large",
                "unauthenticated",
                "forbidden",
                "rate_limited",
                "quota",
                "unknown_meter",
                "timestamp",
                "backpressure",
            ),
        ),
    ),
)
INGRESS_PAYLOAD_BYTES: Final = Histogram(
    "ingress_payload_bytes", "Size of bodies after decompression", (INGEST,), (_ROUTE,), buckets=_BYTES
)

INGRESS_BACKLOG: Final = Gauge(
    "ingress_backlog_seconds", "Age of the oldest event that the processors have not counted", (INGEST,)
)
QUOTA_CHECKS: Final = Counter(
    "quota_checks_total",
    "Checks of quotas by what they rested on and what was answered",
    (INGEST,),
    (Label("decision", ("fresh", "stale", "default")), Label("allowed", ("yes", "no"))),
)
LIMIT_CHECKS: Final = Counter(
    "limit_checks_total",
    "Requests that take from limits of use, by what became of them",
    (INGEST,),
    (
        Label("limit", ("rate", "concurrent")),
        Label("outcome", ("taken", "renewed", "refused", "unknown")),
    ),
)
LIMIT_PLACES: Final = Gauge(
    "limit_places", "Customers with a meter, and leases, whose use is remembered", (INGEST,)
)

# Webhooks
WEBHOOK_DELIVERIES: Final = Counter(
    "webhook_deliveries_total",
    "Webhooks, by what became of them at the door",
    (INGEST,),
    (_PROVIDER, Label("outcome", ("accepted", "rejected", "unconfirmed"))),
)
WEBHOOK_VERIFICATION_FAILURES: Final = Counter(
    "webhook_verification_failures_total",
    "Webhooks that were not verified, by reason",
    (INGEST,),
    (
        _PROVIDER,
        Label(
            "reason",
            (
                "no_header",
                "malformed",
                "bad_signature",
                "stale",
                "future",
                "too_large",
                "unknown_endpoint",
            ),
        ),
    ),
)
WEBHOOK_SECRET_MATCHES: Final = Counter(
    "webhook_secret_matches_total",
    "Webhooks by the secret that they were signed with; revoke the previous one when it is flat",
    (INGEST,),
    (_PROVIDER, Label("slot", ("current", "previous"))),
)
WEBHOOK_EVENT_AGE: Final = Histogram(
    "webhook_event_age_seconds",
    "Event's creation to the confirmation of its webhook; Stripe repeats for three days",
    (INGEST,),
    (_PROVIDER,),
    buckets=_AGE,
)
WEBHOOK_APPLY: Final = Counter(
    "webhook_apply_total",
    "Stripe's events, by what became of them in the mirror",
    (PROCESSORS,),
    (
        _PROVIDER,
        Label("outcome", ("applied", "known", "unhandled", "trial", "failed", "unreadable")),
    ),
)
WEBHOOK_LAST_ACCEPTED: Final = Gauge(
    "webhook_last_accepted_timestamp_seconds",
    "When a webhook was accepted last",
    (INGEST,),
    (_PROVIDER,),
)

# Producers
KAFKA_PRODUCE_DURATION: Final = Histogram(
    "kafka_produce_duration_seconds",
    "Produce to the report of acks=all",
    (INGEST, CONSOLE),
    (_TOPIC,),
    buckets=_FAST,
)
KAFKA_PRODUCE_FAILURES: Final = Counter(
    "kafka_produce_failures_total",
    "Delivery reports with an error, or without an offset",
    (INGEST, CONSOLE),
    (_TOPIC, Label("error")),
)
KAFKA_PRODUCER_QUEUE: Final = Gauge(
    "kafka_producer_queue_messages",
    "Records that wait in the producer (msg_cnt)",
    (INGEST,),
    (Label("client"),),
)

# Processors
PROCESSOR_EVENTS: Final = Counter(
    "processor_events_total",
    "Events by fate",
    (PROCESSORS,),
    (_AGENT, Label("outcome", tuple(fate.value for fate in Fate))),
)
PROCESSOR_EVENT_DURATION: Final = Histogram(
    "processor_event_duration_seconds",
    "Time of a batch divided by its events",
    (PROCESSORS,),
    (_AGENT,),
    buckets=_PER_EVENT,
)
DEDUPE_LOOKUPS: Final = Counter(
    "dedupe_lookups_total", "Ids looked up", (INGEST, PROCESSORS, SINKS), (_STAGE,)
)
DEDUPE_HITS: Final = Counter(
    "dedupe_hits_total", "Ids found: duplicates and conflicts", (INGEST, PROCESSORS, SINKS), (_STAGE,)
)
LATE_EVENTS: Final = Counter(
    "late_events_total",
    "Events behind their window's end",
    (PROCESSORS,),
    (Label("window", ("hour",)), Label("disposition", ("in_grace", "corrected", "dropped"))),
)
EVENT_LATENESS: Final = Histogram(
    "event_lateness_seconds", "Processing time minus event time", (PROCESSORS,), buckets=_LATENESS
)
DEDUPE_HORIZON: Final = Gauge(
    "dedupe_horizon_seconds", "How far back the dedupe index reaches now", (PROCESSORS,)
)
WATERMARK: Final = Gauge(
    "watermark_timestamp_seconds", "Newest record time processed, least partition", (PROCESSORS,), (_AGENT,)
)
HOT_KEYS: Final = Gauge(
    "hot_keys",
    "Those with more than a quarter of a busy partition's events of the last minute",
    (PROCESSORS,),
    (_KEY_KIND,),
)
HOT_KEY_SHARE: Final = Gauge(
    "hot_key_share_ratio", "Largest share of one of them, from 0 to 1", (PROCESSORS,), (_KEY_KIND,)
)
TABLE_RECOVERY_REMAINING: Final = Gauge(
    "table_recovery_remaining_events",
    "Changelog records still to be read at a start",
    (PROCESSORS,),
    (_TABLE,),
)
REBALANCES: Final = Counter("rebalances_total", "Changes of assignment", (PROCESSORS, SINKS), (_GROUP,))
REBALANCE_DURATION: Final = Histogram(
    "rebalance_duration_seconds",
    "Revocation to new assignment",
    (PROCESSORS, SINKS),
    (_GROUP,),
    buckets=_PAUSE,
)

# Kafka as seen by one who is not the consumer
CONSUMER_LAG_MESSAGES: Final = Gauge(
    "consumer_lag_messages", "End offset minus committed offset", (CONSOLE,), (_GROUP, _TOPIC, _PARTITION)
)
CONSUMER_LAG_SECONDS: Final = Gauge(
    "consumer_lag_seconds", "Age of the oldest unread record", (CONSOLE,), (_GROUP, _TOPIC, _PARTITION)
)
CONSUMER_COMMITTED_OFFSET: Final = Gauge(
    "consumer_committed_offset", "Next offset that the group reads", (CONSOLE,), (_GROUP, _TOPIC, _PARTITION)
)
TIME_TO_DATA_LOSS: Final = Gauge(
    "time_to_data_loss_seconds",
    "Until retention deletes the oldest unread record",
    (CONSOLE,),
    (_GROUP, _TOPIC),
)
TOPIC_END_OFFSET: Final = Gauge("topic_end_offset", "High watermark", (CONSOLE,), (_TOPIC, _PARTITION))
TOPIC_RETENTION: Final = Gauge("topic_retention_seconds", "How long a record is kept", (CONSOLE,), (_TOPIC,))
TOPIC_PARTITIONS: Final = Gauge("topic_partitions", "Number of partitions", (CONSOLE,), (_TOPIC,))

# Sinks
SINK_ROWS: Final = Counter(
    "sink_rows_total",
    "Rows by what the store made of them",
    (SINKS,),
    (_SINK, Label("outcome", ("inserted", "duplicate", "rejected"))),
)
SINK_BATCH_ROWS: Final = Histogram(
    "sink_batch_rows", "Rows of a transaction", (SINKS,), (_SINK,), buckets=_ROWS
)
SINK_BATCH_DURATION: Final = Histogram(
    "sink_batch_duration_seconds", "Time of a transaction", (SINKS,), (_SINK,), buckets=_FAST
)
SINK_RETRIES: Final = Counter(
    "sink_retries_total",
    "Transactions tried again; displaced: read anew, since the store was not where it was left",
    (SINKS,),
    (_SINK, Label("reason", ("serialization", "deadlock", "connection", "timeout", "displaced"))),
)
SINK_LAST_COMMIT: Final = Gauge(
    "sink_last_commit_timestamp_seconds", "When a transaction last committed", (SINKS,), (_SINK,)
)
SINK_LOST_RECORDS: Final = Counter(
    "sink_lost_records_total",
    "Records that retention deleted before the sink had read them",
    (SINKS,),
    (_SINK,),
)
SINK_WAITING_ROWS: Final = Gauge(
    "sink_waiting_rows", "Rows that wait for the progress that covers them; they are held in memory", (SINKS,)
)
EVENT_END_TO_END: Final = Histogram(
    "event_end_to_end_seconds",
    "From the broker's append to the stage",
    (SINKS,),
    (Label("stage", ("stored",)),),
    buckets=_END_TO_END,
)

# Stripe's API, and durable jobs
STRIPE_REQUESTS: Final = Counter(
    "stripe_requests_total",
    "Requests to Stripe's API, each try counted, by what became of them",
    (SINKS,),
    (Label("outcome", ("answered", "refused", "throttled", "failed", "unreachable")),),
)
STRIPE_REQUEST_DURATION: Final = Histogram(
    "stripe_request_duration_seconds", "Time of one try, waits left out", (SINKS,), buckets=_PAUSE
)
STRIPE_BREAKERS: Final = Gauge(
    "stripe_breakers",
    "Tenants asked for so far, by whether Stripe is asked for them",
    (SINKS,),
    (Label("state", ("closed", "open", "half_open")),),
)
STRIPE_ENTERED: Final = Counter(
    "stripe_entered_total",
    "Events of Stripe's list that no webhook had brought, and objects, put on weir.stripe",
    (SINKS,),
    (Label("origin", ("backfill", "snapshot")),),
)
STRIPE_WALKED: Final = Gauge(
    "stripe_walked_timestamp_seconds",
    "Up to when the events of every tenant with a key have been compared, least tenant; 0: of one, none yet",
    (SINKS,),
)
DUNNING_GAPS: Final = Counter(
    "dunning_gaps_total",
    "Payments of Stripe's invoices that failed, and no dunning step followed in time",
    (SINKS,),
)
JOBS: Final = Counter(
    "jobs_total",
    "Durable jobs that came to an end, by how",
    (SINKS,),
    (_JOB, Label("outcome", ("done", "again", "failed"))),
)
JOB_DEADLINES_MISSED: Final = Counter(
    "job_deadlines_missed_total",
    "Deadlines of jobs with a period that passed before a run began",
    (SINKS,),
    (_JOB,),
)

# Dead letters
DLQ_MESSAGES: Final = Counter(
    "dlq_messages_total", "Records put to the dead letters", (SINKS,), (_TOPIC, Label("reason"))
)
DLQ_DEPTH: Final = Gauge("dlq_depth", "Dead letters that nobody has resolved", (CONSOLE,), (_TOPIC,))
DLQ_OLDEST: Final = Gauge(
    "dlq_oldest_timestamp_seconds", "When the oldest unresolved one arrived", (CONSOLE,), (_TOPIC,)
)

# The canary
CANARY_STAGE: Final = Histogram(
    "canary_stage_seconds",
    "From the send of the canary's events until a stage showed them",
    (CONSOLE,),
    (_CANARY_STAGE,),
    buckets=_CANARY,
)
CANARY_LAST_STAGE: Final = Gauge(
    "canary_last_stage_seconds",
    "The same, in the last round that reached the stage",
    (CONSOLE,),
    (_CANARY_STAGE,),
)
CANARY_FAILURES: Final = Counter(
    "canary_failures_total",
    "Rounds that did not go through, by where and how they failed",
    (CONSOLE,),
    (_CANARY_STAGE, _CANARY_KIND),
)
CANARY_FAILING: Final = Gauge(
    "canary_failing", "1 while the last round failed there and so", (CONSOLE,), (_CANARY_STAGE, _CANARY_KIND)
)
CANARY_LAST_SUCCESS: Final = Gauge(
    "canary_last_success_timestamp_seconds", "When a round was last right at every stage", (CONSOLE,)
)
CANARY_INTERVAL: Final = Gauge(
    "canary_interval_seconds", "How often the canary sends; 0: there is none", (CONSOLE,)
)

# The books
CONSERVATION_GAP: Final = Gauge(
    "conservation_gap_events", "Logged minus everything accounted for; must be 0", (CONSOLE,)
)
RECONCILIATION_MISSING: Final = Gauge(
    "reconciliation_missing_events",
    "Events that one side of the books lacks",
    (CONSOLE,),
    (Label("scope", ("topic_vs_stored",)),),
)
RECONCILIATION_LAST_SUCCESS: Final = Gauge(
    "reconciliation_last_success_timestamp_seconds",
    "When the books were last compared to the end",
    (CONSOLE,),
    (Label("scope", ("topic_vs_stored",)),),
)

# What we stand on
DB_POOL_CONNECTIONS: Final = Gauge(
    "db_pool_connections",
    "Connections to PostgreSQL",
    (CONSOLE,),
    (Label("pool"), Label("state", ("used", "idle", "waiting"))),
)
CLOCK_OFFSET: Final = Gauge(
    "clock_offset_seconds", "Our clock minus theirs", (CONSOLE,), (Label("reference", ("postgres", "kafka")),)
)


def all_metrics() -> tuple[Metric, ...]:
    """Return every metric declared above, in that order."""
    return tuple(value for value in globals().values() if isinstance(value, Metric))
