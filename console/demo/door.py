"""The ingress, as a service of one tenant sees it: one request at a time."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from uuid import uuid4

from schemas.errors import TryAgain
from schemas.instant import format_instant

METER: Final = "api"
_PATIENCE_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.02
_TIMEOUT_SECONDS: Final = 15.0


class Reply(NamedTuple):
    """An answer."""

    status: int
    body: dict[str, Any]


def says(member: str, value: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return what is true of an answer with this *value*."""
    return lambda answer: bool(answer.get(member) == value)


class Door:
    """Uses and asks."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def use(self, customer: str, quantity: int = 1, times: int = 1) -> Reply:
        """Send so many events of *customer* in one request."""
        event = {
            "customer": customer,
            "meter": METER,
            "quantity": str(quantity),
            "time": format_instant(time.time_ns() // 1_000_000),
        }
        events = [{"id": str(uuid4()), **event} for _ in range(times)]
        return self._ask("/v1/events", json.dumps(events).encode())

    def check(self, customer: str, quantity: int = 0) -> Reply:
        """Ask whether *customer* may use so much more."""
        return self._ask(f"/v1/quotas/{customer}/{METER}?quantity={quantity}")

    def check_until(self, customer: str, holds: Callable[[Mapping[str, Any]], bool]) -> Reply:
        """Ask until the answer is as it has to become. Raises TryAgain when it never does."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not holds((found := self.check(customer)).body):
            if time.monotonic() > deadline:
                raise TryAgain(f"the quota of {customer} stays at {found.body}")
            time.sleep(_POLL_SECONDS)
        return found

    def _ask(self, path: str, body: bytes | None = None) -> Reply:
        request = urllib.request.Request(self._url + path, body, self._headers)  # noqa: S310 -- our own address
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
                return Reply(response.status, json.load(response))
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, json.load(error))
        except OSError:  # it hung up while we were sending
            return Reply(0, {})
