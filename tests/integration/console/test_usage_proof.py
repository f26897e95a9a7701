"""What the hashes of usage take for the same, and what not."""

import pytest

from console.usage.proof import hash_usage
from runtime.postgres import Connection
from schemas.catalog import Catalog, MetersPublished
from schemas.meters import Aggregation, Meter
from schemas.sketch import EXACT_UP_TO

pytestmark = pytest.mark.integration
PEOPLE = Meter(name="people", event_type="api", aggregation=Aggregation.UNIQUE, unique_by=("person",))
CATALOG = Catalog().with_facts([MetersPublished(1, 0, (PEOPLE,))])
HASHES = [value * 0x9E3779B97F4A7C15 % 2**64 for value in range(1, 2 * EXACT_UP_TO)]


def put(connection: Connection, values: list[int], *, blurred: bool) -> None:
    """Store a window of *values*, its first page *blurred* or as exact as all others."""
    kind = Aggregation.UNIQUE.rule.kind
    assert kind is not None
    pages = {number: kind.page(number) for number in sorted({kind.page_of(value) for value in values})}
    for value in values:
        pages[kind.page_of(value)].add(value)
    if blurred:
        pages[min(pages)].blur()
    connection.execute("delete from sketches")
    for number, page in pages.items():
        connection.execute(
            "insert into sketches values ('acme', 'c-1', 'people', '', 0, 0, %s, %s, 7, 1)",
            [number, page.encode()],
        )


def said(connection: Connection) -> str:
    return hash_usage(connection, CATALOG)[-1].sha256


def test_when_a_page_was_blurred_and_stamped_says_nothing(connection: Connection) -> None:
    put(connection, HASHES, blurred=False)
    before = said(connection)
    put(connection, HASHES, blurred=True)
    connection.execute("update sketches set stamp = stamp + 1")
    assert said(connection) == before
    put(connection, HASHES[1:], blurred=True)
    assert said(connection) != before


def test_that_few_values_are_not_known_any_more_says_something(connection: Connection) -> None:
    put(connection, HASHES[:9], blurred=False)
    before = said(connection)
    put(connection, HASHES[:9], blurred=True)
    assert said(connection) != before


def test_pages_that_nobody_can_read_are_hashed_as_they_are(connection: Connection) -> None:
    put(connection, HASHES[:9], blurred=False)
    connection.execute("update sketches set content = '\\x00'")
    before = said(connection)
    connection.execute("update sketches set content = '\\x0001'")
    assert said(connection) != before


def test_when_a_row_was_stored_says_nothing_and_which_record_changed_it_last_does(
    connection: Connection,
) -> None:
    connection.execute(
        "insert into rollups values ('acme', 'c-1', 'people', '', 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 7, 1)"
    )
    before = hash_usage(connection, CATALOG)
    connection.execute("update rollups set stored_at = stored_at + interval '1 day'")
    assert hash_usage(connection, CATALOG) == before
    connection.execute("update rollups set stamp = 8")
    assert hash_usage(connection, CATALOG) != before
