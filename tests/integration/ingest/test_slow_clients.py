"""Clients that send one byte a second are cut off, and honest ones do not notice."""

import json
import threading
import time

import pytest

from tests.integration.ingest.door import Door

pytestmark = pytest.mark.integration

EVENT = json.dumps({"id": "e-1", "customer": "c-1", "meter": "api"}).encode()
HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0
CONNECTIONS = 20


def drip(door: Door, first: bytes, again: bytes, ends: list[tuple[float, bytes]]) -> None:
    """Send *first*, then *again* every half second, until the connection is closed."""
    began = time.monotonic()
    answer = b""
    with door.connection(60) as connection:
        connection.sendall(first)
        connection.settimeout(0.5)
        while time.monotonic() - began < 50:
            try:
                connection.sendall(again)
                received = connection.recv(65_536)
                answer += received
                if not received:
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    ends.append((time.monotonic() - began, answer))


def test_slow_heads_and_bodies_are_cut_off_and_honest_requests_do_not_wait(door: Door) -> None:
    head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {door.key}\r\n".encode()
    heads: list[tuple[float, bytes]] = []
    bodies: list[tuple[float, bytes]] = []
    silent: list[tuple[float, bytes]] = []
    kinds = [
        (head + b"X-Pad: ", b"x", heads),
        (head + b"Content-Length: 1000\r\n\r\n", b" ", bodies),
        (b"", b"", silent),
    ]
    threads = [
        threading.Thread(target=drip, args=(door, first, again, ends))
        for first, again, ends in kinds
        for _ in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    waits = []
    while any(thread.is_alive() for thread in threads):
        began = time.monotonic()
        assert door.post(EVENT).status == 202
        waits.append(time.monotonic() - began)
        time.sleep(0.1)

    for ends in (heads, silent):
        assert len(ends) == CONNECTIONS
        assert all(HEAD_SECONDS - 0.5 <= seconds < HEAD_SECONDS + 5 for seconds, _ in ends)
        assert {answer for _, answer in ends} == {b""}
    assert len(bodies) == CONNECTIONS
    assert all(BODY_SECONDS - 0.5 <= seconds < BODY_SECONDS + 8 for seconds, _ in bodies)
    assert all(answer.startswith(b"HTTP/1.1 408 ") for _, answer in bodies)
    waits.sort()
    assert waits[len(waits) * 99 // 100] < 1.0


def test_an_idle_connection_is_kept_and_serves_again(door: Door) -> None:
    request = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {door.key}\r\n"
        f"Content-Length: {len(EVENT)}\r\n\r\n"
    ).encode() + EVENT
    with door.connection() as connection:
        for _ in range(2):
            connection.sendall(request)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 202 ")
            time.sleep(HEAD_SECONDS + 2)
        connection.sendall(request)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 202 ")
