"""What the broker's client has got wrong for good is asked by a new client."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from runtime.broker import Broker
from schemas.errors import TryAgain


class Client:
    """An admin client that always says the same."""

    def __init__(self, answer: int | KafkaException) -> None:
        self._answer = answer

    def list_offsets(self, asked: dict[Any, Any], **_: object) -> dict[Any, "Future[Any]"]:
        futures: dict[Any, Future[Any]] = {}
        for partition in asked:
            future = futures[partition] = Future()
            if isinstance(self._answer, int):
                future.set_result(SimpleNamespace(offset=self._answer))
            else:
                future.set_exception(self._answer)
        return futures

    def poll(self, _seconds: float) -> None:
        """Nothing to tell."""


def asked_twice(code: int) -> int:
    clients = [Client(KafkaException(KafkaError(code))), Client(7)]
    broker = Broker(lambda: clients.pop(0))  # type: ignore[arg-type, return-value]
    with pytest.raises(TryAgain):
        broker.latest([("usage", 0)])
    return broker.latest([("usage", 0)])["usage", 0]


def test_a_client_with_a_stale_leader_epoch_is_replaced() -> None:
    assert asked_twice(KafkaError.FENCED_LEADER_EPOCH) == 7


def test_a_client_that_got_any_other_answer_is_kept() -> None:
    with pytest.raises(TryAgain):
        asked_twice(KafkaError.LEADER_NOT_AVAILABLE)
