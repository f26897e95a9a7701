import pytest

from deploy.local.backoff import next_delay


@pytest.mark.parametrize(
    ("previous_seconds", "lived_seconds", "expected"),
    [
        (0, 0.01, 0.1),  # the first end is answered at once
        (0.1, 0.01, 0.2),
        (3.2, 0.01, 5.0),  # never longer than five seconds
        (5.0, 29.9, 5.0),
        (5.0, 30.0, 0.1),  # it was well for long enough
    ],
)
def test_the_wait_doubles_until_the_process_was_well(
    previous_seconds: float, lived_seconds: float, expected: float
) -> None:
    assert next_delay(previous_seconds, lived_seconds) == expected
