"""Which measurements there are, in the order in which they are made, and the rows that each fills."""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from console.bench.bench import Bench
from console.bench.committed import measure_committed
from console.bench.fairness import measure_fairness
from console.bench.latency import measure_half_load
from console.bench.log_to_store import measure_log_to_store
from console.bench.memory import measure_memory
from console.bench.profile import measure_profile
from console.bench.quotas import measure_quotas
from console.bench.recovery import measure_recovery
from console.bench.throughput import measure_hundreds, measure_singles, measure_thousands
from console.bench.webhook_way import measure_webhook_flood, measure_webhook_latency, measure_webhook_rate
from console.bench.webhooks import QUESTIONS, measure_webhooks
from schemas.errors import Misconfigured

#: No row of the table, but something that --only may name.
PROFILE: Final = "profile"


class Measurement(NamedTuple):
    """One thing that is measured on the running stack."""

    what: str
    rows: tuple[str, ...]
    measure: Callable[[Bench], None]


MEASUREMENTS: Final = (
    Measurement(
        "batches of 100 over HTTP", ("http-100", "http-100-stored", "ingest-cpu-100"), measure_hundreds
    ),
    Measurement("batches of 1,000 over HTTP", ("http-1000", "ingest-cpu-1000"), measure_thousands),
    Measurement(
        "single events over HTTP", ("http-single", "http-single-stored", "ingest-cpu-single"), measure_singles
    ),
    Measurement(
        "acknowledgement at half load",
        ("ack-p50-single", "ack-p99-single", "ack-p50-100", "ack-p99-100"),
        measure_half_load,
    ),
    Measurement("accepted to committed", ("stored-p50", "stored-p99"), measure_committed),
    Measurement(
        "checks of quotas",
        ("quota-check-p50", "quota-check-p99", "quota-known-p50", "quota-known-p99"),
        measure_quotas,
    ),
    Measurement(
        "a tenant beside a flood",
        ("flood-ack-p99", "flood-ack-times", "flood-known-p99", "flood-known-times"),
        measure_fairness,
    ),
    Measurement("Kafka to PostgreSQL", ("log-to-store",), measure_log_to_store),
    Measurement(
        "webhooks, alone and beside usage",
        tuple(
            f"webhook-{what}-{share}"
            for what in ("ack", "mirrored", "mirrored-beside")
            for share in ("p50", "p99")
        ),
        measure_webhook_latency,
    ),
    Measurement("webhooks over HTTP", ("http-webhooks", "ingest-cpu-webhook"), measure_webhook_rate),
    Measurement("webhooks from the log", ("webhooks-flood",), measure_webhook_flood),
    # Behind the load, and before a kill begins anew.
    Measurement("memory", ("memory-ingest", "memory-processor", "memory-sinks"), measure_memory),
    Measurement("where the time goes", (PROFILE,), measure_profile),
    Measurement("recovery", ("kill-processor", "kill-sink", "kill-ingest"), measure_recovery),
    # Last: it fills the store.
    Measurement("the record of webhooks", ("webhooks-recorded", *QUESTIONS), measure_webhooks),
)
#: These need a stack of their own.
START_ROWS: Final = ("start-keys", "start-ids", "memory-processor-keys")


class Plan(NamedTuple):
    """What one run measures."""

    measurements: tuple[Measurement, ...]
    starts: bool


def chosen(only: Iterable[str]) -> Plan:
    """Return what fills the rows *only*; everything if there are none. Raises Misconfigured."""
    wanted = set(only)
    known = {row for each in MEASUREMENTS for row in each.rows} | set(START_ROWS)
    if unknown := sorted(wanted - known):
        raise Misconfigured(f"there is no row {', '.join(unknown)}: choose from {', '.join(sorted(known))}")
    return Plan(
        tuple(each for each in MEASUREMENTS if not wanted or wanted & set(each.rows)),
        starts=not wanted or bool(wanted & set(START_ROWS)),
    )
