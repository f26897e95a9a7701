"""Faust as its tutorial shows it: one event a record, a table write for each.

What it lacks: a copy of an event counts again, and so does everything since the last commit after a
kill; sums are floats or strings of them; the table is in Kafka and memory, and nobody can query it.
"""

import os
from typing import Any

import faust


class Event(faust.Record):
    """One usage event."""

    id: str
    customer: str
    meter: str
    quantity: str = "1"


def build(broker: str, name: str, partitions: int, data: str) -> faust.App:
    """Return the app that counts the topic *name*-events into the table *name*-totals."""
    app = faust.App(
        name,
        broker=f"aiokafka://{broker}",
        topic_partitions=partitions,
        datadir=data,
        store="memory://",
        web_enabled=False,
    )
    events = app.topic(f"{name}-events", value_type=Event)
    totals: Any = app.Table("totals", default=float, partitions=partitions)

    @app.agent(events)
    async def count(stream: Any) -> None:  # noqa: ANN401 -- faust ships no types
        async for event in stream:
            totals[f"{event.customer}/{event.meter}"] += float(event.quantity)

    return app


def main() -> None:
    """Run as a Faust worker on what BASELINE_* name."""
    environ = os.environ
    app = build(
        environ["BASELINE_KAFKA"],
        environ["BASELINE_NAME"],
        int(environ["BASELINE_PARTITIONS"]),
        environ["BASELINE_DATA"],
    )
    app.finalize()
    worker = faust.Worker(app, loglevel="ERROR", redirect_stdouts=False)
    worker.execute_from_commandline()


if __name__ == "__main__":
    main()
