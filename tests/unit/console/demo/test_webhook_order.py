from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from console.demo.core.webhook_order import order

HOUR_S = 3_600
EVENTS = st.lists(st.integers(0, 20 * HOUR_S), min_size=1, max_size=60).map(
    lambda seconds: [{"id": f"evt_{number}", "created": second} for number, second in enumerate(seconds)]
)


@given(EVENTS, st.integers())
def test_every_event_is_delivered_and_a_third_twice(events: list[dict[str, object]], seed: int) -> None:
    ordered = order(events, Random(seed).randrange)
    times = Counter(each["id"] for each in ordered.deliveries)
    assert set(times) == {each["id"] for each in events}
    assert sorted(times.values()).count(2) == len(events) // 3
    assert max(times.values()) <= 2


@given(EVENTS, st.integers())
def test_what_an_outage_of_an_hour_held_up_comes_last(events: list[dict[str, int]], seed: int) -> None:
    ordered = order(events, Random(seed).randrange)
    late = ordered.deliveries[len(ordered.deliveries) - ordered.late :]
    in_time = ordered.deliveries[: len(ordered.deliveries) - ordered.late]
    seconds = [each["created"] for each in late]
    assert late
    assert max(seconds) - min(seconds) < HOUR_S
    assert not [each for each in in_time if min(seconds) <= each["created"] <= max(seconds)]


def test_another_chance_is_another_order() -> None:
    events: list[dict[str, object]] = [{"id": str(number), "created": number} for number in range(50)]
    assert order(events, Random(1).randrange) == order(events, Random(1).randrange)
    assert order(events, Random(1).randrange) != order(events, Random(2).randrange)
