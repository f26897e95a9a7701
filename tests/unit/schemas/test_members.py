"""Members of `data` are found by name or pointer, whatever stands around them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.members import Members, scalar_text, steps_of

NESTED = b'{"data":{"a":1,"b":{"c":"x","d":[true,{"e":null}]},"x/y":{"~":2}},"other":{"a":9}}'


@pytest.mark.parametrize(
    ("place", "member"),
    [
        ("a", b"1"),
        ("b", b'{"c":"x","d":[true,{"e":null}]}'),
        ("/data/a", b"1"),
        ("/data/b/c", b'"x"'),
        ("/data/b/d/0", b"true"),
        ("/data/b/d/1/e", b"null"),
        ("/data/x~1y/~0", b"2"),
        ("x/y", b'{"~":2}'),
        # Nothing stands there.
        ("other", None),
        ("/data/b/d/2", None),
        ("/data/b/d/00", None),
        ("/data/b/d/-1", None),
        ("/data/b/d/e", None),
        ("/data/a/b", None),
        ("/data/b/c/0", None),
    ],
)
def test_a_place_leads_to_one_member(place: str, member: bytes | None) -> None:
    assert Members([place]).read(NESTED) == [member]


def test_several_places_are_read_in_their_order() -> None:
    assert Members(["/data/b/c", "a", "none", "/data/b/d/0"]).read(NESTED) == [b'"x"', b"1", None, b"true"]


def test_an_event_without_data_has_no_members() -> None:
    for rest in (b"", b"{}", b'{"other":1}', b'{"data":{}}'):
        assert Members(["a", "/data/b/c"]).read(rest) == [None, None]


@pytest.mark.parametrize("rest", [b"[]", b'{"data":7}', b'{"data":{"a":', b'{"data":{"b":{"c":}}}', b"\xff"])
def test_what_is_no_object_is_one_error(rest: bytes) -> None:
    with pytest.raises(ValueError, match="must be a JSON object"):
        Members(["a", "/data/b/c"]).read(rest)


@pytest.mark.parametrize("place", ["/", "/a", "/data", "/data/", "/data//a", "/data/a/"])
def test_a_pointer_that_leads_nowhere_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match="JSON pointer that begins with /data/"):
        steps_of(place)


@pytest.mark.parametrize(
    ("member", "text"),
    [
        (b'"x"', "x"),
        (b'""', ""),
        (b'"\\u00e9"', "é"),
        (b"200", "200"),
        (b"2.50", "2.50"),
        (b"true", "true"),
        (b"null", None),
        (b"[1]", None),
        (b"{}", None),
        (None, None),
    ],
)
def test_a_scalar_says_what_is_written(member: bytes | None, text: str | None) -> None:
    assert scalar_text(member) == text


@pytest.mark.parametrize("place", ['a"b', "a\\b", "a\n", "/data/a/\0"])
def test_a_name_that_no_reader_can_look_for_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match="without quotes and backslashes"):
        steps_of(place)


_names = st.text(st.characters(exclude_characters='"\\'), min_size=1, max_size=3).filter(str.isprintable)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(_names, _values), st.lists(_names))
def test_a_pointer_finds_what_python_finds(data: dict[str, object], steps: list[str]) -> None:
    found: object = data
    for step in steps or ["a"]:
        found = found.get(step, ...) if isinstance(found, dict) else ...
        if found is ...:
            break
    escaped = "/".join(step.replace("~", "~0").replace("/", "~1") for step in steps or ["a"])
    [member] = Members([f"/data/{escaped}"]).read(json.dumps({"data": data}).encode())
    if member is None:
        # Python's walk above takes no index of a list.
        assert found is ...
    elif found is not ...:
        assert json.loads(member) == found
