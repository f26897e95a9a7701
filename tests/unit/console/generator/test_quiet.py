"""Waiting for quiet begins with a broker that answers, however long that takes within the patience."""

from collections.abc import Callable

import pytest

from console.generator import quiet
from runtime.broker import Broker, Partition
from runtime.settings import Settings
from schemas.errors import TryAgain


class Returning:
    """A broker that has come back, and has no answer to the first questions."""

    def __init__(self, silent: int) -> None:
        self.silent = silent

    def latest(self, partitions: list[Partition]) -> dict[Partition, int]:
        """Return logs that are empty, once it answers."""
        self.silent -= 1
        if self.silent >= 0:
            raise TryAgain("Leader epoch is newer than broker epoch")
        return dict.fromkeys(partitions, 0)


@pytest.fixture
def wait_beside(monkeypatch: pytest.MonkeyPatch) -> Callable[[Returning, float], float]:
    """Return what waits for quiet beside a broker."""

    def wait(broker: Returning, seconds: float) -> float:
        monkeypatch.setattr(quiet, "_POLL_SECONDS", 0)
        monkeypatch.setattr(Broker, "of", lambda *_: broker)
        return quiet.wait_until_stored(Settings.load({}), seconds)

    return wait


def test_a_broker_that_has_just_come_back_is_asked_again(
    wait_beside: Callable[[Returning, float], float],
) -> None:
    broker = Returning(3)
    assert wait_beside(broker, 60) < 60
    assert broker.silent == -1


def test_one_that_stays_silent_is_given_up(wait_beside: Callable[[Returning, float], float]) -> None:
    with pytest.raises(TryAgain, match="Leader epoch"):
        wait_beside(Returning(10**9), 0.01)
