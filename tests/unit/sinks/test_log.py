import pytest

from sinks.core.log import Bounds, Claim, Log, LogShrunk, Span, look_at

LOG = Log("usage", 3)
CLAIM = Claim(LOG, generation=2, next_offset=10, epoch=5)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (Bounds(0, 10), CLAIM),
        (Bounds(10, 10), CLAIM),  # everything was read, and retention took all of it
        (Bounds(10, 99), CLAIM),
        (Bounds(11, 99), Span(LOG, 2, 10, 10)),
        (Bounds(50, 50), Span(LOG, 2, 10, 49)),
        (Bounds(0, 9), LogShrunk(CLAIM, 9)),
        (Bounds(0, 0), LogShrunk(CLAIM, 0)),
    ],
)
def test_a_log_goes_on_or_has_lost_records_or_is_another_log(
    bounds: Bounds, expected: Claim | Span | LogShrunk
) -> None:
    assert look_at(CLAIM, bounds) == expected
