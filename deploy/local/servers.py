"""Kafka and PostgreSQL as programs to be supervised."""

import os
import signal
from pathlib import Path

from deploy.local.child import Program
from deploy.local.kafka import ENVIRON, KafkaNode
from deploy.local.postgres import Cluster
from deploy.local.probes import kafka_not_ready

#: A broker with many partitions takes its time to close them.
_STOP_SECONDS = 30.0


def kafka_program(node: KafkaNode) -> Program:
    """Return the broker. Left alone, it closes its logs by itself."""
    return Program(
        name="kafka",
        argv=tuple(node.argv),
        environ={**os.environ, **ENVIRON},
        not_ready=lambda: kafka_not_ready(node.port),
        stop_seconds=_STOP_SECONDS,
        orphan_signal=signal.SIGTERM,
    )


def postgres_program(cluster: Cluster) -> Program:
    """Return the server. SIGINT is its fast shutdown; SIGTERM would wait for its clients to leave."""
    return Program(
        name="postgres",
        argv=tuple(cluster.argv),
        not_ready=cluster.not_ready,
        user=cluster.user,
        stop_signal=signal.SIGINT,
        stop_seconds=_STOP_SECONDS,
        orphan_signal=signal.SIGINT,
    )


def kafka_folder(data: Path) -> Path:
    """Return where a stack's broker keeps its logs."""
    return data / "kafka"


def postgres_folder(data: Path) -> Path:
    """Return where a stack's PostgreSQL keeps its cluster."""
    return data / "postgres"
