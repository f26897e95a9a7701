"""Who takes a turn and waits for it is never too fast."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.gcra import SECOND_NS, Gcra


@given(
    st.integers(1, 200),
    st.integers(1, 20),
    st.lists(st.integers(0, SECOND_NS), min_size=1, max_size=200),
)
def test_in_any_second_no_more_turns_come_than_the_rate_and_the_burst(
    per_second: int, burst: int, pauses_ns: list[int]
) -> None:
    bucket, now_ns, turns = Gcra(per_second, burst), 0, list[int]()
    for pause_ns in pauses_ns:
        now_ns += pause_ns
        turns.append(now_ns + bucket.wait_ns(now_ns))
        bucket.take(1, now_ns)
    assert turns == sorted(turns)
    for index, turn in enumerate(turns):
        assert sum(turn <= later < turn + SECOND_NS for later in turns[index:]) <= per_second + burst
