"""A service that asks before it serves, and remembers what it was told and what it sent."""

import http.client
import json
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import NamedTuple

from console.generator.keys import Account
from runtime.settings import Settings
from schemas.instant import parse_instant

METER = "asks"
_AGAIN_SECONDS = 0.05
_ANSWER_SECONDS = 10.0


class Said(NamedTuple):
    """An answer that let pass, and how many events were confirmed when it came."""

    used: int
    through_ms: int
    decision: str
    confirmed: int


class Service:
    """Serves one customer: it asks for one more, and sends one event if it may."""

    def __init__(self, settings: Settings, account: Account, customer: str) -> None:
        """Ask the process for checks, and send to the ingress."""
        self._checks = f"http://{settings.host}:{settings.checks_port}/v1/quotas/{customer}/{METER}"
        self._events = f"http://{settings.host}:{settings.ingest_port}/v1/events"
        self._key = account.key
        self._customer = customer
        #: When each event was confirmed, by our clock: the log had it before that.
        self.confirmed_ms: list[int] = []
        #: Answers that let pass and know of a moment up to which they are complete.
        self.said: list[Said] = []

    def serve(self, until: float) -> None:
        """Go on until a check says no for want of quota. Raises TimeoutError at *until* (monotonic)."""
        while time.monotonic() < until:
            status, answer = request(self._checks, self._key)
            if answer.get("error") == "quota_exceeded":
                return
            if status != HTTPStatus.OK:
                time.sleep(_AGAIN_SECONDS)
                continue
            if (through := answer["complete_through"]) is not None:
                used, decision = int(str(answer["used"])), str(answer["decision"])
                through_ms = parse_instant(str(through))
                self.said.append(Said(used, through_ms, decision, len(self.confirmed_ms)))
            self._send(until)
        raise TimeoutError(f"{len(self.confirmed_ms)} events, and no check has said no")

    def faults(self) -> list[str]:
        """Return answers that knew less than all from before their `complete_through`, or too much."""
        return [
            f"{said}: {before} were confirmed before"
            for said in self.said
            for before in [sum(at_ms < said.through_ms for at_ms in self.confirmed_ms)]
            # The event that was sent last may have been counted before we had its confirmation.
            if not before <= said.used <= said.confirmed
        ]

    def _send(self, until: float) -> None:
        event = {
            "id": f"{self._customer}-{len(self.confirmed_ms)}",
            "customer": self._customer,
            "meter": METER,
        }
        while request(self._events, self._key, event)[0] != HTTPStatus.ACCEPTED:
            if time.monotonic() > until:
                raise TimeoutError("an event was not taken")
            time.sleep(_AGAIN_SECONDS)
        self.confirmed_ms.append(time.time_ns() // 1_000_000)


def request(url: str, key: str, body: object = None) -> tuple[int, dict[str, object]]:
    """Return status and JSON of an answer, whatever it is; 0 where none came."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(  # noqa: S310
            urllib.request.Request(url, data, headers),  # noqa: S310
            timeout=_ANSWER_SECONDS,
        ) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)
    except (OSError, http.client.HTTPException, ValueError):
        return 0, {}
