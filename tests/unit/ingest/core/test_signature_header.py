"""The moment of a signature: read strictly, and held against the clock both ways."""

import pytest

from ingest.core.signature_header import Refusal, refusal_of, signed_at

NOW = 1_795_255_200


@pytest.mark.parametrize(
    ("header", "second"),
    [
        ("t=1795255200,v1=ab", 1_795_255_200),
        ("v1=ab,t=1795255200", 1_795_255_200),
        ("t=1,t=2,v1=ab", 1),  # the first is what is signed
        ("v0=ab,t=0", 0),
    ],
)
def test_the_first_moment_counts(header: str, second: int) -> None:
    assert signed_at(header) == second


@pytest.mark.parametrize(
    "header",
    [
        "",
        "v1=ab",
        "t=,v1=ab",
        "t=soon,v1=ab",
        "t=-1,v1=ab",
        "t=1.5,v1=ab",
        "t=1_000,v1=ab",
        "t= 1,v1=ab",
        "t=1=2,v1=ab",
        "t=\u0661,v1=ab",
        f"t={'9' * 5_000},v1=ab",
        " t=1,v1=ab",
        "\udcff",
    ],
)
def test_what_is_no_moment_is_none(header: str) -> None:
    assert signed_at(header) is None


@pytest.mark.parametrize(
    ("second", "refusal"),
    [
        (NOW, None),
        (NOW - 300, None),
        (NOW - 301, Refusal.STALE),
        (0, Refusal.STALE),
        (NOW + 300, None),
        (NOW + 301, Refusal.FUTURE),
        (10**12 - 1, Refusal.FUTURE),
    ],
)
def test_a_moment_too_far_away_is_refused(second: int, refusal: Refusal | None) -> None:
    assert refusal_of(second, NOW) is refusal
