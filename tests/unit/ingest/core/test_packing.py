"""Requests share packs, packs keep their bounds, and every request hears of every pack it is in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.packing import LEAST_SHARE, MAX_PACK_BYTES, OpenPacks, Pack, Ticket
from schemas.event import Series, UsageEvent
from schemas.pack import MAX_EVENTS

PARTITIONS = 3


class Outcomes(list[bool]):
    """What a ticket has said."""

    def ticket(self) -> Ticket:
        return Ticket(self.append)


def event(number: int, partition: int) -> UsageEvent:
    return UsageEvent(Series("acme", f"c-{partition}", "api"), 0, 1, "api", f"e-{number}", b"")


def put(
    packs: OpenPacks, partitions: list[int], ticket: Ticket, share: int = 1
) -> tuple[list[tuple[Pack, int]], list[Pack]]:
    events = [event(number, partition) for number, partition in enumerate(partitions)]
    return packs.put(events, partitions, share, ticket)


@given(st.lists(st.lists(st.integers(0, PARTITIONS - 1), min_size=1, max_size=900), min_size=1, max_size=4))
def test_every_event_is_where_its_place_says(requests: list[list[int]]) -> None:
    packs = OpenPacks(PARTITIONS)
    places, gone = [], []
    for partitions in requests:
        placed, full = put(packs, partitions, Outcomes().ticket())
        places.append((partitions, placed))
        gone += full
    gone += packs.take()
    assert packs.take() == []
    assert sum(len(pack.events) for pack in gone) == sum(map(len, requests))
    for partitions, placed in places:
        for number, (partition, (pack, index)) in enumerate(zip(partitions, placed, strict=True)):
            assert pack in gone
            assert pack.partition == partition
            assert pack.events[index].id == f"e-{number}"
    assert all(1 <= len(pack.events) <= MAX_EVENTS for pack in gone)


@pytest.mark.parametrize("share", [1, 1_000, MAX_PACK_BYTES // 2, MAX_PACK_BYTES, 2**20])
def test_a_pack_goes_out_when_its_bytes_are_enough(share: int) -> None:
    packs = OpenPacks(1)
    _, full = put(packs, [0] * 1_000, Outcomes().ticket(), share)
    assert full
    for pack in full:
        assert MAX_PACK_BYTES <= pack.size < MAX_PACK_BYTES + max(share, LEAST_SHARE)


def test_a_request_is_settled_by_the_last_of_its_packs() -> None:
    packs, outcomes = OpenPacks(PARTITIONS), Outcomes()
    put(packs, [0, 1, 0, 2], outcomes.ticket())
    first, second, third = packs.take()
    for pack in (first, second):
        pack.tickets[0].pack_done(confirmed=True)
    assert outcomes == []
    third.tickets[0].pack_done(confirmed=True)
    assert outcomes == [True]


def test_a_pack_tells_each_of_its_requests_once() -> None:
    packs, mine, yours = OpenPacks(PARTITIONS), Outcomes(), Outcomes()
    put(packs, [0, 0, 0], mine.ticket())
    put(packs, [0, 0], yours.ticket())
    (pack,) = packs.take()
    for ticket in pack.tickets:
        ticket.pack_done(confirmed=True)
    assert (mine, yours) == ([True], [True])


def test_one_pack_that_fails_fails_the_request_at_once_and_for_good() -> None:
    packs, outcomes = OpenPacks(PARTITIONS), Outcomes()
    put(packs, [0, 1], outcomes.ticket())
    first, second = packs.take()
    first.tickets[0].pack_done(confirmed=False)
    second.tickets[0].pack_done(confirmed=True)
    assert outcomes == [False]


def test_a_late_confirmation_changes_no_answer() -> None:
    packs, outcomes = OpenPacks(PARTITIONS), Outcomes()
    ticket = outcomes.ticket()
    put(packs, [0], ticket)
    ticket.settle(confirmed=False)
    (pack,) = packs.take()
    pack.tickets[0].pack_done(confirmed=True)
    assert outcomes == [False]
