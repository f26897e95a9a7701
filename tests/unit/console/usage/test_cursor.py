"""A cursor goes on exactly where the list stopped, for whom it was made, and cannot be made up."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.usage.core.cursor import Position, seal, unseal
from schemas.errors import Reject

SECRET = b"secret"
POSITION = Position(0, 10, "c-1", "api", (), 5)


@given(st.builds(Position), st.text(), st.binary())
def test_what_was_sealed_is_unsealed(position: Position, question: str, secret: bytes) -> None:
    assert unseal(seal(position, question, secret), question, secret, Position) == position


@pytest.mark.parametrize(
    ("question", "secret"), [("globex", SECRET), ("acm", SECRET), ("", SECRET), ("acme", b"other")]
)
def test_it_works_for_nobody_else(question: str, secret: bytes) -> None:
    with pytest.raises(Reject):
        unseal(seal(POSITION, "acme", SECRET), question, secret, Position)


def test_a_position_put_under_another_seal_is_refused() -> None:
    raw = urlsafe_b64decode(seal(POSITION, "acme", SECRET) + "==")
    forged = raw[:16] + msgspec.json.encode(Position(0, 10, "c-2", "api", (), 5))
    with pytest.raises(Reject):
        unseal(urlsafe_b64encode(forged).decode().rstrip("="), "acme", SECRET, Position)


@given(st.text())
def test_any_text_is_refused_and_never_a_crash(text: str) -> None:
    with pytest.raises(Reject):
        unseal(text, "acme", SECRET, Position)
