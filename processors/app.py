"""How Faust is set up: its group membership and consumer, and nothing of its tables or producer."""

import sys
from typing import Any, Final

import faust

from processors.stream.tables import NoTables
from runtime.kafka_security import faust_config
from runtime.settings import Settings

#: Records that wait in the agent's queue; at 40 KB a pack this bounds memory.
_BUFFER_RECORDS: Final = 4_096
_FETCH_BYTES: Final = 4 << 20
_COMMIT_SECONDS: Final = 1.0
_MAX_POLL_SECONDS: Final = 300.0


def group_of(settings: Settings, agent: str) -> str:
    """Return the consumer group of *agent*."""
    return f"{settings.topic_prefix}{agent}-processor"


def build_faust(settings: Settings, agent: str) -> faust.App:
    """Return the Faust app of *agent*, whose static member id is the process's instance name.

    Faust declares no topic, keeps no table, has no leader and serves no page. What it commits is
    information for lag tools: the state says where reading goes on.
    """
    options: dict[str, Any] = {
        **faust_config(settings),
        "version": 1,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "topic_partitions": settings.partitions,
        "store": "memory://",
        "TableManager": NoTables,
        # Faust makes one even for nothing; without a word, below the folder it is started in.
        "datadir": settings.data / "processors" / settings.instance / "faust",
        "table_standby_replicas": 0,
        "processing_guarantee": "at_least_once",
        # The default supervisor restarts an agent behind the event that it failed at.
        "agent_supervisor": "mode.CrashingSupervisor",
        "value_serializer": "raw",
        "key_serializer": "raw",
        "web_enabled": False,
        "stream_buffer_maxsize": _BUFFER_RECORDS,
        "stream_wait_empty": True,
        "stream_publish_on_commit": False,
        "stream_recovery_delay": 0.0,
        "broker_commit_interval": _COMMIT_SECONDS,
        "broker_commit_every": sys.maxsize,
        "broker_session_timeout": settings.session_timeout_ms / 1000,
        "broker_heartbeat_interval": settings.session_timeout_ms / 10_000,
        "broker_rebalance_timeout": 2 * settings.session_timeout_ms / 1000,
        "broker_request_timeout": _MAX_POLL_SECONDS,
        "broker_max_poll_interval": _MAX_POLL_SECONDS,
        "consumer_group_instance_id": settings.instance,
        "consumer_max_fetch_size": _FETCH_BYTES,
        "consumer_auto_offset_reset": "earliest",
        "worker_redirect_stdouts": False,
    }
    return faust.App(group_of(settings, agent), **options)
