from pathlib import Path

import pytest

from runtime.settings import Settings
from runtime.settings_table import lines, markdown
from schemas.errors import Misconfigured
from schemas.process import PROCESSES, Process

KAFKA = {"WEIR_KAFKA": "broker:9092"}
BOTH = {**KAFKA, "WEIR_POSTGRES": "postgresql://weir:hush@db/weir"}


def settings_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "weir.toml"
    path.write_text(text)
    return path


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    path = settings_file(tmp_path, 'ingest_port = 1\nconsole_port = 2\nkafka = "file:1"')

    settings = Settings.load({"WEIR_INGEST_PORT": "3", "WEIR_SETTINGS": str(path)})

    assert (settings.ingest_port, settings.console_port, settings.health_port) == (3, 2, 8090)
    assert settings.kafka == "file:1"
    names = ("ingest_port", "console_port", "health_port")
    assert [settings.origins[name] for name in names] == ["env", "file", "default"]


def test_a_file_given_by_the_caller_wins_over_the_one_in_the_environment(tmp_path: Path) -> None:
    path = settings_file(tmp_path, 'kafka = "here:1"')
    assert Settings.load({"WEIR_SETTINGS": "/nowhere"}, file=path).kafka == "here:1"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("WEIR_INGEST_PORT", "many"),
        ("WEIR_INGEST_PORT", "65536"),
        ("WEIR_INGEST_PORT", "-1"),
        ("WEIR_INGEST_PORT", ""),
        ("WEIR_PARTITIONS", "0"),
        ("WEIR_PARTITIONS", "1.5"),
        ("WEIR_LOG_LEVEL", "loud"),
        ("WEIR_SESSION_TIMEOUT_MS", "5999"),
        ("WEIR_INSTANCE", "a b"),
        ("WEIR_TOPIC_PREFIX", "weir/"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_the_value_and_what_it_is(name: str, text: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.load({**BOTH, name: text})

    doc = next(item.about.doc for item in Settings.items() if item.env == name)
    assert str(caught.value).startswith(f"{name}={text} is wrong (")
    assert str(caught.value).endswith(doc)
    assert "\n" not in str(caught.value)


def test_all_faults_show_at_once() -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.load({"WEIR_INGEST_PORT": "x", "WEIR_PARTITIONS": "y"}, "sinks")
    for name in ("WEIR_INGEST_PORT", "WEIR_PARTITIONS", "WEIR_KAFKA", "WEIR_POSTGRES"):
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("process", "environ"),
    [("ingest", KAFKA), ("processors", KAFKA), ("sinks", BOTH), ("console", BOTH)],
)
def test_each_process_asks_for_what_it_needs_and_no_more(process: Process, environ: dict[str, str]) -> None:
    Settings.load(environ, process)
    for name in environ:
        with pytest.raises(Misconfigured, match=f"{name} is not set and {process} needs it"):
            Settings.load({each: environ[each] for each in environ if each != name}, process)


def test_a_command_asks_for_what_it_needs() -> None:
    settings = Settings.load(KAFKA)
    settings.need("kafka")
    with pytest.raises(Misconfigured, match="WEIR_POSTGRES is not set"):
        settings.need("kafka", "postgres")


def test_the_archive_is_in_the_data_folder_unless_it_is_elsewhere() -> None:
    assert Settings.load({"WEIR_DATA": "/srv/weir"}).archive == "/srv/weir/archive"
    assert Settings.load({"WEIR_ARCHIVE": "s3://bucket/weir"}).archive == "s3://bucket/weir"


@pytest.mark.parametrize("process", PROCESSES)
def test_an_instance_is_named_after_its_process(process: Process) -> None:
    assert Settings.load(BOTH, process).instance == f"{process}-1"


def test_what_looks_like_a_setting_and_is_none_is_a_finding(tmp_path: Path) -> None:
    path = settings_file(tmp_path, "ingest_prot = 1")
    settings = Settings.load({"WEIR_INGEST_PROT": "1", "WEIR_SETTINGS": str(path), "HOME": "/"})
    assert settings.findings == (
        "WEIR_INGEST_PROT is no setting of Weir and does nothing",
        "ingest_prot in the settings file is no setting of Weir and does nothing",
    )


@pytest.mark.parametrize("text", ["kafka = ", "\xff"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "weir.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(Misconfigured, match="cannot be read"):
        Settings.load({}, file=path)


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(Misconfigured, match="No such file"):
        Settings.load({"WEIR_SETTINGS": "/nowhere/weir.toml"})


def test_no_secret_is_printed() -> None:
    secrets = {"WEIR_POSTGRES": "hush-1", "WEIR_SECRET_KEY": "hush-2", "WEIR_KAFKA_PASSWORD": "hush-3"}
    settings = Settings.load(secrets)

    printed = repr(settings) + str(lines(settings))
    assert "hush" not in printed
    assert printed.count("********") == 6


def test_a_secret_of_the_wrong_kind_is_not_printed_either(tmp_path: Path) -> None:
    path = settings_file(tmp_path, "secret_key = 12345")
    with pytest.raises(Misconfigured) as caught:
        Settings.load({}, file=path)
    assert "12345" not in str(caught.value)


def test_a_setting_that_is_not_set_shows_as_empty_even_if_it_is_secret() -> None:
    shown = {line.variable: line.value for line in lines(Settings.load({}))}
    assert shown["WEIR_SECRET_KEY"] == ""


def test_settings_cannot_be_changed() -> None:
    settings = Settings.load({})
    with pytest.raises(AttributeError):
        settings.kafka = "elsewhere:1"  # type: ignore[misc]


def test_the_table_has_a_row_for_every_setting() -> None:
    table = markdown()
    for item in Settings.items():
        assert table.count(f"| `{item.env}` |") == 1
        assert item.about.doc in table


def test_every_setting_says_who_reads_it_and_only_readers_need_it() -> None:
    for item in Settings.items():
        assert item.about.read_by, item.name
        assert set(item.about.needed_by) <= set(item.about.read_by), item.name
