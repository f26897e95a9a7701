"""Real Kafka and PostgreSQL for tests, by the same code that `weir up` uses."""

import os
import secrets
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from psycopg import sql

from deploy.local.child import Child
from deploy.local.jars import cache_folder, ensure_jars, pinned
from deploy.local.kafka import KafkaNode
from deploy.local.ports import free_base, lay_out
from deploy.local.postgres import APPLICATION, Cluster
from deploy.local.say import to_stderr
from deploy.local.servers import kafka_program, postgres_program
from runtime.broker import Broker, Partition
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.topics import TOPICS, Topic, topic_name
from sinks.sql import migrate
from tests.waiting import until

#: Enough to be spread, few enough that a broker with many tests' topics stays quick.
PARTITIONS = 4
_TEMPLATE = "weir_template"
_PORTS = ("WEIR_HEALTH_PORT", "WEIR_INGEST_PORT", "WEIR_CHECKS_PORT", "WEIR_CONSOLE_PORT")
_READY_SECONDS = 120.0


@dataclass
class LocalStack:
    """The session's servers. A test may kill them: `heal` starts them again, with their data."""

    node: KafkaNode
    cluster: Cluster
    kafka: Child
    postgres: Child
    admin: AdminClient

    def heal(self) -> None:
        """Start what a test has killed, and wake what it has frozen."""
        for server in (self.kafka, self.postgres):
            server.send(signal.SIGCONT)
            until(partial(_works, server), _READY_SECONDS)

    def stop(self) -> None:
        """Stop both."""
        self.kafka.stop()
        self.postgres.stop()

    def new_namespace(self, data: Path) -> "Namespace":
        """Make a database from the migrated template, and name a topic prefix that nobody has."""
        name = f"t{secrets.token_hex(4)}"
        with psycopg.connect(self.cluster.admin_dsn, autocommit=True) as admin:
            template = sql.Identifier(_TEMPLATE)
            admin.execute(
                sql.SQL("create database {} template {} owner weir").format(sql.Identifier(name), template)
            )
        environ = {
            "WEIR_KAFKA": self.node.address,
            "WEIR_POSTGRES": _dsn(self.cluster, name),
            "WEIR_TOPIC_PREFIX": f"{name}.",
            "WEIR_PARTITIONS": str(PARTITIONS),
            "WEIR_DATA": str(data / "weir"),
            "WEIR_SECRET_KEY": secrets.token_urlsafe(32),
            # Any that is free: what a test talks to, it gives a port of its own.
            **dict.fromkeys(_PORTS, "0"),
            "WEIR_SESSION_TIMEOUT_MS": "6000",
        }
        return Namespace(self, name, environ)


def _works(server: Child) -> bool:
    # A PostgreSQL ends at once while its predecessor's last processes are there; a supervisor tries again.
    if server.exit_code() is not None:
        server.start()
    return not server.program.not_ready()


@dataclass(frozen=True)
class Namespace:
    """One test's corner of the shared servers."""

    stack: LocalStack
    name: str
    #: The settings as a process gets them.
    environ: Mapping[str, str]

    @property
    def prefix(self) -> str:
        """Return what all of its topics begin with."""
        return f"{self.name}."

    @property
    def postgres(self) -> str:
        """Return the DSN of its database, as the application's role."""
        return self.environ["WEIR_POSTGRES"]

    @property
    def admin(self) -> AdminClient:
        """Return a client that may do anything to the broker."""
        return self.stack.admin

    def settings(self, **changed: str) -> Settings:
        """Return the settings, with some changed: `settings(WEIR_PARTITIONS="12")`."""
        return Settings.load({**self.environ, **changed})

    def create_topics(self, *topics: Topic, partitions: int = PARTITIONS) -> None:
        """Make the registered topics, all if none is named, under this test's prefix, and wait for them."""
        wanted = [
            NewTopic(topic_name(self.prefix, topic), topic.partitions or partitions, 1, config=topic.config())
            for topic in topics or TOPICS
        ]
        for future in self.admin.create_topics(wanted).values():
            future.result(timeout=30)
        # The broker says "created" a moment before it can describe a topic, and that before it leads it.
        broker = Broker.of(self.settings())
        logs = [(topic.topic, number) for topic in wanted for number in range(topic.num_partitions)]
        until(partial(_are_led, broker, logs))

    def delete_topics(self, *topics: Topic) -> None:
        """Delete *topics*, and wait until nobody finds them any more."""
        names = [topic_name(self.prefix, topic) for topic in topics]
        self._delete(names)
        until(lambda: not self.admin.list_topics(timeout=30).topics.keys() & set(names))

    def make_anew(self, *topics: Topic) -> None:
        """Delete *topics* and make them again: the same names, other topics."""
        self.delete_topics(*topics)
        self.create_topics(*topics)

    def _delete(self, names: Iterable[str]) -> None:
        for future in self.admin.delete_topics(list(names)).values():
            future.result(timeout=30)

    def remove(self) -> None:
        """Delete its topics, consumer groups and database."""
        mine = [name for name in self.admin.list_topics(timeout=30).topics if name.startswith(self.prefix)]
        if mine:
            self._delete(mine)
        with psycopg.connect(self.stack.cluster.admin_dsn, autocommit=True) as admin:
            admin.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(self.name))
            )


def _are_led(broker: Broker, logs: Iterable[Partition]) -> bool:
    try:
        broker.latest(logs)
    except TryAgain:
        return False
    return True


def start_local_stack(folder: Path) -> LocalStack:
    """Start both servers below *folder* on free ports, and migrate the template of the tests' databases."""
    ports = lay_out(free_base(), 1)
    jars = ensure_jars(pinned(), cache_folder(dict(os.environ)), to_stderr)
    node = KafkaNode(folder / "kafka", ports.kafka, ports.controller, jars)
    cluster = Cluster(folder / "postgres", ports.postgres)
    node.prepare()
    cluster.prepare()
    kafka = Child(kafka_program(node), folder / "logs")
    postgres = Child(postgres_program(cluster), folder / "logs")
    for server in (kafka, postgres):
        server.start()
    for server in (postgres, kafka):
        server.wait_ready(_READY_SECONDS)
    cluster.create_database()
    _make_template(cluster)
    admin = AdminClient({"bootstrap.servers": node.address, "log_level": 0, "socket.timeout.ms": 10_000})
    return LocalStack(node, cluster, kafka, postgres, admin)


def _make_template(cluster: Cluster) -> None:
    with psycopg.connect(cluster.admin_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} owner weir").format(sql.Identifier(_TEMPLATE)))
    migrate(_dsn(cluster, _TEMPLATE))


def _dsn(cluster: Cluster, database: str) -> str:
    return f"postgresql://{APPLICATION}@127.0.0.1:{cluster.port}/{database}"
