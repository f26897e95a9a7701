import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.instant import DAY_MS
from schemas.webhook_marks import (
    LONGEST_WORD,
    MOST_WORDS,
    Kind,
    Marks,
    day_of_record,
    words_of_event,
    words_of_text,
)

MARKS = Marks("acme", 20_780)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Jane.Doe@Example.com", ["jane", "doe", "example", "com"]),
        ("in_1PqR3x", ["in_1pqr3x"]),
        ("invoice.paid", ["invoice", "paid"]),
        ("2 - Pro (at $20.00 / month), 2 seats", ["2", "pro", "at", "20", "00", "month", "seats"]),
        ("STRASSE straße", ["strasse"]),
        ("Ａ－１ \ufb01n", ["a", "1", "fin"]),  # noqa: RUF001 - wide letters, and a ligature
        ("Żółć 株式会社", ["żółć", "株式会社"]),
        ("a\0b \ud800 …", ["a", "b"]),
        ("", []),
    ],
)
def test_words_are_letters_and_digits_whatever_their_case(text: str, words: list[str]) -> None:
    assert words_of_text(text) == words


def test_words_of_an_event_are_those_of_its_texts_and_not_of_its_names() -> None:
    said = {"name": "Ada", "lines": [{"about": "seats"}, ["x", {"deep": "Ada"}]], "total": 12, "paid": True}
    assert words_of_event(said) == ["ada", "seats", "x"]


def test_what_is_long_is_looked_at_up_to_a_bound() -> None:
    assert words_of_text("x" * 1_000) == ["x" * LONGEST_WORD]
    assert len(words_of_event([str(number) for number in range(10_000)])) == MOST_WORDS
    assert words_of_event(["a b", "\ufdfa " * 100_000])[:2] == ["a", "b"]


@given(st.lists(st.text(max_size=30), max_size=5))
def test_what_an_event_says_is_found_by_the_words_of_each_of_its_texts(texts: list[str]) -> None:
    marks = set(MARKS.of_event("invoice.paid", None, json.loads(json.dumps({"texts": texts}))))
    for text in texts:
        assert set(MARKS.of_words(words_of_text(text))) <= marks


@given(st.text(), st.text(), st.sampled_from(Kind), st.sampled_from(Kind))
def test_a_mark_is_of_one_text_kind_tenant_and_day(one: str, other: str, kind: Kind, another: Kind) -> None:
    one, other = (text.encode("utf-8", "replace").decode() for text in (one, other))
    mark = MARKS.of(kind, one)
    assert 0 <= mark < 2**63
    assert (MARKS.of(another, other) == mark) == ((kind, one) == (another, other))
    assert Marks("acme", 20_781).of(kind, one) != mark
    assert Marks("bolt", 20_780).of(kind, one) != mark


def test_marks_stay_what_they_are() -> None:
    found = MARKS.of_event("invoice.paid", "in_1", {"id": "evt_1"})
    assert found == [5849127585999032448, 5849193569119660259, 5849105510516417509]
    assert day_of_record(20_780 * DAY_MS + DAY_MS - 1) == 20_780
