"""Remembering parts of instants changes nothing about what they mean."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.instants import Instants
from schemas.instant import parse_instant

INSTANTS = Instants()

texts = st.builds(
    "{}T{}:{:02}{}{}".format,
    st.sampled_from(["2026-11-21", "2026-11-20", "2026-02-29", "9999-12-30", "0001-01-02"]),
    st.sampled_from(["10:00", "23:59", "24:00"]),
    st.integers(0, 61),
    st.sampled_from(
        ["", ".", ".1", ".12", ".123", ".1234", ".123456", ".123456789", ".1234567890", ".\u0661"]
    ),
    st.sampled_from(["Z", "z", "+00:00", "-05:30", "+24:00", "ZZ", "", "+1:00", "+02:0"]),
)


@given(st.lists(texts, min_size=1, max_size=5))
def test_an_instant_is_read_as_if_for_the_first_time(several: list[str]) -> None:
    for text in several:
        with suppress(ValueError):
            INSTANTS.read(text)
    for text in several:
        try:
            expected = parse_instant(text)
        except ValueError:
            with pytest.raises(ValueError, match=r"must|is not"):
                INSTANTS.read(text)
        else:
            assert INSTANTS.read(text) == expected


def test_no_number_of_different_texts_fills_the_memory() -> None:
    instants = Instants()
    for nanoseconds in range(80_000):
        instants.read(f"2026-11-21T10:00:05.{nanoseconds:09}Z")
    assert max(map(len, vars(instants).values())) <= 60_000
