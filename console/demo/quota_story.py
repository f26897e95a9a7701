"""A customer uses up its quota: what checks answer on the way, and what a change of plan does."""

import time
from collections.abc import Iterable
from typing import Final, NamedTuple

from console.control.customers import place_customer
from console.demo.door import Door, Reply, says
from console.generator.keys import Account
from runtime.postgres import connect
from runtime.settings import Settings

CUSTOMER: Final = "quota-story"
UPGRADE: Final = "starter"
#: What one check asks for.
WANTED: Final = 1_000
#: What is used in each step, so that 80, 90 and 100 % of the free plan are passed.
_STEPS: Final = (5_000, 3_000, 1_000, 1_000)


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
    door = Door(url, account.key)
    steps, used = [], 0
    for amount in _STEPS:
        door.use(CUSTOMER, amount)
        accepted_at = time.monotonic()
        used += amount
        found = door.check_until(CUSTOMER, says("used", str(used)))
        seconds = time.monotonic() - accepted_at
        steps.append(_step(f"{amount} used", door.check(CUSTOMER, WANTED), found, seconds))
    with connect(settings, "demo", autocommit=True) as connection:
        now_ms = time.time_ns() // 1_000_000
        place_customer(connection, account.tenant, CUSTOMER, UPGRADE, now_ms)
    changed_at = time.monotonic()
    found = door.check_until(CUSTOMER, says("plan", UPGRADE))
    seconds = time.monotonic() - changed_at
    steps.append(_step(f"put on {UPGRADE}", door.check(CUSTOMER, WANTED), found, seconds))
    return steps


def _step(did: str, asked: Reply, found: Reply, seconds: float) -> Step:
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
