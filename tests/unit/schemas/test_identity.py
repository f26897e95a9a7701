"""Who counts as a duplicate must never drift: the constants here are for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.identity import CONTENT_BYTES, ID_BYTES, identify, identify_pack
from schemas.pack import decode_pack, encode_pack
from tests.unit.schemas.generated import events_with, ids, names, packfuls

A_UUID = "00112233-4455-6677-8899-aabbccddeeff"
EVENT = UsageEvent(
    Series("acme", "c-1", "api"), 1_763_712_000_000, 3_000_000, "api", "e-1", b'{"data":{"endpoint":"/x"}}'
)


@pytest.mark.parametrize(
    ("event", "id_hash"),
    [
        (EVENT, "1ba7fb9ad994a346f6927ced09a58b86"),
        (EVENT._replace(id=A_UUID), "54eafa925a7c31dd1b113c64ec03bdc5"),
        (EVENT._replace(id=A_UUID.upper()), "ae71d19ea6e3a718638bbced249378aa"),
        (
            EVENT._replace(series=Series("müller", "ü", "é"), source="☃"),
            "a2086233ff66e5b801e956833ad4320a",
        ),
    ],
)
def test_the_id_hash_is_pinned(event: UsageEvent, id_hash: str) -> None:
    assert identify(event)[0].hex() == id_hash


@pytest.mark.parametrize(
    ("event", "content_hash"),
    [
        (EVENT, 0xA10B6CC8),
        (EVENT._replace(given_ms=NOT_GIVEN, quantity_micro=NO_QUANTITY, rest=b""), 0xA9DC9786),
        (EVENT._replace(quantity_micro=2**63 - 1), 0x9510BB3D),
        (EVENT._replace(quantity_micro=2**63), 0xC69CC572),
        (EVENT._replace(series=Series("acme", "c-1", "é")), 0x2A7E240E),
    ],
)
def test_the_content_hash_is_pinned(event: UsageEvent, content_hash: int) -> None:
    assert identify(event)[1] == content_hash


@given(packfuls)
def test_a_pack_is_identified_as_its_events_are(events: list[UsageEvent]) -> None:
    id_hashes, content_hashes = identify_pack(decode_pack(encode_pack(events)))
    assert list(zip(id_hashes, content_hashes, strict=True)) == [identify(event) for event in events]


@given(events_with(ids))
def test_hashes_have_the_sizes_that_the_index_stores(event: UsageEvent) -> None:
    id_hash, content_hash = identify(event)
    assert len(id_hash) == ID_BYTES
    assert 0 <= content_hash < 1 << 8 * CONTENT_BYTES


@pytest.mark.parametrize(
    "other",
    [
        EVENT._replace(series=EVENT.series._replace(tenant="other")),
        EVENT._replace(series=EVENT.series._replace(customer="c-2")),
        EVENT._replace(source="s2"),
        EVENT._replace(id="e-2"),
        # The same letters, cut elsewhere.
        EVENT._replace(series=EVENT.series._replace(tenant="acmec", customer="-1")),
        EVENT._replace(source="apie", id="-1"),
    ],
)
def test_an_id_is_unique_within_tenant_customer_and_source_only(other: UsageEvent) -> None:
    assert identify(other)[0] != identify(EVENT)[0]


@pytest.mark.parametrize(
    "copy",
    [
        EVENT._replace(series=EVENT.series._replace(type="storage")),
        EVENT._replace(given_ms=EVENT.given_ms + 1),
        EVENT._replace(given_ms=NOT_GIVEN),
        EVENT._replace(quantity_micro=NO_QUANTITY),
        EVENT._replace(quantity_micro=10**20),
        EVENT._replace(rest=b""),
    ],
)
def test_a_copy_with_other_content_is_the_same_event_and_a_conflict(copy: UsageEvent) -> None:
    assert identify(copy)[0] == identify(EVENT)[0]
    assert identify(copy)[1] != identify(EVENT)[1]


def test_the_digits_of_a_huge_quantity_never_run_into_the_type() -> None:
    one = EVENT._replace(quantity_micro=10**24 + 5, series=EVENT.series._replace(type="x"))
    two = EVENT._replace(quantity_micro=10**23, series=EVENT.series._replace(type="5x"))
    assert identify(one)[1] != identify(two)[1]


def test_text_cannot_pass_for_a_uuid_by_value() -> None:
    forged = "\1" + bytes.fromhex(A_UUID.replace("-", "")).decode("latin-1")
    assert identify(EVENT._replace(id=forged))[0] != identify(EVENT._replace(id=A_UUID))[0]


@given(st.lists(names, min_size=2, max_size=2, unique=True))
def test_different_ids_have_different_hashes(two: list[str]) -> None:
    one, other = two
    assert identify(EVENT._replace(id=one))[0] != identify(EVENT._replace(id=other))[0]
