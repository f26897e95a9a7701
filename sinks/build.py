"""Makes each sink out of settings, by its name on the command line."""

from collections.abc import Callable, Mapping
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING, Final, NamedTuple

from runtime.health import Health
from runtime.metrics import Metrics
from runtime.settings import Settings
from schemas.metrics import EVENT_END_TO_END, SINK_WAITING_ROWS
from schemas.topics import DEAD_LETTERS, DOOR, STRIPE
from sinks import sql
from sinks.dead_letters import reading as dead_letters
from sinks.door import reading as door
from sinks.mirror.sink import MirrorSink
from sinks.rollups.sink import RollupsSink
from sinks.rows import RowSink, one_by_one
from sinks.sink import Sink
from sinks.store import Store
from sinks.stripe import reading as stripe
from sinks.stripe.recording import Recording

if TYPE_CHECKING:
    from sinks.jobs.worker import Jobs

_MS: Final = 1_000


class Built(NamedTuple):
    """A sink and the connection that suits it."""

    sink: Sink
    store: Store


def rollups(settings: Settings, metrics: Metrics, _stop: Event) -> Built:
    """Make the rollups sink."""
    observe = metrics.histogram(EVENT_END_TO_END).labels("stored").observe
    show_waiting = metrics.gauge(SINK_WAITING_ROWS).set
    sink = RollupsSink(sql.queries(), settings.sink_interval_ms / _MS, observe, show_waiting)
    return Built(sink, Store(settings, "sink-rollups", sink.make_stages))


def archive(settings: Settings, _metrics: Metrics, stop: Event) -> Built:
    """Make the archive sink, and the thread that looks for orphans."""
    # Arrow takes 0.3 s and 60 MB to import, and a process of other sinks has no use for it.
    import pyarrow as pa  # noqa: PLC0415

    from sinks.archive.folder import Folder  # noqa: PLC0415
    from sinks.archive.orphans import Orphans  # noqa: PLC0415
    from sinks.archive.sink import ArchiveSink  # noqa: PLC0415

    # Its thread pool would take the processors' cores for a file that nobody waits for.
    pa.set_cpu_count(1)
    # Arrow's own pool keeps what a file of events took; the system's gives it back.
    pa.set_memory_pool(pa.system_memory_pool())
    folder = Folder(settings.archive)
    queries = sql.queries()
    orphans = Orphans(folder, Store(settings, "sink-archive-orphans"), queries)
    Thread(target=orphans.keep_removing, args=(stop,), name="archive-orphans", daemon=True).start()
    sink = ArchiveSink(folder, queries, settings.archive_interval_ms / _MS, settings.archive_rows)
    return Built(sink, Store(settings, "sink-archive"))


def letters(settings: Settings, _metrics: Metrics, _stop: Event) -> Built:
    """Make the sink of the dead letters."""
    upsert = one_by_one(sql.queries()["keep_dead_letter"])
    sink = RowSink("dead-letters", DEAD_LETTERS, dead_letters.read, upsert, settings.sink_interval_ms / _MS)
    return Built(sink, Store(settings, "sink-dead-letters"))


def tallies(settings: Settings, _metrics: Metrics, _stop: Event) -> Built:
    """Make the sink of the doors' tallies."""
    upsert = one_by_one(sql.queries()["keep_tally"])
    sink = RowSink("door", DOOR, door.read, upsert, settings.sink_interval_ms / _MS)
    return Built(sink, Store(settings, "sink-door"))


def webhooks(settings: Settings, _metrics: Metrics, _stop: Event) -> Built:
    """Make the sink of Stripe's webhooks."""
    recording = Recording(sql.queries())
    sink = RowSink("stripe", STRIPE, stripe.read, recording.record, settings.sink_interval_ms / _MS)
    return Built(sink, Store(settings, "sink-stripe", recording.make_stage))


def mirror(settings: Settings, _metrics: Metrics, _stop: Event) -> Built:
    """Make the sink of the mirror of Stripe's objects."""
    return Built(MirrorSink(sql.queries(), settings.sink_interval_ms / _MS), Store(settings, "sink-mirror"))


#: The name under which durable jobs are worked on, beside the sinks.
JOBS_NAME: Final = "jobs"


def jobs(settings: Settings, metrics: Metrics, health: Health, stop: Event) -> "Jobs":
    """Make the worker on durable jobs."""
    # The library takes 0.2 s and 10 MB to import, and a process of other sinks has no use for it.
    from sinks.jobs.worker import Jobs  # noqa: PLC0415
    from sinks.stripe.jobs import stripe_jobs  # noqa: PLC0415

    return Jobs(settings, metrics, health, stop, partial(stripe_jobs, settings, metrics))


#: Every sink by its name.
BUILDERS: Final[Mapping[str, Callable[[Settings, Metrics, Event], Built]]] = {
    "rollups": rollups,
    "archive": archive,
    "dead-letters": letters,
    "door": tallies,
    "stripe": webhooks,
    "mirror": mirror,
}
