"""Webhooks on their way: how long until one is acknowledged, until it is mirrored, and how many at most."""

import time
from typing import Final

from console.bench.bench import Bench
from console.bench.committed import Watcher
from console.bench.core.log_places import Receipt, delays
from console.bench.core.spread import percentile
from console.bench.load import Pace
from console.bench.log_to_store import FROZEN, frozen
from console.bench.quotas import client, prober
from console.bench.run_of_load import deal, play
from console.bench.told_webhooks import check_told, places, publish, tell, wait_for_mirror
from console.bench.usage_of import cpu_seconds
from console.bench.webhook_load import send_webhooks, wait_for_door
from console.bench.wire import Answer

_RATE: Final = 200.0
_CONNECTIONS: Final = 32
#: Of usage, beside them.
_EVENTS_PER_SECOND: Final = 10_000
_BATCH: Final = 100
_MS: Final = 1_000


def measure_webhook_latency(bench: Bench) -> None:
    """Measure 200 webhooks a second, alone and beside usage: until acknowledged, and until mirrored."""
    for _ in range(bench.scale.repeat):
        _, mirrored = _deliver(bench, 0)
        _take(bench, "webhook-mirrored", mirrored)
        acknowledged, mirrored = _deliver(bench, _EVENTS_PER_SECOND)
        _take(bench, "webhook-ack", acknowledged)
        _take(bench, "webhook-mirrored-beside", mirrored)


def _deliver(bench: Bench, events_per_second: int) -> tuple[list[float], list[float]]:
    """Return the seconds until each webhook was acknowledged, and mirrored, beside so much usage."""
    told = tell(bench, int(_RATE * bench.scale.latency_seconds))
    # Usage goes on for as long as the stories, which are a little longer than asked.
    seconds = len(told.payloads) / _RATE + 1
    batches = deal(bench, int(events_per_second * seconds), _BATCH)
    watcher = Watcher(bench.stage.settings, "mirrored")
    with prober() as process:
        process.submit(wait_for_door, told.endpoint, told.payloads[0]).result()
        watcher.start()
        try:
            sending = process.submit(send_webhooks, told.endpoint, told.payloads, Pace(_CONNECTIONS, _RATE))
            if batches:
                run = play(bench, batches, Pace(_CONNECTIONS, events_per_second))
                bench.figures.stolen("webhook-ack", run.stolen_percent)
            sent = sending.result()
            wait_for_mirror(bench)
        finally:
            watcher.stop()
    check_told(bench, told)
    receipts = [Receipt(*place, one.begun_at) for place, one in zip(places(bench, told), sent, strict=True)]
    # The first one was known before: it is a repetition.
    return [one.ended_at - one.begun_at for one in sent], delays(receipts[1:], watcher.seen)


def measure_webhook_rate(bench: Bench) -> None:
    """Measure webhooks a second at the door, as fast as it answers, and what each costs it."""
    for turn in range(bench.scale.repeat):
        told = tell(bench, bench.scale.webhooks_sent)
        pids = bench.stage.pids()
        with client() as process:
            process.submit(wait_for_door, told.endpoint, told.payloads[0]).result()
            before = cpu_seconds(pids)
            pace = Pace(_CONNECTIONS)
            sent = process.submit(send_webhooks, told.endpoint, told.payloads, pace).result()
            spent = cpu_seconds(pids)["ingest"] - before["ingest"]
        rate = len(sent) / _seconds(sent)
        bench.figures.add("http-webhooks", rate)
        bench.figures.add("ingest-cpu-webhook", 1e6 * spent / len(sent))
        bench.stage.say(f"webhooks over HTTP {turn + 1}/{bench.scale.repeat}: {rate:,.0f} a second")
        wait_for_mirror(bench)
        check_told(bench, told)


def measure_webhook_flood(bench: Bench) -> None:
    """Measure webhooks a second from the log to the record and the mirror.

    Processor and sinks sleep (SIGSTOP) while the webhooks are written, as in `log_to_store`.
    """
    stage = bench.stage
    for turn in range(bench.scale.repeat):
        told = tell(bench, bench.scale.webhooks_sent)
        pids = stage.pids()
        with frozen([pids[name] for name in FROZEN]):
            publish(bench, told)
        woken_at = time.monotonic()
        wait_for_mirror(bench)
        rate = len(told.payloads) / (time.monotonic() - woken_at)
        check_told(bench, told)
        bench.figures.add("webhooks-flood", rate)
        stage.say(f"webhooks from the log {turn + 1}/{bench.scale.repeat}: {rate:,.0f} a second")


def _take(bench: Bench, name: str, seconds: list[float]) -> None:
    p50, p99 = _MS * percentile(seconds, 50), _MS * percentile(seconds, 99)
    bench.figures.add(f"{name}-p50", p50)
    bench.figures.add(f"{name}-p99", p99)
    bench.stage.say(f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms of {len(seconds)}")


def _seconds(sent: list[Answer]) -> float:
    return max(one.ended_at for one in sent) - min(one.begun_at for one in sent)
