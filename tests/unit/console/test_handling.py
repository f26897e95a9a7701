"""What became of an event."""

import pytest

from console.webhooks.core.handling import Failure, Mirrored, handling_of

PAID = "invoice.paid"


@pytest.mark.parametrize(
    ("event_id", "event_type", "failure", "is_read", "expected"),
    [
        ("evt_1", PAID, None, True, ("handled", 0, None)),
        ("evt_1", PAID, None, False, ("pending", 0, None)),
        ("evt_1", "account.updated", None, True, ("unhandled", 0, None)),
        ("evt_1", "account.updated", None, False, ("unhandled", 0, None)),
        ("evt_weirtest_1", PAID, None, True, ("trial", 0, None)),
        ("evt_1", PAID, Failure(2, "waiting", "no"), True, ("failed", 2, "no")),
        ("evt_1", PAID, Failure(4, "permanent", "no"), True, ("failed_permanent", 4, "no")),
        ("evt_1", PAID, Failure(1, "handled", "no"), True, ("handled", 1, None)),
    ],
)
def test_the_status_of_an_event(
    event_id: str,
    event_type: str,
    failure: Failure | None,
    is_read: bool,  # noqa: FBT001 -- a parameter
    expected: tuple[str, int, str | None],
) -> None:
    assert handling_of(event_id, event_type, failure, is_read=is_read) == expected


def test_the_mirror_has_read_up_to_its_progress_in_the_newest_generation() -> None:
    mirrored = Mirrored([(3, 2, 10)])
    assert mirrored.has_read(3, 2, 10)
    assert mirrored.has_read(3, 1, 11)
    assert not mirrored.has_read(3, 2, 11)
    assert not mirrored.has_read(4, 1, 0)
