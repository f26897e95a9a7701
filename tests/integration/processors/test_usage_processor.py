"""`python -m processors` on real Kafka: exact through kills, zombies, and ground that moves."""

import random
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from itertools import count, islice
from typing import Any

import pytest

from processors.usage.row_store import RowStore
from schemas import rollup, topics
from schemas.catalog import RecordSkipped
from schemas.errors import TryAgain
from schemas.event import NOT_GIVEN, Series, UsageEvent
from schemas.partition import partition_of
from schemas.quantity import MICRO
from schemas.stamp import generation_of, offset_of
from schemas.topics import topic_name
from tests.integration.processors.usage_log import Made, UsageLog
from tests.running import Running
from tests.stack import PARTITIONS, Namespace
from tests.waiting import until

pytestmark = pytest.mark.integration

Start = Callable[..., Running]
_WAIT_SECONDS = 90.0
CUSTOMERS = 200


@pytest.fixture
def log(namespace: Namespace) -> UsageLog:
    return UsageLog(namespace)


def some_events(count: int, seed: int, name: str = "e") -> list[UsageEvent]:
    draw = random.Random(seed)
    now_ms = int(time.time() * 1000)
    return [
        UsageEvent(
            Series("acme", f"c-{draw.randrange(CUSTOMERS)}", draw.choice(("api", "database"))),
            now_ms - draw.randrange(600_000),
            draw.randrange(1, 10**9),
            "api",
            f"{name}-{number}",
            b"",
        )
        for number in range(count)
    ]


def sums(*batches: list[UsageEvent]) -> dict[Series, int]:
    found: dict[Series, int] = {}
    for event in (event for batch in batches for event in batch):
        found[event.series] = found.get(event.series, 0) + event.quantity_micro
    return found


def wait_for(log: UsageLog, reached: Callable[[Made], Any], *supervised: Running) -> Made:
    """Return what was made once *reached* says so; start again what of *supervised* crashes."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        for process in supervised:
            if process.exit_code is not None:
                process.restart()
        # A topic of a second ago has no leader yet.
        with suppress(TryAgain):
            made = log.made()
            if reached(made):
                return made
        time.sleep(0.1)
    raise TimeoutError(log.made().progress, log.ends())


def wait_done(log: UsageLog, *supervised: Running) -> Made:
    """Return what was made of the whole log."""
    ends = log.ends()

    def done(made: Made) -> bool:
        reached = {number: offset_of(row.stamp) + 1 for number, row in made.progress.items()}
        return all(reached.get(number, 0) == end for number, end in ends.items())

    return wait_for(log, done, *supervised)


def position(made: Made) -> int:
    return sum(row.stamp for row in made.progress.values())


def test_every_event_counts_once_and_copies_do_not(log: UsageLog, start: Start) -> None:
    events = some_events(2_000, seed=1)
    log.send(events)
    log.send(events[:500])
    log.send([event._replace(quantity_micro=event.quantity_micro + 1) for event in events[:100]])
    start("processors")
    made = wait_done(log)
    assert made.usage == sums(events)
    assert (made.fates.counted, made.fates.duplicate, made.fates.conflict) == (2_000, 500, 100)


def test_kills_neither_lose_nor_double(log: UsageLog, start: Start) -> None:
    draw = random.Random(2)
    sent: list[list[UsageEvent]] = []
    for kill in range(4):
        events = some_events(3_000, seed=kill, name=f"e{kill}")
        sent.append(events)
        log.send(events + draw.sample(events, 100))
        before = position(wait_for(log, lambda _made: True))
        processor = start("processors", WEIR_INSTANCE="p-1")
        wait_for(log, lambda made, before=before: position(made) > before)  # type: ignore[misc]
        time.sleep(draw.random() / 5)
        processor.kill()
    start("processors", WEIR_INSTANCE="p-1")
    made = wait_done(log)
    assert made.usage == sums(*sent)
    assert (made.fates.counted, made.fates.duplicate) == (12_000, 400)


def test_rows_on_disk_stand_for_the_log_that_they_cover(log: UsageLog, start: Start) -> None:
    """All that the disk stands for is deleted, its source too: nothing else could know the sums."""
    now_ms = int(time.time() * 1000)
    rounds = [
        [
            UsageEvent(Series("acme", f"c-{number}", "api"), now_ms, number, "api", f"{turn}-{number}", b"")
            for number in range(4_000)
        ]
        for turn in range(5)
    ]
    processor = start("processors", WEIR_INSTANCE="p-1")
    for events in rounds[:4]:
        log.send(events, pack=400)
        wait_done(log)
    processor.kill()

    rollups = log.broker.topics([topic_name(log.namespace.prefix, topics.ROLLUPS)])
    [facts] = rollups.values()
    folder = log.settings.data / "processors" / "p-1" / "rows"
    on_log = log.rollup_records()
    for number in range(PARTITIONS):
        store = RowStore(folder / str(number), facts.topic_id, 0)
        covered, kept = store.read()
        assert 0 < covered <= len(on_log[number])
        assert set(kept) <= set(on_log[number])
        store.write(len(on_log[number]), dict(on_log[number]).items())
    log.eat({number: len(records) for number, records in on_log.items()}, topics.ROLLUPS)
    log.eat(log.ends())
    log.send(rounds[4], pack=400)
    log.send(rounds[0], pack=400)
    start("processors", WEIR_INSTANCE="p-1")

    made = wait_done(log)
    assert not made.lost
    assert made.usage == sums(*rounds)
    assert made.fates.duplicate == len(rounds[0])


def test_sigterm_ends_it_cleanly_with_everything_durable(log: UsageLog, start: Start) -> None:
    events = some_events(500, seed=3)
    log.send(events)
    processor = start("processors")
    wait_done(log)
    assert processor.terminate() == 0
    assert "Traceback" not in processor.log


def test_a_second_worker_takes_over_and_a_woken_zombie_changes_nothing(log: UsageLog, start: Start) -> None:
    first = some_events(1_000, seed=4, name="first")
    log.send(first)
    zombie = start("processors", WEIR_INSTANCE="p-1")
    wait_done(log)
    zombie.freeze()
    second = some_events(1_000, seed=5, name="second")
    log.send(second + first[:200])
    successor = start("processors", WEIR_INSTANCE="p-2")
    wait_done(log)
    zombie.thaw()
    third = some_events(1_000, seed=6, name="third")
    log.send(third + second[:200])
    made = wait_done(log, zombie, successor)
    assert made.usage == sums(first, second, third)
    assert (made.fates.counted, made.fates.duplicate) == (3_000, 400)


def test_a_record_nobody_can_read_is_refused_and_its_neighbours_count(
    namespace: Namespace, log: UsageLog, start: Start
) -> None:
    events = some_events(400, seed=7)
    log.send(events[:200])
    for number in range(PARTITIONS):
        log.send_raw(number, b"\xff\x00 not a pack")
    log.send(events[200:])
    start("processors")
    made = wait_done(log)
    assert made.usage == sums(events)
    assert made.fates.refused == PARTITIONS
    letters = topic_name(namespace.prefix, topics.DEAD_LETTERS)
    assert sum(log.broker.latest((letters, n) for n in range(PARTITIONS)).values()) == PARTITIONS


def test_a_skipped_record_is_refused_as_a_whole(log: UsageLog, start: Start) -> None:
    log.publish(*(RecordSkipped(topics.USAGE.name, number, 0, "poison") for number in range(PARTITIONS)))
    events = some_events(400, seed=8)
    log.send(events, pack=10)
    start("processors")
    made = wait_done(log)
    assert made.fates.refused == 10 * PARTITIONS
    assert made.fates.counted == 400 - 10 * PARTITIONS


def test_direct_cloudevents_count_like_packs(log: UsageLog, start: Start) -> None:
    body = b'{"specversion":"1.0","id":"d","source":"s","type":"api","subject":"c-1","data":{"quantity":"2"}}'
    headers = [("content-type", b"application/cloudevents+json"), ("tenant", b"acme")]
    for number in range(PARTITIONS):
        log.send_raw(number, body, headers)
    start("processors")
    made = wait_done(log)
    # One partition is its customer's; on the others it is refused.
    assert (made.fates.counted, made.fates.refused) == (1, PARTITIONS - 1)
    assert made.usage == {Series("acme", "c-1", "api"): 2_000_000}


def test_a_log_that_retention_ate_is_a_lost_range_not_a_silence(log: UsageLog, start: Start) -> None:
    kept = some_events(400, seed=9)
    log.send(some_events(400, seed=10, name="gone"))
    eaten = log.ends()
    log.eat(eaten)
    log.send(kept)
    start("processors")
    made = wait_done(log)
    assert made.usage == sums(kept)
    assert {(key.partition, key.first_offset): row.last_offset for key, row in made.lost.items()} == {
        (number, 0): end - 1 for number, end in eaten.items()
    }


def test_a_topic_made_anew_stops_the_processor_until_it_is_adopted(log: UsageLog, start: Start) -> None:
    before = some_events(300, seed=11, name="before")
    log.send(before)
    processor = start("processors", WEIR_INSTANCE="p-1")
    wait_done(log)
    assert processor.terminate() == 0
    log.namespace.make_anew(topics.USAGE)
    stopped = start("processors", WEIR_INSTANCE="p-1")
    stopped.child.wait(_WAIT_SECONDS)
    assert stopped.exit_code == 2
    assert "was made anew" in stopped.log
    assert "weir topics adopt" in stopped.log
    log.publish(*log.adoptions(generation=1))
    after = some_events(300, seed=12, name="after")
    log.send(after + before[:50])
    start("processors", WEIR_INSTANCE="p-1")
    made = wait_for(
        log,
        lambda made: made.fates.counted == 600 and made.fates.duplicate == 50,
    )
    assert made.usage == sums(before, after)
    assert {generation_of(row.stamp) for row in made.progress.values()} == {1}


def test_a_topic_made_anew_under_a_running_processor_changes_nothing(log: UsageLog, start: Start) -> None:
    """What stands at the next offset by then is a stranger's, and those before it would be passed over."""
    log.send(some_events(300, seed=14, name="before"))
    processor = start("processors", WEIR_INSTANCE="p-1")
    before = wait_done(log)
    processor.freeze()
    log.namespace.make_anew(topics.USAGE)
    log.send(some_events(3_000, seed=15, name="after"))
    processor.thaw()
    processor.child.wait(_WAIT_SECONDS)
    assert processor.exit_code == 2
    assert "was made anew" in processor.log
    assert log.made().usage == before.usage


def test_state_that_a_zombie_overwrote_is_written_back(log: UsageLog, start: Start) -> None:
    events = some_events(300, seed=13)
    log.send(events)
    processor = start("processors", WEIR_INSTANCE="p-1")
    made = wait_done(log)
    processor.kill()
    key, row = next(
        (key, row)
        for key, row in made.rows.items()
        if isinstance(key, rollup.UsageKey) and isinstance(row, rollup.UsageRow) and row.stamp > 0
    )
    stale = rollup.UsageRow(row.partial, 0)
    log.write_rollup(key, stale)
    more = some_events(50, seed=14, name="more")
    log.send(more)
    start("processors", WEIR_INSTANCE="p-1")
    wait_done(log)
    assert log.last_row(key).stamp > 0
    assert log.made().usage == sums(events, more)


def test_a_group_that_an_operator_reset_changes_nothing(log: UsageLog, start: Start) -> None:
    before = some_events(500, seed=15, name="before")
    log.send(before)
    processor = start("processors", WEIR_INSTANCE="p-1")
    wait_done(log)
    processor.kill()
    log.reset_group()
    after = some_events(500, seed=16, name="after")
    log.send(after)
    start("processors", WEIR_INSTANCE="p-1")
    made = wait_done(log)
    assert made.usage == sums(before, after)
    assert made.fates.duplicate == 0


def test_a_hot_customer_is_named_in_the_log_and_counted_in_the_metrics(log: UsageLog, start: Start) -> None:
    process = start("processors")
    home = partition_of("acme", "c-hot", PARTITIONS)
    neighbours = (f"c-{number}" for number in count())
    beside = list(islice((name for name in neighbours if partition_of("acme", name, PARTITIONS) == home), 10))
    names = count()

    def one(customer: str) -> UsageEvent:
        return UsageEvent(Series("acme", customer, "api"), NOT_GIVEN, MICRO, "api", f"e-{next(names)}", b"")

    log.send((one(customer) for customer in ["c-hot", *beside] * 4_000), pack=500)
    log.send((one("c-hot") for _ in range(60_000)), pack=500)
    wait_done(log, process)

    def is_named() -> bool:
        log.send([one("c-hot")])  # it is found with the first record of the next ten seconds
        return "hot_key" in process.log

    until(is_named)
    line = next(line for line in process.log.splitlines() if "hot_key" in line)
    assert f'"partition":{home}' in line.replace(" ", "")
    assert '"c-hot"' in line
    assert not any(f'"{name}"' in process.log for name in beside)
    with urllib.request.urlopen(f"{process.health}/metrics", timeout=10) as answer:  # noqa: S310
        metrics = answer.read().decode()
    assert 'weir_hot_keys{kind="customer"} 1.0' in metrics
    assert "c-hot" not in metrics
