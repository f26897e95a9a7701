"""Topics are declared so that a broker makes them as the flow needs them."""

import pytest

from schemas.instant import DAY_MS, MINUTE_MS
from schemas.topics import (
    ALERTS,
    CATALOG,
    DEAD_LETTERS,
    DOOR,
    QUOTAS,
    ROLLUPS,
    SEEN,
    STRIPE,
    TOPICS,
    USAGE,
    VERDICTS,
    Topic,
    topic_name,
)


def test_every_topic_is_named_once() -> None:
    names = [topic.name for topic in TOPICS]
    assert len(set(names)) == len(names)
    assert topic_name("weir.", USAGE) == "weir.usage"


def test_only_the_broker_says_when_what_comes_from_outside_was_recorded() -> None:
    by_broker = [t.name for t in TOPICS if t.config()["message.timestamp.type"] == "LogAppendTime"]
    assert by_broker == ["usage", "stripe"]


def test_what_we_date_is_taken_whatever_the_broker_s_clock_says() -> None:
    dated = [topic for topic in TOPICS if not topic.log_append_time]
    assert {topic.config()["message.timestamp.after.max.ms"] for topic in dated} == {str(2**63 - 1)}


@pytest.mark.parametrize(
    ("topic", "policy", "days"),
    [
        (USAGE, "delete", 7),
        (STRIPE, "delete", 30),
        (ROLLUPS, "compact,delete", 7),
        (QUOTAS, "compact", None),
        (ALERTS, "delete", 30),
        (SEEN, "delete", 36),  # longer than the dedupe horizon
        (VERDICTS, "delete", 7),
        (CATALOG, "compact", None),  # what people decided is kept for ever
        (DOOR, "compact,delete", 30),
        (DEAD_LETTERS, "delete", 30),
    ],
)
def test_what_is_kept_and_for_how_long(topic: Topic, policy: str, days: int | None) -> None:
    config = topic.config()
    assert config["cleanup.policy"] == policy
    assert config["retention.ms"] == str(-1 if days is None else days * DAY_MS)


@pytest.mark.parametrize("topic", [t for t in TOPICS if t.compact])
def test_compaction_waits_until_a_reload_has_seen_both(topic: Topic) -> None:
    # Every ingress reads all of weir.quotas when it starts, so its history has to be short.
    lag_ms = 10 * MINUTE_MS if topic is QUOTAS else DAY_MS
    assert int(topic.config()["min.compaction.lag.ms"]) == lag_ms


def test_state_stands_on_the_partition_of_its_source() -> None:
    assert {t.partitions for t in (USAGE, ROLLUPS, QUOTAS, SEEN, VERDICTS, DEAD_LETTERS)} == {None}
    assert CATALOG.partitions == DOOR.partitions == 1
