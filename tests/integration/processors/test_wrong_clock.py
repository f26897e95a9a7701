"""A processor whose clock is wrong, and jumps, makes of the log what any other makes of it."""

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from schemas import rollup
from schemas.errors import TryAgain
from schemas.event import NOT_GIVEN, Series, UsageEvent
from schemas.instant import HOUR_MS
from schemas.quantity import MICRO
from schemas.windows import window_start
from tests.integration.processors.usage_log import Made, UsageLog
from tests.running import Running
from tests.stack import Namespace
from tests.waiting import until

pytestmark = pytest.mark.integration

HOURS_BACK = (0, 1, 2, 5, 26)


def event(name: str, at_ms: int) -> UsageEvent:
    return UsageEvent(Series("acme", f"c-{name}", "api"), at_ms, MICRO, "api", f"e-{name}", b"")


def windows(made: Made) -> dict[tuple[str, int], int]:
    """Return how many events each customer has in each window."""
    return {
        (key.customer, key.window_start_ms): row.partial.events
        for key, row in made.rows.items()
        if isinstance(key, rollup.UsageKey) and isinstance(row, rollup.UsageRow)
    }


def wait_for(log: UsageLog, reached: Callable[[Made], bool]) -> Made:
    """Return what was made as soon as *reached* says so."""

    def look() -> Made | None:
        with suppress(TryAgain):  # a topic of a second ago has no leader yet
            made = log.made()
            return made if reached(made) else None
        return None

    made = until(look)
    assert made is not None
    return made


@pytest.mark.parametrize(
    "clock", [(3 * 3_600, -3 * 3_600), (-3 * 3_600, 30 * 3_600)], ids=["ahead", "behind"]
)
def test_windows_fates_and_what_is_mended_are_those_of_the_log(
    namespace: Namespace, start: Callable[..., Running], clock: tuple[int, int]
) -> None:
    log = UsageLog(namespace)
    log.send(event(f"gone-{number}", NOT_GIVEN) for number in range(50))
    eaten = log.ends()
    log.eat(eaten)  # so that something is owed to the log, dated by the processor's clock
    before_ms = time.time_ns() // 1_000_000
    given = {f"{back}": before_ms - back * HOUR_MS for back in HOURS_BACK}
    log.send([event(name, at_ms) for name, at_ms in given.items()] + [event("none", NOT_GIVEN)])
    processor = start("processors", clock=clock)
    wait_for(log, lambda made: made.fates.counted + made.fates.late == len(given) + 1)
    processor.jump()
    log.send(
        [event(f"{name}-again", at_ms) for name, at_ms in given.items()] + [event("none-again", NOT_GIVEN)]
    )
    log.send([event(name, at_ms) for name, at_ms in given.items()])  # copies
    made = wait_for(log, lambda made: made.fates.duplicate == len(given))
    after_ms = time.time_ns() // 1_000_000

    assert processor.exit_code is None
    expected = {
        (f"c-{name}{again}", window_start(at_ms)): 1
        for name, at_ms in given.items()
        for again in ("", "-again")
    }
    found = windows(made)
    untimed = {window for customer, window in found if customer.startswith("c-none")}
    assert untimed <= {window_start(before_ms), window_start(after_ms)}
    assert {each: n for each, n in found.items() if not each[0].startswith("c-none")} == expected
    late = sum(window_start(at_ms) + 2 * HOUR_MS <= before_ms for at_ms in given.values())
    assert made.fates.late == 2 * late
    assert {(key.partition, row.last_offset) for key, row in made.lost.items()} == {
        (number, end - 1) for number, end in eaten.items()
    }
