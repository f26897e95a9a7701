import asyncio
import socket

import pytest


def test_unit_tests_cannot_open_a_socket() -> None:
    with pytest.raises(RuntimeError, match="unit test opened a socket"):
        socket.create_connection(("127.0.0.1", 9))


async def test_an_event_loop_is_still_to_be_had() -> None:
    assert await asyncio.sleep(0, result=1) == 1
