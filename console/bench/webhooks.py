"""The record of webhooks: how fast it is written, and how soon each filter answers over a month of it."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode

from console.bench.bench import Bench
from console.bench.core.spread import percentile
from console.bench.made_up_webhooks import (
    FIRST_NAMES,
    GOODS,
    OLD,
    TYPES,
    customer_of,
    event_id,
    object_of,
    record_webhooks,
)
from console.bench.wire import Wire, check_bytes
from schemas.errors import TryAgain
from schemas.instant import DAY_MS, format_instant

_MS: Final = 1_000
#: Numbers of the events that are asked for lie so far apart, over the whole month.
_STRIDE: Final = 611_953

#: What a question asks for, by the number of an event and the moment at which the month ends.
_Ask = Callable[[int, int], dict[str, str]]

#: By row: questions of each kind, in turn.
QUESTIONS: Final[Mapping[str, tuple[_Ask, ...]]] = MappingProxyType(
    {
        "webhooks-newest": (
            lambda _number, _now_ms: {},
            lambda number, now_ms: _span(number, now_ms, 1),
        ),
        "webhooks-type": (lambda number, _now_ms: {"type": _type(number)},),
        "webhooks-object": (lambda number, _now_ms: {"object": object_of(number)},),
        "webhooks-sighting": (
            lambda _number, _now_ms: {"sighting": "repeat"},
            lambda _number, _now_ms: {"sighting": "conflict"},
            lambda number, _now_ms: {"sighting": "conflict", "type": _type(number)},
        ),
        "webhooks-text": (
            lambda number, _now_ms: {"text": event_id(number)},
            lambda number, _now_ms: {"text": customer_of(number).email},
            lambda number, _now_ms: {"text": f"{_good(number)} {_name(number)}"},
            lambda _number, _now_ms: {"text": "invoice"},
            lambda _number, _now_ms: {"text": OLD},
            # Often each, and never together.
            lambda _number, _now_ms: {"text": " ".join(GOODS[:2])},
            lambda _number, _now_ms: {"text": "that nobody has said"},
        ),
        "webhooks-all": (
            lambda number, _now_ms: {"text": customer_of(number).name, "type": _type(number)},
            lambda number, _now_ms: {"text": _name(number), "object": object_of(number), "sighting": "first"},
            lambda number, now_ms: {
                **_span(number, now_ms, 7),
                "text": _good(number),
                "type": _type(number),
                "sighting": "repeat",
            },
        ),
        "webhooks-metrics": (
            lambda _number, _now_ms: {"window_hours": "1"},
            lambda _number, _now_ms: {"window_hours": "24"},
            lambda _number, _now_ms: {"window_hours": "720"},
        ),
    }
)
#: Where a row's questions go that are not of the list.
_PATHS: Final = MappingProxyType({"webhooks-metrics": "/v1/webhooks/metrics"})


def measure_webhooks(bench: Bench) -> None:
    """Measure the writing of the record once, and p99 of each filter over it. Raises TryAgain."""
    scale, stage = bench.scale, bench.stage
    account, now_ms = stage.accounts[0], int(time.time() * _MS)
    rate = record_webhooks(stage.settings, account.tenant, scale.webhooks, now_ms)
    bench.figures.add("webhooks-recorded", rate)
    stage.say(f"{scale.webhooks:,} webhooks are recorded, {rate:,.0f} a second")
    for _ in range(scale.repeat):
        for row in QUESTIONS:
            taken = asyncio.run(_ask(bench, account.key, row, now_ms))
            p50, p99 = percentile(taken, 50), percentile(taken, 99)
            bench.figures.add(row, p99)
            stage.say(f"{row}: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


async def _ask(bench: Bench, key: str, row: str, now_ms: int) -> list[float]:
    """Return how long each answer took, in ms, one question after the other."""
    settings, taken = bench.stage.settings, []
    wire = Wire(settings.host, settings.console_port)
    for parameters in _parameters(row, bench.scale.webhooks, bench.scale.searches, now_ms):
        path = f"{_PATHS[row]}?{urlencode(parameters)}" if row in _PATHS else _list_path(parameters)
        answer = await wire.send(check_bytes(settings.host, settings.console_port, key, path))
        if answer.status != HTTPStatus.OK:
            raise TryAgain(f"{path} is answered {answer.status}: this is no measurement")
        taken.append(_MS * (answer.ended_at - answer.begun_at))
    wire.close()
    return taken


def _list_path(parameters: dict[str, str]) -> str:
    return f"/v1/webhooks?{urlencode({**parameters, 'limit': '50'})}"


def _parameters(row: str, webhooks: int, searches: int, now_ms: int) -> Iterator[dict[str, str]]:
    for turn in range(searches):
        ask = QUESTIONS[row][turn % len(QUESTIONS[row])]
        yield ask(turn * _STRIDE % webhooks, now_ms)


def _span(number: int, now_ms: int, days: int) -> dict[str, str]:
    end_ms = now_ms - number % 20 * DAY_MS
    return {"from": format_instant(end_ms - days * DAY_MS), "to": format_instant(end_ms)}


def _type(number: int) -> str:
    return TYPES[number % len(TYPES)]


def _good(number: int) -> str:
    return GOODS[number % len(GOODS)]


def _name(number: int) -> str:
    return FIRST_NAMES[number % len(FIRST_NAMES)]
