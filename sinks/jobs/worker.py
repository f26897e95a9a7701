"""Works on durable jobs, in a thread with a loop of its own, beside the sinks.

procrastinate hands out the orders and keeps them in PostgreSQL. Around it: orders of a process that was
killed are taken up, periodic jobs are ordered, and PostgreSQL may be away.
"""

import asyncio
import logging
import threading
import time
from asyncio import CancelledError
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, Final

import psycopg
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job as Order
from procrastinate.worker import Worker
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import scalar_row

from runtime import logs
from runtime.backoff import delays
from runtime.health import Health
from runtime.metrics import Metrics
from runtime.postgres import AsyncConnection, Pool, open_pool
from runtime.settings import Settings
from schemas.alert import JobDeadlineMissed
from schemas.errors import Misconfigured, Reject, TryAgain
from schemas.instant import SECOND_MS
from schemas.metrics import JOB_DEADLINES_MISSED, JOBS
from sinks import sql
from sinks.alerts import keep_alert
from sinks.jobs.core.period import Run, again_in_s, deadline_of, period_of
from sinks.jobs.job import QUEUE, Job

#: Orders worked on at the same time; they wait for others most of the time.
_AT_ONCE: Final = 4
_MOST_CONNECTIONS: Final = 6
_POOL_SECONDS: Final = 2.0
#: How long the first connection may take: a busy machine must not keep us from ever beginning.
_OPEN_SECONDS: Final = 5.0
#: An order of a process that was killed is taken up after so long at the latest, and a look.
_SILENT_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 2.0
#: procrastinate's own sign of life ends with the first outage, and nobody hears of it: each look gives one.
_NEVER_SECONDS: Final = 1e9
#: How long an order that is under way may still take when we are to stop.
_GRACE_SECONDS: Final = 1.0
_FORGET_SECONDS: Final = 3_600.0
#: Their own schema comes last: every name of ours is found first.
_PATH: Final = '"$user",public,jobs'

#: Something outside does not answer: the order is tried again later.
_AWAY: Final = (TryAgain, psycopg.OperationalError, psycopg.InterfaceError, ConnectorException)

#: Makes the jobs of one process, which end with the stack: their connections are closed by it.
MakeJobs = Callable[[Pool, AsyncExitStack], Sequence[Job]]

log = logs.get_logger(__name__)


class Jobs:
    """Works until it is to stop."""

    def __init__(
        self, settings: Settings, metrics: Metrics, health: Health, stop: threading.Event, make: MakeJobs
    ) -> None:
        """Work on what *make* makes."""
        self._settings = replace(settings, postgres=_with_path(settings.postgres))
        self._ended = metrics.counter(JOBS)
        self._missed = metrics.counter(JOB_DEADLINES_MISSED)
        self._stop = stop
        self._make = make
        self._missing: str | None = "has not started yet"
        #: Orders whose work is under way.
        self._running: set[int] = set()
        health.need("jobs: store", lambda: self._missing, dependency=True)
        # Ours say the same better, and what it raises comes to us.
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)

    def run(self) -> None:
        """Work until stopped. Raises what is no outage."""
        asyncio.run(self._until_stopped())

    async def _until_stopped(self) -> None:
        waits = delays()
        while not self._stop.is_set():
            try:
                await self._work()
            except* _AWAY as errors:
                if self._missing is None:  # it was there until now
                    waits = delays()
                self._missing = " ".join(str(errors.exceptions[0]).split())
                wait_s = next(waits)
                log.warning("jobs.store_away", reason=self._missing, next_try_seconds=wait_s)
                await self._stopped(wait_s)

    async def _work(self) -> None:
        """Work until stopped, or until PostgreSQL is away, which raises."""
        async with _opened(self._settings) as pool, AsyncExitStack() as stack:
            app = App(connector=PsycopgConnector())
            await app.open_async(pool)
            jobs = self._make(pool, stack)
            for job in jobs:
                self._add(app, pool, job)
            worker = Worker(
                app,
                queues=[QUEUE],
                name=self._settings.instance,
                concurrency=_AT_ONCE,
                fetch_job_polling_interval=_LOOK_SECONDS,
                shutdown_graceful_timeout=_GRACE_SECONDS,
                delete_jobs="successful",
                install_signal_handlers=False,
                update_heartbeat_interval=_NEVER_SECONDS,
                stalled_worker_timeout=_SILENT_SECONDS,
            )
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._work_on(worker)),
                    group.create_task(self._take_up(pool, worker)),
                    *(group.create_task(self._order(app, job)) for job in jobs if job.every_s is not None),
                ]
                await self._stopped()
                for task in tasks:
                    task.cancel()

    async def _work_on(self, worker: Worker) -> None:
        with suppress(CancelledError):
            # Typed but for what it returns.
            await worker.run()  # type: ignore[no-untyped-call]
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise CancelledError
        # A group takes no notice of a task that ends as if it had been cancelled.
        raise TryAgain("the worker has stopped by itself, as it does when PostgreSQL is away")

    def _add(self, app: App, pool: Pool, job: Job) -> None:
        async def work(context: JobContext, /, **arguments: Any) -> None:  # noqa: ANN401 - each job's own
            with _Watched(context.job, job.every_s, self._running, self._ended):
                timestamp = arguments.pop("timestamp", None)
                if timestamp is not None:
                    await self._note_begin(pool, job, timestamp)
                await job.work(**arguments)

        app.task(name=job.name, queue=QUEUE, pass_context=True, retry=_Again(job.every_s))(work)

    async def _note_begin(self, pool: Pool, job: Job, period_s: int) -> None:
        """Note that the run of a period begins, and keep the fact if that is too late."""
        run = Run(period_s, job.every_s or 1)
        now_ms = time.time_ns() // 1_000_000
        values = {"job": job.name, **run._asdict(), "now_ms": now_ms}
        async with pool.connection() as connection, connection.transaction():
            row = await (await connection.execute(sql.queries()["begin_job_run"], values)).fetchone()
            if row is None:
                return  # it began before, and begins again: it was stopped, or met an outage
            deadline = deadline_of(run, None if row[0] is None else Run(*row))
            if now_ms <= deadline.at_s * SECOND_MS:
                return
            missed = JobDeadlineMissed(
                job=job.name,
                owed_since_ms=deadline.period_s * SECOND_MS,
                deadline_ms=deadline.at_s * SECOND_MS,
                began_at_ms=now_ms,
            )
            if not await keep_alert(connection, missed, now_ms):
                return
        self._missed.labels(job.name).inc()
        late_s = now_ms // SECOND_MS - deadline.at_s
        log.warning("job.deadline_missed", job=job.name, late_seconds=late_s, period_seconds=job.every_s)

    async def _order(self, app: App, job: Job) -> None:
        """Order *job* in each period, the present one at once; in each, one process of all does so."""
        every_s = job.every_s or 1
        while True:
            period_s = period_of(int(time.time()), every_s)
            order = Order(
                id=None,
                queue=QUEUE,
                lock=job.name,
                queueing_lock=job.name,
                task_name=job.name,
                task_kwargs={"timestamp": period_s},
            )
            # Where the one of the period before still waits, this one would do the same work.
            with suppress(AlreadyEnqueued):
                await app.job_manager.defer_periodic_job(job=order, periodic_id="", defer_timestamp=period_s)
            if job.look is not None:
                await job.look()
            await asyncio.sleep(max(0.0, period_s + every_s - time.time()))

    async def _take_up(self, pool: Pool, worker: Worker) -> None:
        """Give signs of life, and have orders begun anew that somebody left behind.

        At times forget those that failed long ago. Raises TryAgain when others hold us for dead.
        """
        idle: set[int] = set()
        forgot = -_FORGET_SECONDS
        while True:
            async with pool.connection() as connection, connection.cursor(row_factory=scalar_row) as cursor:
                us = {"worker": worker.worker_id}
                await cursor.execute(sql.queries()["job_worker_lives"], us)
                if worker.worker_id is not None and not cursor.rowcount:
                    raise TryAgain("PostgreSQL does not know this worker any more: it begins anew")
                await cursor.execute(sql.queries()["job_ids_of_worker"], us)
                # Nobody works on them though they are ours: how they ended could not be written down. Work
                # that has just begun or ended looks the same, but not for two looks.
                before, idle = idle, set(await cursor.fetchall()) - self._running
                lost = list(before & idle)
                taken = await _take_up(connection, lost)
                if time.monotonic() - forgot >= _FORGET_SECONDS:
                    await cursor.execute(sql.queries()["forget_jobs"])
                    forgot = time.monotonic()
            self._missing = None
            if taken:
                log.warning("jobs.taken_up", orders=taken)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _stopped(self, seconds: float | None = None) -> None:
        """Return when we are to stop, or after *seconds*."""
        until = None if seconds is None else time.monotonic() + seconds
        while not self._stop.is_set() and (until is None or time.monotonic() < until):  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # set by another thread


class _Watched:
    """Knows an order as running while its work is, counts how that ends, and logs it."""

    def __init__(
        self,
        order: Order,
        every_s: int | None,
        running: set[int],
        ended: Any,  # noqa: ANN401 - a labelled counter
    ) -> None:
        self._order = order
        self._every_s = every_s
        self._running = running
        self._ended = ended

    def __enter__(self) -> None:
        if self._order.id is not None:
            self._running.add(self._order.id)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._running.discard(self._order.id or 0)
        name, number = self._order.task_name, self._order.id
        match error:
            case None:
                outcome = "done"
            case CancelledError():
                outcome = "again"
                log.info("job.stopped", job=name, order=number)
            case _ if isinstance(error, _AWAY):
                outcome = "again"
                wait_s = again_in_s(self._order.attempts, self._every_s)
                log.info("job.again", job=name, order=number, reason=str(error), next_try_seconds=wait_s)
            case Misconfigured() | Reject():
                outcome = "failed"
                log.warning("job.failed", job=name, order=number, reason=str(error))
            case _:
                outcome = "failed"
                log.error("job.failed", job=name, order=number, exc_info=error)
        self._ended.labels(name, outcome).inc()


class _Again(BaseRetryStrategy):
    """Tries again what was stopped, at once, and what met an outage, later."""

    def __init__(self, every_s: int | None) -> None:
        self._every_s = every_s

    def get_retry_decision(self, *, exception: BaseException, job: Order) -> RetryDecision | None:
        if isinstance(exception, CancelledError):
            return RetryDecision()
        if isinstance(exception, _AWAY):
            return RetryDecision(retry_in={"seconds": again_in_s(job.attempts, self._every_s)})
        return None


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Pool]:
    """Open a pool once PostgreSQL answers and has its tables. Raises TryAgain."""
    async with open_pool(settings, "sink-jobs", _MOST_CONNECTIONS, seconds=_POOL_SECONDS) as pool:
        async with pool.connection(_OPEN_SECONDS) as connection:
            found = await (await connection.execute(sql.queries()["jobs_are_there"])).fetchone()
        if found is None or not found[0]:
            raise TryAgain("the database has no tables yet: waiting for `weir db migrate`")
        yield pool


async def _take_up(connection: AsyncConnection, lost: Sequence[int]) -> int:
    """Have begun anew what was left behind, and the orders *lost*; return how many orders it were."""
    try:
        async with connection.transaction():
            values = {"silent_s": _SILENT_SECONDS, "lost": lost}
            return (await connection.execute(sql.queries()["take_up_jobs"], values)).rowcount
    except psycopg.errors.UniqueViolation:
        return 0  # its like was ordered just then: the next look sees that


def _with_path(dsn: str) -> str:
    """Return *dsn* with a path on which procrastinate finds its tables."""
    try:
        given: Mapping[str, Any] = conninfo_to_dict(dsn)
        return make_conninfo(dsn, options=f"{given.get('options') or ''} -c search_path={_PATH}".strip())
    except psycopg.ProgrammingError:
        return dsn  # no DSN: connecting says so
