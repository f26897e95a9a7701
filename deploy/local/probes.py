"""Questions that tell whether a server can do its work now. Each returns why not; empty means ready."""

import http.client
import json
import socket
import struct

from deploy.local.ports import LOCALHOST

_TIMEOUT_SECONDS = 2.0
_METADATA = 3
_VERSION = 1
#: Length, correlation id, and the number of brokers that follow.
_HEADER = struct.Struct(">iii")
_OK = 200


def kafka_not_ready(port: int) -> str:
    """Ask a broker for its cluster: it counts itself only once the controller lets clients in.

    Spoken by hand (Metadata, version 1, no topics), since a client library would leave threads and
    connections behind in the supervisor.
    """
    request = struct.pack(">hhih", _METADATA, _VERSION, 1, -1) + struct.pack(">i", 0)
    try:
        with socket.create_connection((LOCALHOST, port), timeout=_TIMEOUT_SECONDS) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.makefile("rb").read(_HEADER.size)
    except OSError as error:
        return f"port {port}: {error.strerror or error}"
    if len(answer) < _HEADER.size:
        return f"port {port}: closed without an answer"
    _length, _correlation, brokers = _HEADER.unpack(answer)
    return "" if brokers else "the broker is still fenced"


def http_not_ready(port: int) -> str:
    """Ask one of our processes; its /readyz names what is missing."""
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = answer.read(4_096)
    except (OSError, http.client.HTTPException) as error:
        return f"port {port}: {getattr(error, 'strerror', None) or error}"
    finally:
        connection.close()
    return "" if answer.status == _OK else _reason(answer.status, body)


def _reason(status: int, body: bytes) -> str:
    text = body.decode(errors="replace")
    try:
        return f"{status} {json.dumps(json.loads(text))}"
    except ValueError:
        return f"{status} {text.strip()}"
