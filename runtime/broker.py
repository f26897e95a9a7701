"""What the broker knows about topics and logs: each question bounded in time, never repeated here.

What consumer groups have committed is asked for elsewhere, in `runtime.group_offsets`.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, Final, Self

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition

# Public by its documentation, though its __all__ leaves two of the names out.
from confluent_kafka.admin import AdminClient, ConfigResource, OffsetSpec  # type: ignore[attr-defined]

from runtime.kafka import admin_config
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.ground import TopicIdentity

#: Seconds for one question, the search for a broker included.
QUESTION_SECONDS: Final = 10.0
#: We wait a little longer than the request may take, because its own error says more than ours.
_LONGER_SECONDS: Final = 1.0
_RETENTION: Final = "retention.ms"

#: A topic's full name, and the number of one of its partitions.
Partition = tuple[str, int]


class Heard:
    """Keeps why connections failed. Without it a wrong password looks like a broker that is away."""

    def __init__(self) -> None:
        self._last = ""

    def error(self, error: KafkaError) -> None:
        """Hear an error of the client; that all brokers are down says less than the one before it."""
        if error.code() != KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 - its public name
            self._last = f" ({error.str()})"

    def take(self) -> str:
        """Return the last reason in brackets, once."""
        last, self._last = self._last, ""
        return last


class Broker:
    """Asks one Kafka cluster; safe in several threads. Every method raises TryAgain for want of an answer."""

    def __init__(
        self,
        connect: Callable[[], AdminClient],
        seconds: float = QUESTION_SECONDS,
        heard: "Heard | None" = None,
    ) -> None:
        """Ask by clients that *connect* makes."""
        self._connect = connect
        self._admin = connect()
        self._seconds = seconds
        self._heard = heard or Heard()

    @classmethod
    def of(cls, settings: Settings, client: str = "admin", seconds: float = QUESTION_SECONDS) -> Self:
        """Return the cluster that *settings* name; nothing is connected before the first question."""
        heard = Heard()
        config = admin_config(settings, client) | {"error_cb": heard.error}
        return cls(lambda: AdminClient(config), seconds, heard)

    def topics(self, names: Iterable[str]) -> dict[str, TopicIdentity]:
        """Return what those of *names* are that exist."""
        asked = list(names)
        if not asked:
            return {}
        futures = self._admin.describe_topics(TopicCollection(asked), request_timeout=self._seconds)
        found = {name: self._answer(future, or_unknown=True) for name, future in futures.items()}
        return {
            name: TopicIdentity(str(topic.topic_id), len(topic.partitions))
            for name, topic in found.items()
            if topic is not None
        }

    def out_of_step(self, names: Iterable[str]) -> dict[str, int]:
        """Return in how many of its partitions each topic has a copy that is not in step."""
        asked = list(names)
        if not asked:
            return {}
        futures = self._admin.describe_topics(TopicCollection(asked), request_timeout=self._seconds)
        return {
            name: sum(len(each.isr) < len(each.replicas) for each in self._answer(future).partitions)
            for name, future in futures.items()
        }

    def earliest(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return the offset of the oldest record that each log still has, or would have."""
        return self._offsets(partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    def latest(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return the offset that each log's next record gets: the high watermark."""
        return self._offsets(partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]

    def ends(self, topic: str, partitions: int) -> dict[int, int]:
        """Return, by partition, the offset that the next record of *topic* gets, which has *partitions*."""
        found = self.latest((topic, number) for number in range(partitions))
        return {number: end for (_, number), end in found.items()}

    def at_time(self, partitions: Iterable[Partition], at_ms: int) -> dict[Partition, int | None]:
        """Return the first offset at or after *at_ms* in record time; None where there is none yet."""
        found = self._offsets(partitions, OffsetSpec.for_timestamp(at_ms))
        return {partition: _or_none(offset) for partition, offset in found.items()}

    def retention_ms(self, topic: str) -> int | None:
        """Return how long *topic* keeps a record; None if for ever."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        futures = self._admin.describe_configs([resource], request_timeout=self._seconds)
        return _or_none(int(self._answer(futures[resource])[_RETENTION].value))

    def _offsets(self, partitions: Iterable[Partition], spec: OffsetSpec) -> dict[Partition, int]:
        asked = {TopicPartition(*partition): spec for partition in partitions}
        if not asked:
            return {}
        futures = self._admin.list_offsets(asked, request_timeout=self._seconds)
        return {
            (which.topic, which.partition): self._answer(future).offset for which, future in futures.items()
        }

    def _answer(self, future: "Future[Any]", *, or_unknown: bool = False) -> Any:  # noqa: ANN401 - the library's
        try:
            return future.result(self._seconds + _LONGER_SECONDS)
        except KafkaException as error:
            code = error.args[0].code()
            if or_unknown and code == KafkaError.UNKNOWN_TOPIC_OR_PART:
                return None
            if code == KafkaError.FENCED_LEADER_EPOCH:
                # After a broker's restart the client may hold on to the epoch that it knew, for ever.
                self._admin = self._connect()
            raise self._no_answer(error.args[0].str()) from None
        except FutureTimeoutError:
            raise self._no_answer(f"none within {self._seconds:.0f} s") from None

    def _no_answer(self, why: str) -> TryAgain:
        self._admin.poll(0)  # only here does the client tell what it has met on the way
        return TryAgain(f"Kafka has no answer: {why}{self._heard.take()}")


def lag(ends: Mapping[Partition, int], positions: Mapping[Partition, int]) -> int:
    """Return how many records lie between *positions* and *ends*, over all partitions of *positions*."""
    return sum(max(ends[partition] - position, 0) for partition, position in positions.items())


def _or_none(number: int) -> int | None:
    # Kafka says -1 where it has no answer or no limit.
    return None if number < 0 else number
