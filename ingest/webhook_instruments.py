"""What is counted of webhooks at the door, by name."""

from ingest.core.signature_header import Refusal
from runtime.metrics import Metrics
from schemas import metrics as declared

#: Whose webhooks we understand.
PROVIDER = "stripe"


class WebhookInstruments:
    """The metrics of one ingress's webhooks."""

    def __init__(self, metrics: Metrics) -> None:
        deliveries = metrics.counter(declared.WEBHOOK_DELIVERIES)
        self._accepted = deliveries.labels(PROVIDER, "accepted")
        self._rejected = deliveries.labels(PROVIDER, "rejected")
        self._unconfirmed = deliveries.labels(PROVIDER, "unconfirmed")
        self._failures = metrics.counter(declared.WEBHOOK_VERIFICATION_FAILURES)
        self._matches = metrics.counter(declared.WEBHOOK_SECRET_MATCHES)
        self._age = metrics.histogram(declared.WEBHOOK_EVENT_AGE).labels(PROVIDER)
        self._last = metrics.gauge(declared.WEBHOOK_LAST_ACCEPTED).labels(PROVIDER)

    def accepted(self, now_ms: int, created_at_ms: int | None) -> None:
        """Count a webhook that is on the log."""
        self._accepted.inc()
        self._last.set(now_ms / 1_000)
        if created_at_ms is not None:
            self._age.observe(max(0, now_ms - created_at_ms) / 1_000)

    def matched(self, slot: str) -> None:
        """Count which secret a webhook was signed with: current or previous."""
        self._matches.labels(PROVIDER, slot).inc()

    def rejected(self, refusal: Refusal) -> None:
        """Count a webhook that was not verified."""
        self._rejected.inc()
        self._failures.labels(PROVIDER, refusal.value).inc()

    def unconfirmed(self) -> None:
        """Count a webhook that Stripe has to send again."""
        self._unconfirmed.inc()
