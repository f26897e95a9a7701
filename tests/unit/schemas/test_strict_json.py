"""What two readers could read differently, or a database could not hold, is refused with its place."""

import json
import re
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.strict_json import MAX_DEPTH, MOST_FAULTS, JsonFault, Path, UnfitJson, read_object


def faults_of(raw: bytes) -> tuple[JsonFault, ...]:
    with pytest.raises(UnfitJson) as refused:
        read_object(raw)
    return refused.value.faults


def nested(depth: int, innermost: str = "1") -> bytes:
    """Return *depth* containers, one in the other: an object, then lists and objects by turns."""
    opening = "".join('{"a":' if level % 2 == 0 else "[" for level in range(depth))
    closing = "".join("}" if level % 2 == 0 else "]" for level in reversed(range(depth)))
    return f"{opening}{innermost}{closing}".encode()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not_json"),
        (b" ", "not_json"),
        (b"{", "not_json"),
        (b'{"a":1', "not_json"),
        (b'{"a":1}}', "not_json"),
        (b'{"a":1,}', "not_json"),
        (b"{'a':1}", "not_json"),
        (b'{"a":01}', "not_json"),
        (b'{"a":.5}', "not_json"),
        (b'{"a":5.}', "not_json"),
        (b'{"a":+1}', "not_json"),
        (b'{"a":NaN}', "not_json"),
        (b'{"a":Infinity}', "not_json"),
        (b'{"a":-Infinity}', "not_json"),
        (b'{"a":"\n"}', "not_json"),
        (b'{"a":"\0"}', "not_json"),
        (b'{"a":"\\x"}', "not_json"),
        (b"\xef\xbb\xbf{}", "not_json"),  # a byte order mark
        (b'{"a":"\xff"}', "not_utf8"),
        (b'{"a":"\xed\xa0\x80"}', "not_utf8"),  # a surrogate in bytes
        (b'{"a":"\xc0\x80"}', "not_utf8"),  # NUL, overlong
        (b"[]", "not_an_object"),
        (b'"a"', "not_an_object"),
        (b"1", "not_an_object"),
        (b"null", "not_an_object"),
        (nested(100_000), "too_deep"),
        (b"[" * 100_000, "too_deep"),
    ],
)
def test_what_is_no_json_object_is_refused(raw: bytes, code: str) -> None:
    assert [fault.code for fault in faults_of(raw)] == [code]


@pytest.mark.parametrize(
    ("raw", "path", "code"),
    [
        (b'{"a":1,"a":1}', ("a",), "duplicate_key"),
        (b'{"a":1,"\\u0061":2}', ("a",), "duplicate_key"),  # the same name, escaped
        (b'{"x":[{"b":1,"a":1,"b":2}]}', ("x", 0, "b"), "duplicate_key"),
        (b'{"a":"\\u0000"}', ("a",), "text_not_storable"),
        (b'{"a":["x","y\\ud800"]}', ("a", 1), "text_not_storable"),
        (b'{"a":"\\udc00\\ud800"}', ("a",), "text_not_storable"),
        (b'{"a":{"\\u0000":1}}', ("a",), "text_not_storable"),  # a name that cannot be pointed at
    ],
)
def test_a_fault_is_pointed_at(raw: bytes, path: Path, code: str) -> None:
    assert [(fault.path, fault.code) for fault in faults_of(raw)] == [(path, code)]


def test_all_faults_show_at_once_up_to_a_number_that_can_be_read() -> None:
    assert len(faults_of(b'{"a":"\\u0000","b":{"c":1,"c":2},"d":["\\ud800"]}')) == 3
    assert len(faults_of(b'{"a":[' + b'"\\u0000",' * 1_000 + b"1]}")) == MOST_FAULTS


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert read_object(b'{"a":"\\ud83d\\udef0"}') == {"a": "\U0001f6f0"}


@pytest.mark.parametrize("innermost", ["1", "[]", '"x"', "{}"])
def test_32_levels_are_taken_and_33_are_not(innermost: str) -> None:
    levels = MAX_DEPTH - (innermost in {"[]", "{}"})
    assert read_object(nested(levels, innermost))
    assert [fault.code for fault in faults_of(nested(levels + 1, innermost))] == ["too_deep"]


@pytest.mark.parametrize("number", ["0", "-0", "1.0", "1.10", "1e400", "1E+2", "9" * 5_000, "0.1"])
def test_numbers_stay_as_they_were_written(number: str) -> None:
    assert bytes(read_object(f'{{"a":{number}}}'.encode())["a"]) == number.encode()


def test_many_names_with_one_twice_are_refused_in_no_time() -> None:
    names = ",".join(f'"{i}":0' for i in range(100_000))
    assert [fault.path for fault in faults_of(f'{{{names},"99999":0}}'.encode())] == [("99999",)]


@given(st.binary(max_size=100))
def test_no_bytes_do_worse_than_to_be_refused(raw: bytes) -> None:
    with suppress(UnfitJson):
        read_object(raw)


documents = st.recursive(
    st.none() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=3
        )
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "/"]), documents, max_size=3), st.booleans())
def test_every_storable_document_is_read_as_it_is(document: dict[str, Any], ascii_only: bool) -> None:  # noqa: FBT001
    raw = json.dumps(document, ensure_ascii=ascii_only).encode()
    assert read_object(raw) == document == msgspec.json.decode(raw)


odd_texts = st.text(st.sampled_from("a\\u0\0\ud800\udbff\udc00\udfff\U0001f6f0"), max_size=4)


@given(
    st.recursive(
        odd_texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_texts, inner, max_size=3),
        max_leaves=5,
    )
)
def test_what_cannot_be_stored_is_found_wherever_it_stands(document: object) -> None:
    raw = json.dumps({"a": document})
    # Two halves side by side are read as one character.
    read = json.dumps(json.loads(raw), ensure_ascii=False)
    if re.search(r"\\u0000|[\ud800-\udfff]", read.replace("\\\\", "")):
        assert {fault.code for fault in faults_of(raw.encode())} == {"text_not_storable"}
    else:
        assert read_object(raw.encode()) == {"a": json.loads(raw)["a"]}
