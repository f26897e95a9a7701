"""A tenant floods the door, and has a rate: what another tenant feels of it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from statistics import median
from typing import Final, NamedTuple

from console.control.tenants import limit_rate
from console.demo.door import Door, says
from console.generator.keys import Account, open_accounts
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.rate import Rate

FLOODER: Final = "flood"
RATE: Final = Rate(per_second=1_000, burst=2_000)
CUSTOMER: Final = "flood-story"
#: Events that the other tenant sends, one after the other.
_PROBES: Final = 40
_FLOODING_THREADS: Final = 2
_EVENTS_A_REQUEST: Final = 1_000
#: Until the door has heard of the rate.
_HEARD_SECONDS: Final = 10.0


class Felt(NamedTuple):
    """What one tenant felt: times in milliseconds, of the median and of the slowest event but one."""

    when: str
    acknowledged_median: str
    acknowledged_slow: str
    in_the_quota_median: str
    in_the_quota_slow: str


class Flood(NamedTuple):
    """The story, and what became of the flood's requests."""

    felt: list[Felt]
    taken: int
    refused: int


class _Counts:
    def __init__(self) -> None:
        self.taken = self.refused = 0


def play_flood_story(settings: Settings, account: Account, url: str) -> Flood:
    """Have *account* use and check, first alone, then beside the flood. Raises TryAgain."""
    door = Door(url, account.key)
    used = _probe(door, "to warm up", 0)[1]
    quiet, used = _probe(door, "alone", used)
    [flooder] = open_accounts(settings, [FLOODER])
    with connect(settings, "demo", autocommit=True) as connection:
        limit_rate(connection, flooder.tenant, RATE)
    counts = _Counts()
    with _flood(Door(url, flooder.key), counts):
        _wait_until_refused(counts)
        beside, _ = _probe(door, "beside the flood", used)
    return Flood([quiet, beside], counts.taken, counts.refused)


def _probe(door: Door, when: str, used: int) -> tuple[Felt, int]:
    """Return what was felt, and what is used now."""
    acknowledged, known = [], []
    for number in range(used + 1, used + _PROBES + 1):
        begun_at = time.monotonic()
        door.use(CUSTOMER)
        answered_at = time.monotonic()
        door.check_until(CUSTOMER, says("used", str(number)))
        acknowledged.append(answered_at - begun_at)
        known.append(time.monotonic() - answered_at)
    return Felt(when, *_shown(acknowledged), *_shown(known)), used + _PROBES


def _shown(seconds: list[float]) -> tuple[str, str]:
    slow = sorted(seconds)[-2]
    return f"{1_000 * median(seconds):.0f}", f"{1_000 * slow:.0f}"


@contextmanager
def _flood(door: Door, counts: _Counts) -> Iterator[None]:
    stop = threading.Event()

    def send() -> None:
        while not stop.is_set():
            status = door.use(FLOODER, times=_EVENTS_A_REQUEST).status
            counts.taken += status == HTTPStatus.ACCEPTED
            counts.refused += status == HTTPStatus.TOO_MANY_REQUESTS

    threads = [threading.Thread(target=send, daemon=True) for _ in range(_FLOODING_THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _wait_until_refused(counts: _Counts) -> None:
    deadline = time.monotonic() + _HEARD_SECONDS
    while not counts.refused and time.monotonic() < deadline:
        time.sleep(0.02)
