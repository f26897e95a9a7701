"""The containers for real, where a container engine is; elsewhere skipped, with the reason."""

import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from testcontainers.compose import DockerCompose

from schemas.process import PROCESSES

_ROOT = Path(__file__).parents[3]


def _missing() -> str:
    """Return why no container can be started here; empty if one can."""
    docker = shutil.which("docker")
    if docker is None:
        return "no docker command"
    for words in (("info",), ("compose", "version")):
        asked = subprocess.run([docker, *words], capture_output=True, text=True, check=False, timeout=20)
        if asked.returncode:
            return (asked.stderr or asked.stdout).strip().splitlines()[-1]
    return ""


@pytest.fixture(scope="module")
def compose() -> Iterator[DockerCompose]:
    if reason := _missing():
        pytest.skip(f"no container engine: {reason}")
    with DockerCompose(_ROOT, build=True, wait=True) as running:
        yield running


@pytest.mark.timeout(1_200)
def test_docker_compose_up_is_all_a_user_needs(compose: DockerCompose) -> None:
    health = {each.Service: each.Health for each in compose.get_containers()}
    assert {health[name] for name in PROCESSES} == {"healthy"}
    printed, _errors, code = compose.exec_in_container(["weir", "catalog", "show"], "console")
    assert code == 0
    assert "api" in printed
    with urllib.request.urlopen("http://127.0.0.1:9090/api/v1/query?query=up", timeout=10) as answer:
        assert answer.read().count(b'"1"') >= 4
