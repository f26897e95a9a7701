"""What the ingress counts, by name; the only place that knows the metrics' label values."""

from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import Counter

from ingest.core.receipts import Counts
from runtime.metrics import Metrics
from schemas import metrics as declared
from schemas.quota_check import Decision

EVENTS_ROUTE: Final = "/v1/events"
VALIDATE_ROUTE: Final = "/v1/validate"
#: All addresses that begin so.
QUOTAS_ROUTE: Final = "/v1/quotas/"
LIMITS_ROUTE: Final = "/v1/limits/"
WEBHOOKS_ROUTE: Final = "/webhooks/"
ROUTES: Final = (EVENTS_ROUTE, VALIDATE_ROUTE, QUOTAS_ROUTE, LIMITS_ROUTE, WEBHOOKS_ROUTE)
#: Everything that is no route of ours, so that nobody can make up labels.
OTHER_ROUTE: Final = "other"
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})

_REASONS: Final[Mapping[str, str]] = {
    "time_invalid": "timestamp",
    "time_too_old": "timestamp",
    "time_in_future": "timestamp",
    "too_large": "too_large",
    "too_many_events": "too_large",
    "unauthenticated": "unauthenticated",
    "forbidden": "forbidden",
    "rate_limited": "rate_limited",
    "not_confirmed": "backpressure",
    "overloaded": "backpressure",
    "behind": "backpressure",
    "stopping": "backpressure",
    "quota_exceeded": "quota",
}


def label_values(topics: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the values of open labels that are known at the start."""
    return {
        "route": (*ROUTES, OTHER_ROUTE),
        "method": ("GET", "POST", "DELETE"),
        "code": ("200", "201", "202", "204", "207", "400", "401", "403", "404", "413", "415", "429", "503"),
        "topic": tuple(topics),
        "error": ("_MSG_TIMED_OUT",),
        "client": ("ingest",),
        "stage": ("ingress",),
    }


class ProduceInstruments:
    """What is counted of the records that go to one topic."""

    def __init__(self, metrics: Metrics, topic: str) -> None:
        self._duration = metrics.histogram(declared.KAFKA_PRODUCE_DURATION).labels(topic)
        self._failures = metrics.counter(declared.KAFKA_PRODUCE_FAILURES)
        self._topic = topic

    def produced(self, seconds: float, failure: str | None) -> None:
        """Count a delivery report."""
        self._duration.observe(seconds)
        if failure is not None:
            self._failures.labels(self._topic, failure).inc()


class Instruments:
    """The metrics of one ingress."""

    def __init__(self, metrics: Metrics) -> None:
        self._requests = metrics.counter(declared.INGRESS_REQUESTS)
        self._answered: dict[tuple[str, str, int], Counter] = {}
        duration = metrics.histogram(declared.INGRESS_REQUEST_DURATION)
        self._duration = {route: duration.labels(route) for route in (*ROUTES, OTHER_ROUTE)}
        self._payload = metrics.histogram(declared.INGRESS_PAYLOAD_BYTES).labels(EVENTS_ROUTE)
        events = metrics.counter(declared.INGRESS_EVENTS)
        self._events = [events.labels(outcome) for outcome in Counts._fields]
        checks = metrics.counter(declared.QUOTA_CHECKS)
        self._checks = {
            (decision, allowed): checks.labels(decision.value, "yes" if allowed else "no")
            for decision in Decision
            for allowed in (False, True)
        }
        self._limits = metrics.counter(declared.LIMIT_CHECKS)
        self._limit_places = metrics.gauge(declared.LIMIT_PLACES)
        self._lookups = metrics.counter(declared.DEDUPE_LOOKUPS).labels("ingress")
        self._hits = metrics.counter(declared.DEDUPE_HITS).labels("ingress")
        self._rejected = metrics.counter(declared.INGRESS_REJECTED_EVENTS)
        self._inflight = metrics.gauge(declared.INGRESS_INFLIGHT_REQUESTS)
        self._connections = metrics.gauge(declared.INGRESS_OPEN_CONNECTIONS)
        self._behind = metrics.gauge(declared.INGRESS_BACKLOG)
        self._queue = metrics.gauge(declared.KAFKA_PRODUCER_QUEUE).labels("ingest")

    def answered(self, route: str, method: str, code: int, seconds: float) -> None:
        """Count one HTTP answer."""
        key = (route, method, code)
        counter = self._answered.get(key)
        if counter is None:
            known = method if method in _METHODS else "other"
            counter = self._answered[key] = self._requests.labels(route, known, str(code))
        counter.inc()
        self._duration[route].observe(seconds)

    def payload(self, size: int) -> None:
        """Count a body by its bytes after inflating."""
        self._payload.observe(size)

    def events(self, counts: Counts) -> None:
        """Count the events of an answer."""
        for counter, number in zip(self._events, counts, strict=True):
            if number:
                counter.inc(number)
        self._lookups.inc(counts.accepted + counts.duplicate + counts.conflict)
        if counts.duplicate or counts.conflict:
            self._hits.inc(counts.duplicate + counts.conflict)

    def rejected(self, code: str, events: int = 1) -> None:
        """Count rejected events, or requests whose events nobody has counted, by their code."""
        self._rejected.labels(_REASONS.get(code, "schema")).inc(events)

    def checked(self, decision: Decision, *, allowed: bool) -> None:
        """Count the answer to a check of a quota."""
        self._checks[decision, allowed].inc()

    def limited(self, limit: str, outcome: str) -> None:
        """Count the answer to a request that takes from limits of use: rate or concurrent."""
        self._limits.labels(limit, outcome).inc()

    def look(
        self, *, inflight: int, connections: int, queued: int, behind_seconds: float, limit_places: int = 0
    ) -> None:
        """Set what is a number at a time."""
        self._inflight.set(inflight)
        self._connections.set(connections)
        self._queue.set(queued)
        self._behind.set(behind_seconds)
        self._limit_places.set(limit_places)
