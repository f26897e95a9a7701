"""Filters decide who counts; a group says by itself what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.groups import MAX_VALUE, Filter, Sorter, fitting, group_text, properties_of

CALL = b'{"data":{"method":"GET","path":"/x","answer":{"status":%b}}}'
PAID = b'{"data":{"path":1,"user":{"plan":true}}}'
BOTH = '{"path":"1","plan":"true"}'

GET = Filter("method", ("GET", "HEAD"))
GOOD = Filter("/data/answer/status", ("200",))


@pytest.mark.parametrize(
    ("filters", "group_by", "rest", "group"),
    [
        ((), ("path",), b'{"data":{"path":"/x"}}', '{"path":"/x"}'),
        ((), ("path",), b'{"data":{"path":""}}', '{"path":""}'),
        # A property that is not there, or no single value, is left out.
        ((), ("path",), b'{"data":{"path":null}}', ""),
        ((), ("path",), b'{"data":{"path":["/x"]}}', ""),
        ((), ("path",), b"", ""),
        # Sorted by their labels, whatever order the catalogue has.
        ((), ("path", "/data/user/plan"), PAID, BOTH),
        ((), ("/data/user/plan", "path"), PAID, BOTH),
        ((GET,), (), b'{"data":{"method":"HEAD"}}', ""),
        ((GET,), (), b'{"data":{"method":"head"}}', None),
        ((GET,), (), b"", None),
        ((GET, GOOD), ("path",), CALL % b"200", '{"path":"/x"}'),
        ((GET, GOOD), ("path",), CALL % b"404", None),
        ((GET, GOOD), ("method",), CALL % b'"200"', '{"method":"GET"}'),
    ],
)
def test_an_event_has_one_group_or_is_left_out(
    filters: tuple[Filter, ...], group_by: tuple[str, ...], rest: bytes, group: str | None
) -> None:
    assert Sorter(filters, group_by).group_of(rest) == group


def test_texts_that_are_no_unicode_are_an_error() -> None:
    with pytest.raises(ValueError, match="Unicode"):
        Sorter((), ("path",)).group_of(b'{"data":{"path":"\xff"}}')


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=9)))
def test_a_group_says_what_it_was_made_of(properties: dict[str, str]) -> None:
    assert properties_of(group_text(properties)) == properties


@given(st.text(st.characters(), max_size=MAX_VALUE + 40))
def test_any_value_fits_into_a_key(text: str) -> None:
    shown = fitting(text)
    assert shown.isprintable()
    assert len(shown) <= MAX_VALUE
    assert (shown == text) == (len(text) <= MAX_VALUE and text.isprintable())


def test_two_long_values_stay_two() -> None:
    one, other = "x" * 99 + "1", "x" * 99 + "2"
    assert fitting(one) != fitting(other)
    assert fitting(one).startswith("x" * 40)
