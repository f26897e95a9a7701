"""A stateful double of Stripe: localstripe, as a process of its own.

README.md says what it does otherwise than Stripe.
"""

import json
import signal
import socket
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Final

from stripe import InvalidRequestError, StripeClient

from deploy.local.child import Child, Program
from deploy.local.ports import LOCALHOST, free_port
from tests.stripe.previous import Object
from tests.waiting import until

_MODULE: Final = "tests.stripe.run_localstripe"
_WRONG_CLOCK: Final = Path(__file__).parents[1] / "wrong_clock.py"
_READY_SECONDS: Final = 30.0
_ANSWER_SECONDS: Final = 10.0
#: A clock that is further away than that was set.
_JUMPED_S: Final = 3_600


@dataclass(frozen=True)
class StripeDouble:
    """A running double, which knows nothing yet."""

    #: Its base address: `StripeClient(double.api_key, base_addresses={"api": double.address})`.
    address: str
    #: Any key that begins with `sk_` would do, restricted ones would not.
    api_key: str
    _child: Child

    def client(self) -> StripeClient:
        """Return Stripe's own client for it, one that never repeats a request."""
        return StripeClient(self.api_key, base_addresses={"api": self.address}, max_network_retries=0)

    def send_webhooks(
        self, url: str, secret: str, *, kinds: Sequence[str] | None = None, name: str = "weir"
    ) -> None:
        """Have it send every event from now on to *url*, signed with *secret*.

        *kinds*: only those types. *name*: of the endpoint; the same name again changes it.
        """
        body = {"url": url, "secret": secret, "events": None if kinds is None else list(kinds)}
        request = urllib.request.Request(  # noqa: S310 -- an address of our own
            f"{self.address}/_config/webhooks/{name}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS):  # noqa: S310 -- as above
            pass

    def forget(self) -> None:
        """Have it forget every object, but not where webhooks go."""
        request = urllib.request.Request(f"{self.address}/_config/data", method="DELETE")  # noqa: S310
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS):  # noqa: S310 -- as above
            pass

    def get(self, path: str) -> Object | None:
        """Return what it answers to GET *path*, as it stands on the wire; None where there is nothing."""
        try:
            answer = self.client().raw_request("get", path)
        except InvalidRequestError:
            return None
        found: Object = json.loads(answer.body)
        return found

    def jump(self) -> None:
        """Set its clock to the next of the times that it was started with, and wait until it has it."""
        before_s = self.now_s()
        self._child.send(signal.SIGUSR1)
        until(lambda: abs(self.now_s() - before_s) > _JUMPED_S)

    def now_s(self) -> int:
        """Return the time by its clock, as its answers say it, in seconds."""
        answer = self.client().raw_request("get", "/v1/events", limit=1)
        return int(parsedate_to_datetime(answer.headers["Date"]).timestamp())

    def stop(self) -> int | None:
        """Stop it, and return its exit code. Webhooks that are under way are lost."""
        return self._child.stop()


def start_double(folder: Path, clock: Sequence[float] = ()) -> StripeDouble:
    """Start a double on a free port; its log goes to *folder*. Raises TimeoutError if it does not come up.

    *clock*: the seconds by which its clock is wrong, first and after each `jump`.
    """
    port = free_port()
    how = (str(_WRONG_CLOCK), ",".join(map(str, clock))) if clock else ("-m",)
    program = Program(
        name="localstripe",
        argv=(sys.executable, *how, _MODULE, str(port)),
        not_ready=partial(_not_ready, port),
    )
    child = Child(program, folder)
    child.start()
    try:
        child.wait_ready(_READY_SECONDS)
    except TimeoutError:
        child.stop()
        raise
    return StripeDouble(f"http://{LOCALHOST}:{port}", "sk_test_double", child)


@contextmanager
def stripe_double(folder: Path, clock: Sequence[float] = ()) -> Iterator[StripeDouble]:
    """Run a double for as long as the block."""
    double = start_double(folder, clock)
    try:
        yield double
    finally:
        double.stop()


def _not_ready(port: int) -> str:
    try:
        socket.create_connection((LOCALHOST, port), timeout=_ANSWER_SECONDS).close()
    except OSError as error:
        return f"port {port}: {error.strerror or error}"
    return ""
