"""What of the list is walked, against sets of seconds."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sinks.stripe.core.spans import (
    HORIZON_S,
    OVERLAP_S,
    SETTLED_S,
    Span,
    next_walk,
    reaches,
    unwalked,
    with_span,
)

SPANS = st.builds(lambda at, length: Span(at, at + length), st.integers(0, 60), st.integers(1, 20))


def seconds(spans: Iterable[Span]) -> set[int]:
    return {second for span in spans for second in range(*span)}


@given(st.lists(SPANS))
def test_spans_are_kept_as_few_as_say_the_same(spans: list[Span]) -> None:
    kept: tuple[Span, ...] = ()
    for span in spans:
        kept = with_span(kept, span)
    assert seconds(kept) == seconds(spans)
    assert all(before.to_s < after.from_s for before, after in pairwise(kept))


@given(st.lists(SPANS), SPANS)
def test_what_is_not_walked_is_the_rest(walked: list[Span], whole: Span) -> None:
    holes = unwalked(walked, whole)
    assert seconds(holes) == seconds([whole]) - seconds(walked)
    assert list(holes) == sorted(set(holes))


@given(st.lists(st.integers(1, 40 * 86_400), min_size=1, max_size=30))
def test_walk_after_walk_leaves_no_hole_but_what_stripe_no_longer_lists(pauses_s: list[int]) -> None:
    now_s = 1_800_000_000
    walked: tuple[Span, ...] = ()
    for pause_s in pauses_s:
        now_s += pause_s
        walk = next_walk(walked, now_s)
        newest_s = walked[-1].to_s if walked else 0
        if walk is None:
            assert newest_s >= now_s - SETTLED_S
            continue
        assert now_s - HORIZON_S <= walk.from_s < walk.to_s == now_s - SETTLED_S
        assert walk.from_s <= max(newest_s - OVERLAP_S, now_s - HORIZON_S)
        assert reaches(walk, now_s)
        assert not reaches(walk, now_s + 1)
        walked = with_span(walked, walk)
        assert not unwalked(walked, Span(max(newest_s, now_s - HORIZON_S), walk.to_s))
