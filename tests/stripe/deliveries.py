"""Sends webhooks as Stripe does: signed, and again until they are answered 2xx."""

import http.client
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from stripe import WebhookSignature

from tests.stripe.shapes import as_sent
from tests.waiting import until

_PATIENCE_SECONDS = 90.0


class Sender:
    """One connection to one door; made anew when it breaks."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: http.client.HTTPConnection | None = None

    def deliver(self, tenant: str, secret: str, events: Iterable[Mapping[str, Any]]) -> int:
        """Send *events* one after the other, each until it is taken; return how many were answered 2xx."""
        taken = 0
        for event in events:
            payload = as_sent(dict(event))

            def is_taken(payload: bytes = payload) -> bool:
                return self._post(tenant, secret, payload) == http.client.OK

            until(is_taken, _PATIENCE_SECONDS)
            taken += 1
        return taken

    def hand_over(self, tenant: str, secret: str, payload: bytes, signature: str) -> bool:
        """Send *payload* until it is taken, first as it is signed, then signed anew, as Stripe repeats it.

        Return whether it was taken at once.
        """
        if self._post(tenant, secret, payload, signature) == http.client.OK:
            return True
        until(lambda: self._post(tenant, secret, payload) == http.client.OK, _PATIENCE_SECONDS)
        return False

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _post(self, tenant: str, secret: str, payload: bytes, signature: str | None = None) -> int:
        if signature is None:
            signature = WebhookSignature.generate_signature_header(payload.decode(), secret)
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
            self._connection.request(
                "POST", f"/webhooks/stripe/{tenant}", payload, {"Stripe-Signature": signature}
            )
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            with suppress(OSError):
                self.close()
            return 0
        return answer.status
