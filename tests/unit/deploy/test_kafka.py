import base64
from pathlib import Path

import pytest

from deploy.local.kafka import KafkaNode, escaped, new_cluster_id, server_properties
from schemas.errors import Misconfigured


def test_the_broker_listens_on_localhost_only() -> None:
    settings = dict(
        line.split("=", 1)
        for line in server_properties(KafkaNode(Path("/data"), 9092, 9093, ())).splitlines()
    )
    assert settings["listeners"] == "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"
    assert settings["auto.create.topics.enable"] == "false"


def test_a_folder_of_any_name_can_be_written_down() -> None:
    assert escaped("/a b/c") == "/a b/c"
    assert escaped("/é/日/😀/\\") == r"/\u00e9/\u65e5/\ud83d\ude00/\\"


def test_a_comma_would_be_two_folders_to_kafka(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no comma"):
        KafkaNode(tmp_path / "a,b", 1, 2, ()).prepare()


def test_a_cluster_id_is_sixteen_bytes_and_never_looks_like_an_option() -> None:
    for _ in range(200):
        text = new_cluster_id()
        assert len(base64.urlsafe_b64decode(text + "==")) == 16
        assert not text.startswith("-")
