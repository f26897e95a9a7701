"""The canary: every few seconds it sends events that it knows, and looks whether they arrive as they should.

It goes the way of a customer: the public addresses, a key, nothing else. One works, the next stands by.
"""

import os
import threading
import time
from collections.abc import Callable
from itertools import product
from typing import Final, NamedTuple, get_args

import psycopg

from console.control.canary import close_account, open_account
from console.control.core.key import RANDOM_BYTES
from console.queries import queries
from console.watch.canary_http import Addresses, Failed
from console.watch.core.canary_law import QUANTITY, Round, customers_of
from console.watch.core.canary_state import State, found_state, month_of
from console.watch.core.canary_verdict import Failure, Kind, Stage, Verdict, judge
from runtime import logs
from runtime.metrics import Metrics
from runtime.postgres import Connection, connect_patiently
from runtime.settings import Settings
from schemas.canary import CANARY
from schemas.errors import TryAgain, WeirError
from schemas.instant import HOUR_MS, SECOND_MS
from schemas.metrics import (
    CANARY_FAILING,
    CANARY_FAILURES,
    CANARY_INTERVAL,
    CANARY_LAST_STAGE,
    CANARY_LAST_SUCCESS,
    CANARY_STAGE,
)
from schemas.period import MONTH, span_at

#: What a canary before us had on its way is on the log by then, or was given up: a door waits less for Kafka.
_SETTLE_MS: Final = 6 * SECOND_MS
#: Between two looks: quick at first, for the figures; then what is late is waited for.
_QUICK_SECONDS: Final = 0.05
_SLOW_SECONDS: Final = 0.5
_QUICK_FOR_SECONDS: Final = 2.0
_STANDBY_SECONDS: Final = 0.5
_RETRY_SECONDS: Final = 1.0

log = logs.get_logger(__name__)


class _Stopped(Exception):  # noqa: N818 -- somebody asked for it
    """The process ends in the middle of a round."""


class _Trip(NamedTuple):
    """One round that is on the log, and since when; seconds are of the monotonic clock."""

    sent: Round
    begun: float
    deadline: float
    #: Our clock when the door had confirmed it.
    confirmed_ms: int


class Canary:
    """Sends a round every few seconds, if the settings say where. Run it in a thread of its own."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._failing = False

    def run(self, stop: threading.Event) -> None:
        """Send and look until *stop* is set; what is away is waited for."""
        known = self._settings.canary_ingest and self._settings.canary_console
        interval = self._settings.canary_seconds if known else 0
        self._metrics.gauge(CANARY_INTERVAL).set(interval)
        if not interval:
            self._close(stop)
        while interval and not stop.is_set():
            try:
                self._session(stop)
            except _Stopped:
                return
            except (WeirError, psycopg.Error) as error:
                log.warning("canary.waits", reason=str(error))
                stop.wait(_RETRY_SECONDS)

    def _close(self, stop: threading.Event) -> None:
        """Revoke the keys of a canary that was here and is not wanted any more."""
        try:
            connection = connect_patiently(self._settings, "canary", stop, autocommit=True)
            if connection is not None:
                with connection:
                    if _has_turn(connection):
                        close_account(connection)
        except (WeirError, psycopg.Error) as error:
            log.warning("canary.not_closed", reason=str(error))

    def _session(self, stop: threading.Event) -> None:
        """Work for as long as one connection holds the lock."""
        connection = connect_patiently(self._settings, "canary", stop, autocommit=True)
        if connection is None:
            return
        with connection:
            if not _take_turn(connection, stop):
                return
            key = open_account(connection, os.urandom(RANDOM_BYTES))
            ingest = self._settings.canary_ingest
            checks = self._settings.canary_checks or ingest
            addresses = Addresses(ingest, checks, self._settings.canary_console, key)
            state = self._begin(addresses, stop)
            while not stop.is_set():
                _check_turn(connection)
                begun = time.monotonic()
                state = self._round(state, addresses, stop)
                stop.wait(max(begun + self._settings.canary_seconds - time.monotonic(), 0))

    def _begin(self, addresses: Addresses, stop: threading.Event) -> State:
        """Return what there is of earlier rounds, once nothing of them can be on its way. Raises _Stopped."""
        customers = customers_of(self._settings.partitions)
        begun_ms, patience = _now_ms(), _SETTLE_MS / SECOND_MS + self._settings.canary_late_seconds
        deadline = time.monotonic() + patience
        while True:
            try:
                # The door has to know our key and our meter, which come by way of the catalogue.
                addresses.used(customers[0])
                now_ms = _now_ms()
                hour_ms = now_ms // HOUR_MS * HOUR_MS
                month = addresses.usage("month", *span_at(MONTH, hour_ms))
                hours = addresses.usage("hour", hour_ms - HOUR_MS, hour_ms + HOUR_MS)
                if min(month.through_ms or 0, hours.through_ms or 0) > begun_ms + _SETTLE_MS:
                    used = {key: number for key, number in month.figures.items() if key[2] == QUANTITY}
                    state, verdict = found_state(customers, hours.figures, used, now_ms)
                    log.info("canary.begins", hours=state.hours)
                    if verdict.state != "right":
                        self._tell([Failure("stored", "wrong", verdict.why)])
                    return state
                failure = Failure("stored", "late", "usage is not complete up to our start")
            except Failed as error:
                failure = error.failure
            if time.monotonic() > deadline:
                self._tell([failure])
                deadline = time.monotonic() + patience
            if stop.wait(_SLOW_SECONDS):
                raise _Stopped

    def _round(self, state: State, addresses: Addresses, stop: threading.Event) -> State:
        """Send one round and see it through; return the state behind it. Raises _Stopped."""
        sent, begun = state.next_round(_now_ms()), time.monotonic()
        try:
            addresses.send(sent)
        except Failed as error:
            self._tell([error.failure], sent)
            return state.sending(sent)
        state = state.confirmed(sent)
        self._reached("accepted", begun)
        trip = _Trip(sent, begun, begun + self._settings.canary_late_seconds, _now_ms())
        looks: dict[Stage, Callable[[], Verdict]] = {
            "quota": lambda: _look_at_quota(state, addresses, trip),
            "stored": lambda: _look_at_usage(state, addresses, trip),
        }
        found = (self._watch(stage, look, trip, stop) for stage, look in looks.items())
        self._tell([failure for failure in found if failure is not None], sent)
        return state

    def _watch(
        self, stage: Stage, look: Callable[[], Verdict], trip: _Trip, stop: threading.Event
    ) -> Failure | None:
        """Look until it is right; return what is wrong, or that it is late. Raises _Stopped."""
        while True:
            try:
                verdict = look()
            except Failed as error:
                return error.failure
            if verdict.state == "right":
                self._reached(stage, trip.begun)
                return None
            if verdict.state == "wrong":
                return Failure(stage, "wrong", verdict.why)
            now = time.monotonic()
            if now > trip.deadline:
                return Failure(stage, "late", verdict.why)
            if stop.wait(_QUICK_SECONDS if now < trip.begun + _QUICK_FOR_SECONDS else _SLOW_SECONDS):
                raise _Stopped

    def _reached(self, stage: Stage, begun: float) -> None:
        seconds = time.monotonic() - begun
        self._metrics.histogram(CANARY_STAGE).labels(stage).observe(seconds)
        self._metrics.gauge(CANARY_LAST_STAGE).labels(stage).set(seconds)

    def _tell(self, failures: list[Failure], sent: Round | None = None) -> None:
        """Put the end of a round on the metrics and into the log; no failure: it was right everywhere."""
        which = {} if sent is None else sent._asdict()
        for stage, kind in product(get_args(Stage), get_args(Kind)):
            self._metrics.gauge(CANARY_FAILING).labels(stage, kind).set(0)
        for stage, kind, detail in failures:
            self._metrics.counter(CANARY_FAILURES).labels(stage, kind).inc()
            self._metrics.gauge(CANARY_FAILING).labels(stage, kind).set(1)
            log.error("canary.failed", stage=stage, kind=kind, detail=detail, **which)
        if not failures:
            self._metrics.gauge(CANARY_LAST_SUCCESS).set(time.time())
            if self._failing:
                log.info("canary.recovered", **which)
        self._failing = bool(failures)


def _take_turn(connection: Connection, stop: threading.Event) -> bool:
    """Wait for the lock; return whether we have it."""
    while not stop.is_set():
        if _has_turn(connection):
            return True
        stop.wait(_STANDBY_SECONDS)
    return False


def _has_turn(connection: Connection) -> bool:
    (locked,) = connection.execute(queries(__package__)["canary_try_lock"]).fetchone() or (False,)
    return bool(locked)


def _check_turn(connection: Connection) -> None:
    """Return if lock and key are still ours. Raises TryAgain or psycopg's errors: a new session has both."""
    asked = connection.execute(queries(__package__)["canary_may_go_on"], {"tenant": CANARY})
    if asked.fetchone() != (True,):
        raise TryAgain("the key of the canary was revoked: it takes another")


def _look_at_quota(state: State, addresses: Addresses, trip: _Trip) -> Verdict:
    used = addresses.used(trip.sent.customer)
    month_ms = month_of(trip.sent.hour_ms)
    if used.start_ms > month_ms:
        # The month of the round is over: no quota speaks of it any more.
        return Verdict("right")
    if used.micro is None or used.start_ms < month_ms:
        return Verdict("waiting", "the quota is not known, or no longer fresh")
    seen = {(used.start_ms, trip.sent.customer, QUANTITY): used.micro}
    return judge(state.expected_used(trip.sent), seen, used.through_ms, trip.confirmed_ms)


def _look_at_usage(state: State, addresses: Addresses, trip: _Trip) -> Verdict:
    seen = addresses.usage("hour", state.since_ms(), trip.sent.hour_ms + HOUR_MS)
    return judge(state.expected(), seen.figures, seen.through_ms, trip.confirmed_ms)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
