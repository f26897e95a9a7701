"""Clients: they send, and repeat the whole request until they have an answer. A 2xx is a promise."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from typing import Any, Final, NamedTuple

import msgspec

from ingest.core.forms import Form
from schemas.event import UsageEvent
from schemas.position import Position, parse_position
from tests.simulation.clock import Clock
from tests.simulation.ingress import Answer, Ingress
from tests.simulation.scheduler import Action
from tests.simulation.traffic import Traffic

#: One request in so many does not arrive, and one answer.
_LOST: Final = 12


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What is sent, again and again if need be."""

    meant: Sequence[UsageEvent]
    tenant: str
    body: bytes
    form: Form


class Promise(NamedTuple):
    """An event that was accepted, and where it is said to stand."""

    event: UsageEvent
    position: Position


class Clients:
    """All of them."""

    def __init__(self, chance: Random, clock: Clock, ingresses: Sequence[Ingress]) -> None:
        self._chance = chance
        self._clock = clock
        self._ingresses = ingresses
        self._traffic = Traffic(chance)
        #: To be sent again.
        self.waiting: list[Request] = []
        self.under_way = 0
        self.promises: list[Promise] = []

    def actions(self) -> list[Action]:
        actions = [Action("client sends", 6, self._send_new)]
        if self.waiting:
            actions.append(Action("client repeats", 6, self.repeat))
        return actions

    def repeat(self) -> str:
        """Send again what had no answer, or a bad one."""
        return self._send(self.waiting.pop(self._chance.randrange(len(self.waiting))))

    def _send_new(self) -> str:
        events = self._traffic.events(self._clock.now_ms)
        return self._send(Request(events, events[0].series.tenant, *self._traffic.body(events)))

    def _send(self, request: Request) -> str:
        told = f"{len(request.meant)} events of {request.tenant}"
        if not self._chance.randrange(_LOST):
            self.waiting.append(request)
            return f"{told}, lost"
        self.under_way += 1
        ingress = self._chance.choice(self._ingresses)
        ingress.post(
            request.body, request.form, request.tenant, lambda answer: self._answered(request, answer)
        )
        return f"{told} to {ingress.name}"

    def _answered(self, request: Request, answer: Answer | None) -> None:
        """Take an answer, which may be lost on its way; None: the connection broke."""
        self.under_way -= 1
        if answer is None or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.waiting.append(request)
            return
        assert answer.status in {HTTPStatus.ACCEPTED, HTTPStatus.MULTI_STATUS, HTTPStatus.BAD_REQUEST}
        if answer.status == HTTPStatus.BAD_REQUEST:
            return
        results: list[dict[str, Any]] = msgspec.json.decode(answer.body)["results"]
        for event, result in zip(request.meant, results, strict=True):
            assert result["id"] == event.id
            if result["status"] != "rejected":
                self.promises.append(Promise(event, parse_position(result["position"])))
        if not self._chance.randrange(_LOST):
            # It never learns of its 2xx; what was promised is promised.
            self.waiting.append(request)
