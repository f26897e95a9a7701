"""A customer uses up its quota: what checks answer on the way, and what a change of plan does."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple
from uuid import uuid4

from console.control.customers import place_customer
from console.generator.keys import Account
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.instant import format_instant

CUSTOMER: Final = "quota-story"
METER: Final = "api"
UPGRADE: Final = "starter"
#: What one check asks for.
WANTED: Final = 1_000
#: What is used in each step, so that 80, 90 and 100 % of the free plan are passed.
_STEPS: Final = (5_000, 3_000, 1_000, 1_000)
_PATIENCE_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.02


class Step(NamedTuple):
    """What was done, and what a check for so much more answered."""

    did: str
    plan: str
    used: str
    limit: str
    percent: str
    level: str
    answer: str
    #: Thresholds reached so far, in per cent.
    told: str
    #: From the 2xx of the event until the check knew of it.
    known_after: str


def play_quota_story(settings: Settings, account: Account, url: str) -> list[Step]:
    """Play it for a customer of its own. Raises TryAgain when a check never knows of what was used."""
    door = _Door(url, account.key)
    steps, used = [], 0
    for amount in _STEPS:
        door.use(amount)
        accepted_at = time.monotonic()
        used += amount
        found = door.check_until(_used(used))
        steps.append(_step(f"{amount} used", door.check(), found, time.monotonic() - accepted_at))
    with connect(settings, "demo", autocommit=True) as connection:
        now_ms = time.time_ns() // 1_000_000
        place_customer(connection, account.tenant, CUSTOMER, UPGRADE, now_ms)
    changed_at = time.monotonic()
    found = door.check_until(lambda answer: bool(answer["plan"] == UPGRADE))
    steps.append(_step(f"put on {UPGRADE}", door.check(), found, time.monotonic() - changed_at))
    return steps


def _used(amount: int) -> Callable[[Mapping[str, Any]], bool]:
    return lambda answer: bool(answer["used"] == str(amount))


class _Answer(NamedTuple):
    status: int
    body: dict[str, Any]


class _Door:
    """The ingress, as a service of the tenant sees it."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def use(self, quantity: int) -> None:
        event = {
            "id": str(uuid4()),
            "customer": CUSTOMER,
            "meter": METER,
            "quantity": str(quantity),
            "time": format_instant(time.time_ns() // 1_000_000),
        }
        self._ask("/v1/events", json.dumps(event).encode())

    def check(self, quantity: int = WANTED) -> _Answer:
        return self._ask(f"/v1/quotas/{CUSTOMER}/{METER}?quantity={quantity}")

    def check_until(self, holds: Callable[[Mapping[str, Any]], bool]) -> _Answer:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not holds((found := self.check(0)).body):
            if time.monotonic() > deadline:
                raise TryAgain(f"the quota of {CUSTOMER} stays at {found.body}")
            time.sleep(_POLL_SECONDS)
        return found

    def _ask(self, path: str, body: bytes | None = None) -> _Answer:
        request = urllib.request.Request(self._url + path, body, self._headers)  # noqa: S310 -- our own address
        try:
            with urllib.request.urlopen(request) as response:  # noqa: S310
                return _Answer(response.status, json.load(response))
        except urllib.error.HTTPError as error:
            with error:
                return _Answer(error.code, json.load(error))


def _step(did: str, asked: _Answer, found: _Answer, seconds: float) -> Step:
    warned: Iterable[dict[str, str]] = asked.body["warnings"]
    said = ", ".join([asked.body["error"] or "allowed", *(each["code"] for each in warned)])
    return Step(
        did,
        found.body["plan"],
        found.body["used"],
        found.body["limit"],
        found.body["percent"],
        found.body["level"],
        f"{asked.status} {said}",
        ", ".join(str(each["percent"]) for each in found.body["thresholds"]) or "-",
        f"{seconds * 1_000:.0f} ms",
    )
