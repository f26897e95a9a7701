"""Copies within a request are told apart: the same again, or the same id with other content."""

import pytest

from ingest.core.repeats import Status, repeats
from schemas.event import Series, UsageEvent

FIRST = UsageEvent(Series("acme", "c-1", "api"), 5, 1_000_000, "api", "e-1", b"")
OTHER = FIRST._replace(id="e-2")


@pytest.mark.parametrize(
    ("copy", "status"),
    [
        (FIRST, Status.DUPLICATE),
        (FIRST._replace(quantity_micro=2_000_000), Status.CONFLICT),
        (FIRST._replace(given_ms=6), Status.CONFLICT),
        (FIRST._replace(rest=b'{"data":{"a":1}}'), Status.CONFLICT),
        (FIRST._replace(series=Series("acme", "c-1", "mails")), Status.CONFLICT),
        (FIRST._replace(series=Series("acme", "c-2", "api")), None),  # another customer's id
        (FIRST._replace(source="s-1"), None),
    ],
)
def test_an_id_is_unique_within_customer_and_source(copy: UsageEvent, status: Status | None) -> None:
    found = repeats([FIRST, OTHER, copy._replace(id="".join(copy.id))])
    assert found == ({} if status is None else {2: status})


def test_every_copy_is_held_against_the_first() -> None:
    changed = FIRST._replace(quantity_micro=2)
    again = UsageEvent(*FIRST)
    assert repeats([FIRST, changed, UsageEvent(*changed), again]) == {
        1: Status.CONFLICT,
        2: Status.CONFLICT,
        3: Status.DUPLICATE,
    }


def test_the_same_object_twice_is_a_copy_too() -> None:
    assert repeats([FIRST, FIRST]) == {1: Status.DUPLICATE}
