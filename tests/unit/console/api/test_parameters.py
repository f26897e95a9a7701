"""A query string is read strictly, and all of its faults come at once."""

import pytest

from console.api.core.parameters import Parameters, duration, instant, limit, name_of, one_of
from console.api.core.problem import Refused


def test_all_faults_come_at_once() -> None:
    given = Parameters([("from", "x"), ("limit", "0"), ("tenant", "acme"), ("limit", "5")])
    given.take("from", instant)
    given.take("limit", limit)
    given.require("id", name_of, "")
    with pytest.raises(Refused) as refused:
        given.done()
    faults = [(fault.pointer, fault.code) for fault in refused.value.problem.errors]
    assert faults == [
        ("/limit", "given_twice"),
        ("/from", "invalid"),
        ("/id", "missing"),
        ("/tenant", "unknown"),
    ]
    assert refused.value.problem.status == 400


def test_a_good_query_has_no_faults() -> None:
    given = Parameters([("window", "day"), ("limit", "1000"), ("min_freshness", "2s")])
    assert given.take("window", one_of({"day": 1})) == 1
    assert given.take("limit", limit) == 1_000
    assert given.take("min_freshness", duration) == 2_000
    assert given.take("customer", name_of) is None
    given.done()


@pytest.mark.parametrize(("text", "expected"), [("500ms", 500), ("2s", 2_000), ("1m", 60_000), ("0s", 0)])
def test_durations(text: str, expected: int) -> None:
    assert duration(text) == expected


@pytest.mark.parametrize("text", ["", "2", "s", "-1s", "1.5s", "2 s", "9999999s", "٣s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="such as"):
        duration(text)


@pytest.mark.parametrize("text", ["", "0", "1001", "-1", "1e3", "9" * 5_000, "٣"])
def test_what_is_no_limit(text: str) -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        limit(text)
