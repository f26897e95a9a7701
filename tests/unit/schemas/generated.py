"""Hypothesis strategies for usage events as packs carry them."""

from typing import Final
from uuid import UUID

from hypothesis import strategies as st

from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.instant import LAST_MS

_INT64_MAX: Final = (1 << 63) - 1
_MICRO_MAX: Final = 10**26 - 1

#: Few values, so that events share series and sources.
names = st.sampled_from(["a", "b", "c-1", "ü", "\U0001f6f0"]) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=128
)
times_ms = st.just(NOT_GIVEN) | st.integers(0, LAST_MS)
quantities_micro = (
    st.just(NO_QUANTITY)
    | st.integers(0, 10**9)
    | st.integers(_INT64_MAX - 2, _INT64_MAX + 2)
    | st.integers(0, _MICRO_MAX)
)
rests = st.sampled_from([b"", b'{"data":{"endpoint":"/x"}}', '{"data":{"ort":"Köln"}}'.encode(), b'{"a":1}'])
uuids = st.uuids().map(str)
ids = (
    uuids
    | uuids.map(str.upper)
    | st.builds(lambda u: u.hex, st.uuids())
    | st.sampled_from([str(UUID(int=0)), "e-1", "e-2", "-" * 36])
    | names
)
series = st.builds(Series, names, names, names)


def events_with(event_ids: st.SearchStrategy[str]) -> st.SearchStrategy[UsageEvent]:
    """Return arbitrary events whose ids come from *event_ids*."""
    return st.builds(UsageEvent, series, times_ms, quantities_micro, names, event_ids, rests)


#: What one record may hold: all ids raw, or any mix of texts.
packfuls = st.lists(events_with(uuids), min_size=1, max_size=20) | st.lists(
    events_with(ids), min_size=1, max_size=20
)
