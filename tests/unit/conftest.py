"""Unit tests cannot open a socket: what needs one is an integration test."""

import socket
import sys
from collections.abc import Iterator

import pytest

_NETWORK = (socket.AF_INET, socket.AF_INET6)


class _Guard:
    """An audit hook; those cannot be taken away again, so it has a switch."""

    closed = False

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if self.closed and event == "socket.__new__" and args[1] in _NETWORK:
            raise RuntimeError("a unit test opened a socket: move it to tests/integration")


_guard = _Guard()
sys.addaudithook(_guard)


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    """Refuse every new internet socket while a unit test runs."""
    _guard.closed = True
    yield
    _guard.closed = False
