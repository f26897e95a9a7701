"""A position is read as receipts write it."""

import pytest

from schemas.errors import Reject
from schemas.position import Position, parse_position


def test_a_position_is_written_as_a_receipt_shows_it() -> None:
    position = Position("weir.usage", 3, 1_042, 17)
    assert str(position) == "weir.usage/3/1042/17"
    assert parse_position(str(position)) == position


def test_without_an_index_it_is_the_record() -> None:
    assert parse_position("weir.usage/3/1042") == Position("weir.usage", 3, 1_042)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "weir.usage",
        "weir.usage/3",
        "weir.usage/3/1042/17/0",
        "/3/1042",
        "weir.usage/3/",
        "weir.usage/-3/1042",
        "weir.usage/3/x",
        "weir.usage/3/1 042",
        "weir.usage/٣/1042",
        "weir.usage/3/" + "9" * 5_000,
    ],
)
def test_anything_else_is_rejected_with_an_example(text: str) -> None:
    with pytest.raises(Reject, match=r"weir\.usage/3/1042"):
        parse_position(text)
