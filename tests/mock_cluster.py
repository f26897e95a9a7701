"""librdkafka's mock cluster: real sockets, no broker, and errors on demand.

The confluent-kafka wheel carries librdkafka with all of its mock functions exported. What a mock
cannot show (compaction, retention, transactions) is tested on the real broker.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import confluent_kafka

PRODUCE: Final = 0
NOT_LEADER: Final = 6
REQUEST_TIMED_OUT: Final = 7
MESSAGE_TOO_LARGE: Final = 10
NOT_ENOUGH_REPLICAS: Final = 19
NOT_ENOUGH_REPLICAS_AFTER_APPEND: Final = 20
TOPIC_AUTHORIZATION_FAILED: Final = 29

_PRODUCER: Final = 0
_TEXT: Final = 512


class MockCluster:
    """One mock broker in this process."""

    def __init__(self, library: ctypes.CDLL, cluster: int) -> None:
        self._library = library
        self._cluster = ctypes.c_void_p(cluster)

    @property
    def address(self) -> str:
        """Return its bootstrap servers."""
        self._library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        found: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return found.decode()

    def create_topic(self, name: str, partitions: int = 1) -> None:
        """Make a topic."""
        assert not self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)

    def fail_next(self, api: int, *errors: int) -> None:
        """Answer the next requests of kind *api* with *errors*, one each, without doing what they ask."""
        array = (ctypes.c_int * len(errors))(*errors)
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, ctypes.c_int16(api), ctypes.c_size_t(len(errors)), array
        )

    def answer_after(self, milliseconds: int) -> None:
        """Answer every request so much later."""
        self._library.rd_kafka_mock_broker_set_rtt(self._cluster, ctypes.c_int32(1), milliseconds)

    def set_down(self) -> None:
        """Break every connection and refuse new ones."""
        self._library.rd_kafka_mock_broker_set_down(self._cluster, ctypes.c_int32(1))

    def set_up(self) -> None:
        """Be there again, with what was there before."""
        self._library.rd_kafka_mock_broker_set_up(self._cluster, ctypes.c_int32(1))


@contextmanager
def mock_cluster() -> Iterator[MockCluster]:
    """Run a mock cluster of one broker for as long as the block."""
    library = _library()
    error = ctypes.create_string_buffer(_TEXT)
    library.rd_kafka_conf_new.restype = ctypes.c_void_p
    library.rd_kafka_new.restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_new.restype = ctypes.c_void_p
    client = library.rd_kafka_new(
        _PRODUCER, ctypes.c_void_p(library.rd_kafka_conf_new()), error, ctypes.c_size_t(_TEXT)
    )
    cluster = library.rd_kafka_mock_cluster_new(ctypes.c_void_p(client), 1)
    assert cluster, error.value
    try:
        yield MockCluster(library, cluster)
    finally:
        library.rd_kafka_mock_cluster_destroy(ctypes.c_void_p(cluster))
        library.rd_kafka_destroy(ctypes.c_void_p(client))


def _library() -> ctypes.CDLL:
    folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    (found,) = folder.glob("librdkafka*")
    return ctypes.CDLL(str(found))
