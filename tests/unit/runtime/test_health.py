import pytest

from runtime.health import STUCK_SECONDS, Health


class Worker:
    """A process as its health sees it, with a clock of its own."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.position = 0
        self.lag = 0
        self.kafka: str | None = None
        self.health = Health(clock=lambda: self.now)
        self.health.need("kafka", lambda: self.kafka, dependency=True)
        self.health.watch("usage", lambda: self.position, lambda: self.lag)

    def alive_after(self, seconds: float) -> bool:
        """Look once, then again after *seconds* in steps of a second, and return the last look."""
        good = self.health.liveness().good
        for _ in range(int(seconds)):
            self.now += 1
            good = self.health.liveness().good
        return good


@pytest.fixture
def worker() -> Worker:
    worker = Worker()
    worker.health.liveness()
    return worker


def test_a_process_without_needs_is_ready_and_alive() -> None:
    health = Health()
    assert health.readiness().good
    assert health.liveness().good


def test_a_process_is_ready_when_nothing_is_missing_and_names_what_is() -> None:
    missing: dict[str, str | None] = {"catalogue": "not read yet"}
    health = Health()
    health.need("catalogue", lambda: missing["catalogue"])
    health.need("producer", lambda: None)

    assert health.readiness() == (False, {"catalogue": "not read yet"})
    missing["catalogue"] = None
    assert health.readiness() == (True, {})


def test_a_worker_that_stands_still_with_work_waiting_is_stuck_after_a_minute(worker: Worker) -> None:
    worker.lag = 1
    assert worker.alive_after(STUCK_SECONDS - 1)
    assert not worker.alive_after(1)
    assert "nothing has moved for 60 s" in worker.health.liveness().reasons["usage"]


def test_a_worker_with_nothing_to_do_is_never_stuck(worker: Worker) -> None:
    assert worker.alive_after(10 * STUCK_SECONDS)


def test_work_that_has_just_come_does_not_make_a_long_idle_worker_stuck(worker: Worker) -> None:
    worker.alive_after(10 * STUCK_SECONDS)
    worker.lag = 1
    assert worker.alive_after(STUCK_SECONDS - 1)


def test_any_move_begins_the_minute_anew(worker: Worker) -> None:
    worker.lag = 1_000_000
    worker.alive_after(STUCK_SECONDS - 1)
    worker.position += 1
    assert worker.alive_after(STUCK_SECONDS - 1)


def test_a_stuck_worker_that_moves_again_is_alive(worker: Worker) -> None:
    worker.lag = 1
    assert not worker.alive_after(STUCK_SECONDS)
    worker.position += 1
    assert worker.health.liveness().good


def test_nobody_is_stuck_while_a_dependency_is_away(worker: Worker) -> None:
    worker.lag = 1
    worker.kafka = "does not answer"
    assert worker.alive_after(10 * STUCK_SECONDS)


def test_after_an_outage_a_worker_has_a_minute_to_move(worker: Worker) -> None:
    worker.lag = 1
    worker.kafka = "does not answer"
    worker.alive_after(10 * STUCK_SECONDS)
    worker.kafka = None
    assert worker.alive_after(STUCK_SECONDS - 1)
    assert not worker.alive_after(1)


def test_a_need_that_is_no_dependency_excuses_nobody(worker: Worker) -> None:
    worker.health.need("assignment", lambda: "no partitions yet")
    worker.lag = 1
    assert not worker.alive_after(STUCK_SECONDS)


def test_one_stuck_worker_among_good_ones_is_named(worker: Worker) -> None:
    worker.health.watch("archive", lambda: 7, lambda: 7)
    worker.alive_after(STUCK_SECONDS + 1)
    assert list(worker.health.liveness().reasons) == ["archive"]
