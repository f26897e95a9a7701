"""Load from several threads, with a memory of what was answered."""

import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Any, Self

from tests.integration.ingest.door import Door

_PAUSE_SECONDS = 0.02


@dataclass
class Load:
    """Sends events until it is left; every thread repeats nothing, so each id is one attempt."""

    door: Door
    sizes: tuple[int, ...] = (1, 1, 10, 100)
    #: Position by id, of everything that got a 2xx.
    answered: dict[str, str] = field(default_factory=dict)
    #: Number of answers by status; 0 is no answer.
    statuses: Counter[int] = field(default_factory=Counter)
    #: (seconds since the start, status, seconds until the answer).
    history: list[tuple[float, int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._began = time.monotonic()
        self._threads = [
            threading.Thread(target=self._run, args=(number, size)) for number, size in enumerate(self.sizes)
        ]

    def __enter__(self) -> Self:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop, and wait for the last answers."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait(self, events: int, seconds: float = 60) -> None:
        """Wait until at least *events* more were answered by 2xx."""
        wanted = len(self.answered) + events
        give_up = time.monotonic() + seconds
        while len(self.answered) < wanted:
            assert time.monotonic() < give_up, self.statuses
            time.sleep(0.01)

    def statuses_since(self, seconds: float) -> Counter[int]:
        """Return the answers that began at least *seconds* after the start."""
        return Counter(status for at, status, _ in self.history if at >= seconds)

    @property
    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._began

    def _run(self, thread: int, size: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.door.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.door.key}", "Content-Type": "application/json"}
        for number in count():
            if self._stop.is_set():
                break
            events = [self._event(f"{thread}-{number}-{place}") for place in range(size)]
            began = time.monotonic()
            try:
                connection.request("POST", "/v1/events", json.dumps(events), headers)
                response = connection.getresponse()
                body = response.read()
                status = response.status
            except (OSError, http.client.HTTPException):
                connection.close()
                status, body = 0, b""
            if status == 202:
                self.answered |= {each["id"]: each["position"] for each in json.loads(body)["results"]}
            self.statuses[status] += 1
            self.history.append((began - self._began, status, time.monotonic() - began))
            time.sleep(0.0 if status == 202 else _PAUSE_SECONDS)
        connection.close()

    def _event(self, event_id: str) -> dict[str, Any]:
        return {"id": event_id, "customer": f"c-{hash(event_id) % 50}", "meter": "api", "quantity": "1"}


def assert_all_are_logged(load: Load) -> None:
    """Fail unless every event that got a 2xx stands on the topic, where its receipt says."""
    logged = {position: event.id for position, event in load.door.logged().items()}
    missing = [event_id for event_id, position in load.answered.items() if logged.get(position) != event_id]
    assert not missing, f"{len(missing)} of {len(load.answered)} answered events are lost, e.g. {missing[:3]}"
