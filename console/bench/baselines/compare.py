"""Measures the baselines on the servers of the running stack, with requests made as for Weir."""

import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from console.bench.baselines.program import await_port, running
from console.bench.bench import Bench
from console.bench.core.spread import percentile
from console.bench.load import Door, Pace, send
from console.bench.run_of_load import deal
from console.bench.throughput import HUNDRED, SINGLE, THOUSAND, Form
from console.generator.deck import Batch
from deploy.local.ports import LOCALHOST, free_port
from runtime.broker import Broker
from runtime.kafka import admin_config, producer_config
from schemas.errors import TryAgain

_BY_HAND: Final = "console.bench.baselines.by_hand"
_FIXED: Final = "console.bench.baselines.fixed_answer"
_FAUST: Final = "console.bench.baselines.stock_faust"
_ANSWER_SECONDS: Final = 60.0
_COUNT_SECONDS: Final = 180.0
_POLL_SECONDS: Final = 0.05
_SHARE: Final = 4
_MICRO: Final = 1_000_000


class Baseline(NamedTuple):
    """What one of them reached."""

    name: str
    form: str
    events_per_second: list[int]
    p99_ms: list[float]


def measure_baselines(bench: Bench) -> None:
    """Measure the web process in three forms, Faust, and the machine; note them beside the figures."""
    figures = bench.figures
    figures.notes["request_floor_us"] = [_floor_us(bench) for _ in range(bench.scale.repeat)]
    bench.stage.say(f"the least that a request costs: {figures.notes['request_floor_us']} µs")
    found = [*_by_hand(bench), _faust(bench)]
    figures.notes["baselines"] = [each._asdict() for each in found]


def _by_hand(bench: Bench) -> Iterator[Baseline]:
    scale, settings = bench.scale, bench.stage.settings
    port = free_port()
    environ = {"BASELINE_PORT": str(port), "BASELINE_DSN": settings.postgres}
    forms = (
        (SINGLE, scale.events_single // _SHARE),
        (HUNDRED, scale.events_100 // _SHARE),
        (THOUSAND, scale.events_1000 // _SHARE),
    )
    with running(_BY_HAND, environ) as process:
        await_port(process, port)
        door = Door(LOCALHOST, port, bench.stage.accounts)
        for form, events in forms:
            yield _web(bench, door, form, events)


def _web(bench: Bench, door: Door, form: Form, events: int) -> Baseline:
    rates, p99s = [], []
    for _ in range(bench.scale.repeat):
        # It rejects a whole batch for one bad event.
        sent = send(door, _clean(deal(bench, events, form.batch)), Pace(form.connections))
        rates.append(round(sent.events / (sent.ended_at - sent.begun_at)))
        p99s.append(round(percentile(sent.latencies_ms(), 99), 1))
        if refused := sum(attempt.answer.status != 202 for attempt in sent.attempts):  # noqa: PLR2004 -- HTTP
            raise TryAgain(f"the baseline did not take {refused} requests")
    bench.stage.say(f"by hand, {form.name}: {rates} events/s, p99 {p99s} ms")
    return Baseline("by hand", form.name, rates, p99s)


def _floor_us(bench: Bench) -> float:
    """Return the CPU microseconds of a request that gets a fixed answer."""
    port = free_port()
    batches = deal(bench, bench.scale.events_single // _SHARE, SINGLE.batch)
    with running(_FIXED, {"BASELINE_PORT": str(port)}) as process:
        await_port(process, port)
        door = Door(LOCALHOST, port, bench.stage.accounts)
        before = _used_seconds(port)
        send(door, batches, Pace(SINGLE.connections))
        return round((_used_seconds(port) - before) / len(batches) * _MICRO, 1)


def _used_seconds(port: int) -> float:
    """Return the CPU seconds that the server at *port* says it has used."""
    url = f"http://{LOCALHOST}:{port}/"
    with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS) as answer:
        return float(answer.read())


def _clean(batches: Sequence[Batch]) -> list[Batch]:
    clean = (Batch(b.tenant, tuple(e for e in b.events if b'"quantity":""' not in e.line)) for b in batches)
    return [batch for batch in clean if batch.events]


def _faust(bench: Bench) -> Baseline:
    rates = [_faust_once(bench, turn) for turn in range(bench.scale.repeat)]
    bench.stage.say(f"stock Faust: {rates} events/s")
    return Baseline("stock Faust", "one event a record", rates, [])


def _faust_once(bench: Bench, turn: int) -> int:
    """Return events a second from the first table write on the changelog to the last one."""
    settings, name = bench.stage.settings, f"stock-{turn}"
    source, changelog = f"{name}-events", f"{name}-totals-changelog"
    events = [e.body for b in _clean(deal(bench, bench.scale.events_faust, 1)) for e in b.events]
    _make_topic(bench, source)
    producer = Producer(producer_config(settings, "bench-faust", queue_buffering_max_messages=1_000_000))
    for number, body in enumerate(events):
        producer.produce(source, body, partition=number % settings.partitions)
    producer.flush(_ANSWER_SECONDS)
    environ = {
        "BASELINE_KAFKA": settings.kafka,
        "BASELINE_NAME": name,
        "BASELINE_PARTITIONS": str(settings.partitions),
        "BASELINE_DATA": str(bench.stage.folder / name),
    }
    with running(_FAUST, environ, "worker") as process:
        return _count_writes(bench, process, changelog, len(events))


def _count_writes(bench: Bench, process: "subprocess.Popen[bytes]", changelog: str, events: int) -> int:
    broker = Broker.of(bench.stage.settings, "bench-faust")
    where = [(changelog, number) for number in range(bench.stage.settings.partitions)]
    begun, begun_with = 0.0, 0
    deadline = time.monotonic() + _COUNT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        written = 0
        with suppress(TryAgain):  # the worker makes the topic itself, and partitions take their time
            written = sum(broker.latest(where).values()) if broker.topics([changelog]) else 0
        if written >= events:
            return round((events - begun_with) / (time.monotonic() - begun)) if begun else 0
        if written and not begun:
            begun, begun_with = time.monotonic(), written
        time.sleep(_POLL_SECONDS)
    raise TryAgain(f"stock Faust has not written {events} times within {_COUNT_SECONDS:.0f} s")


def _make_topic(bench: Bench, name: str) -> None:
    settings = bench.stage.settings
    topic = NewTopic(name, num_partitions=settings.partitions, replication_factor=1)
    admin = AdminClient(admin_config(settings))  # an answer dies with the client that asked
    admin.create_topics([topic])[name].result(_ANSWER_SECONDS)
