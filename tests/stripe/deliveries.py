"""Hands on webhooks that somebody else has signed, until they are answered 2xx."""

import http.client
from contextlib import suppress

from stripe import WebhookSignature

from tests.waiting import until

_PATIENCE_SECONDS = 90.0


class Sender:
    """One connection to one door; made anew when it breaks."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: http.client.HTTPConnection | None = None

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
