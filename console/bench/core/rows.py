"""Every figure of `weir bench`, declared once: what it is, the bar, what the prototypes reached, the goal.

To measure something new: a row here, and a measurement that fills it in `console/bench/plan.py`.
"""

from typing import Final, Literal, NamedTuple

#: Which way is better.
Better = Literal["more", "less"]
#: How far a figure got: beyond the goal, over the bar, below it; none where there is no bar.
Reached = Literal["goal", "bar", "below", "none"]


#: CPU microseconds that aiohttp took for a request with a fixed answer where the bars were set.
REQUEST_FLOOR_US: Final = 30.0
#: Units of what a machine does faster or slower. Pauses and time limits of ours are in seconds.
_OF_THE_MACHINE: Final = {"events/s", "µs", "ms"}


class Row(NamedTuple):
    """One line of the table."""

    name: str
    #: With the sizes of the scale in braces.
    what: str
    unit: str
    better: Better
    bar: float | None = None
    #: As it was noted, ranges included.
    prototype: str = ""
    goal: float | None = None

    def reached(self, figure: float) -> Reached:
        """Say what *figure* is good for."""
        if self.bar is None or self.goal is None:
            return "none"
        sign = 1 if self.better == "more" else -1
        if sign * figure >= sign * self.goal:
            return "goal"
        return "bar" if sign * figure >= sign * self.bar else "below"

    def on_a_machine(self, slower: float) -> "Row":
        """Return the row with the bar and the goal of a machine that needs *slower* times as long."""
        if self.bar is None or self.goal is None or self.unit not in _OF_THE_MACHINE:
            return self
        factor = 1 / slower if self.better == "more" else slower
        return self._replace(bar=self.bar * factor, goal=self.goal * factor)


ROWS: Final = (
    Row("http-100", "HTTP batches of 100 to rollups and archive", "events/s", "more", 75_000, "", 120_000),
    Row("http-1000", "HTTP batches of 1,000 to rollups and archive", "events/s", "more"),
    Row("http-single", "HTTP single events to rollups and archive", "events/s", "more", 4_000, "", 9_000),
    Row("http-100-stored", "HTTP batches of 100 to rollups", "events/s", "more"),
    Row("http-single-stored", "HTTP single events to rollups", "events/s", "more"),
    Row("log-to-store", "Kafka to PostgreSQL, one processor, one sink", "events/s", "more", 150_000,
        "254,000 JSON, 339,000 packs", 500_000),
    Row("ingest-cpu-single", "ingress CPU per event, single", "µs", "less", 100, "55 to 82", 50),
    Row("ingest-cpu-100", "ingress CPU per event, batches of 100", "µs", "less", 8, "5.2", 4),
    Row("ingest-cpu-1000", "ingress CPU per event, batches of 1,000", "µs", "less", 6, "3.9", 3),
    Row("ack-p50-single", "acknowledged at half load, p50, single", "ms", "less"),
    Row("ack-p99-single", "acknowledged at half load, p99, single", "ms", "less", 25, "9.9", 10),
    Row("ack-p50-100", "acknowledged at half load, p50, batch of 100", "ms", "less"),
    Row("ack-p99-100", "acknowledged at half load, p99, batch of 100", "ms", "less", 40, "17.4", 15),
    Row("stored-p50", "accepted to committed in PostgreSQL at 2,000 events/s, p50", "ms", "less"),
    Row("stored-p99", "accepted to committed in PostgreSQL at 2,000 events/s, p99", "ms", "less", 1_000,
        "156", 150),
    Row("quota-check-p50", "a quota checked beside half load, 1,000 a second, p50", "ms", "less"),
    Row("quota-check-p99", "a quota checked beside half load, 1,000 a second, p99", "ms", "less", 5, "", 1),
    Row("quota-known-p50", "accepted until a check knows of it at 2,000 events/s, p50", "ms", "less"),
    Row("quota-known-p99", "accepted until a check knows of it at 2,000 events/s, p99", "ms", "less", 250,
        "24", 25),
    Row("flood-ack-p99", "acknowledged beside another tenant's flood, p99", "ms", "less"),
    Row("flood-ack-times", "the same, against the tenant alone", "times", "less", 2, "", 1.2),
    Row("flood-known-p99", "accepted until a check knows beside that flood, p99", "ms", "less"),
    Row("flood-known-times", "the same, against the tenant alone", "times", "less", 2, "", 1.2),
    Row("webhook-ack-p50", "webhook acknowledged beside 10,000 events/s, 200 a second, p50", "ms", "less"),
    Row("webhook-ack-p99", "webhook acknowledged beside 10,000 events/s, 200 a second, p99", "ms", "less", 50,
        "", 10),
    Row("webhook-mirrored-p50", "webhook sent until mirrored, 200 a second, p50", "ms", "less"),
    Row("webhook-mirrored-p99", "webhook sent until mirrored, 200 a second, p99", "ms", "less", 1_000,
        "", 150),
    Row("webhook-mirrored-beside-p50", "the same, beside 10,000 events/s, p50", "ms", "less"),
    Row("webhook-mirrored-beside-p99", "the same, beside 10,000 events/s, p99", "ms", "less"),
    Row("http-webhooks", "webhooks over HTTP, one ingress", "events/s", "more", 3_000, "", 6_000),
    Row("ingest-cpu-webhook", "ingress CPU per webhook", "µs", "less", 333, "", 167),
    Row("webhooks-flood", "{webhooks_sent:,} webhooks from the log to record and mirror", "events/s", "more"),
    Row("webhooks-recorded", "{webhooks:,} webhooks read and recorded, one sink", "events/s", "more", 3_000,
        "", 4_000),
    Row("webhooks-newest", "newest of {webhooks:,} webhooks, or of a day, p99", "ms", "less", 200, "", 50),
    Row("webhooks-type", "those of a type, p99", "ms", "less", 200, "", 50),
    Row("webhooks-object", "those about an object, p99", "ms", "less", 200, "", 50),
    Row("webhooks-sighting", "those that came again, or said something else, p99", "ms", "less", 200, "", 50),
    Row("webhooks-text", "those that say some words, rare and frequent ones, p99", "ms", "less", 200, "", 50),
    Row("webhooks-all", "several filters at once, p99", "ms", "less", 200, "", 50),
    Row("webhooks-metrics", "counts of an hour, a day and 30 days of them, p99", "ms", "less", 200, "", 50),
    Row("kill-processor", "SIGKILL of a processor to first progress", "s", "less", 8, "3.4 to 5.6", 3),
    Row("kill-sink", "SIGKILL of a sink to first progress", "s", "less", 3, "0.3 to 1.3", 0.5),
    Row("kill-ingest", "SIGKILL of the ingress to first answer", "s", "less"),
    Row("start-keys", "processor's start with {keys:,} keys", "s", "less", 15, "8.5", 5),
    Row("start-ids", "processor's start with {ids:,} ids besides", "s", "less", 25, "13.6", 8),
    Row("memory-ingest", "peak memory of the ingress", "MB", "less", 150, "98", 100),
    Row("memory-processor", "peak memory of the processor under load", "MB", "less"),
    Row("memory-processor-keys", "memory of the processor with {keys:,} keys", "MB", "less", 1_200,
        "400 to 1,050", 800),
    Row("memory-sinks", "peak memory of all sinks in one process", "MB", "less", 400, "", 250),
    Row("lost", "events lost", "events", "less", 0, "0", 0),
    Row("double", "events counted twice", "events", "less", 0, "0", 0),
    Row("wrong-sums", "hours with a wrong sum", "hours", "less", 0, "0", 0),
    Row("gap", "gap in the balance sheet", "events", "less", 0, "0", 0),
)  # fmt: skip

#: They hold whatever the sizes.
EXACT: Final = ("lost", "double", "wrong-sums", "gap")
BY_NAME: Final = {row.name: row for row in ROWS}
