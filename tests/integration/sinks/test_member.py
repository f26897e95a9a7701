"""A member of a group as partitions come and go."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from confluent_kafka import KafkaException

from runtime.kafka import consumer_config
from runtime.settings import Settings
from schemas.topics import ROLLUPS
from sinks.member import Member
from tests.integration.sinks.processor import Processor
from tests.stack import LocalStack
from tests.waiting import until

pytestmark = pytest.mark.integration


def test_logs_that_are_dealt_anew_during_a_wait_are_read_on(processor: Processor, settings: Settings) -> None:
    with joined(settings, "a") as first:
        until(arrived(first))
        first.start(dict.fromkeys(first.arrived or (), 0))

        with joined(settings, "b") as second:
            changes = first.changes
            while first.changes == changes:
                first.wait(0.05)
                second.poll(0.05)
            until(lambda: arrived(first)() and arrived(second)())
            mine = list(first.arrived or ())
            assert mine
            first.start(dict.fromkeys(mine, 0))
            processor.work()

            unread = set(mine)
            while unread:
                unread -= first.poll(0.1).keys()


def test_logs_that_are_lost_during_an_outage_are_read_on(
    local_stack: LocalStack, processor: Processor, settings: Settings
) -> None:
    processor.work()
    with joined(settings, "a") as member:
        until(arrived(member))
        member.start(dict.fromkeys(member.arrived or (), 0))

        local_stack.kafka.stop(0)
        changes = member.changes
        while member.changes == changes:
            member.wait(0.05)
        member.wait(0.05)  # with nothing that is ours
        local_stack.heal()
        until(arrived(member))

        member.start(dict.fromkeys(member.arrived or (), 0))
        until(lambda: member.poll(0.1))


@pytest.mark.parametrize("step", [Member.poll, Member.wait])
def test_a_client_that_can_do_no_more_says_so_whatever_it_does_just_then(
    processor: Processor, settings: Settings, step: Callable[[Member, float], object]
) -> None:
    """Otherwise it would keep its logs, read nothing, and look well."""
    processor.work()
    with joined(settings, "a") as first:
        until(arrived(first))
        first.start(dict.fromkeys(first.arrived or (), 0))

        with joined(settings, "a") as successor:
            until(arrived(successor))
            with pytest.raises(KafkaException, match="Static consumer fenced"):
                until(lambda: step(first, 0.05) and False)


@contextmanager
def joined(settings: Settings, name: str) -> Iterator[Member]:
    config = consumer_config(settings, name, f"{settings.topic_prefix}test-member", member=name)
    member = Member(config, settings.topic_prefix, [ROLLUPS.name])
    try:
        yield member
    finally:
        member.leave()


def arrived(member: Member) -> Callable[[], bool]:
    """Return whether *member* has been dealt logs, letting it hear of them."""

    def look() -> bool:
        member.poll(0.05)
        return member.arrived is not None

    return look
