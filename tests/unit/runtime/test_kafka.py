import ssl
from pathlib import Path
from typing import Any

import pytest
from faust.auth import SASLCredentials, SSLCredentials

from runtime.broker import lag
from runtime.kafka import consumer_config, producer_config
from runtime.kafka_security import aiokafka_config, faust_config, security
from runtime.settings import Settings
from schemas.errors import Misconfigured

SASL = {
    "WEIR_KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
    "WEIR_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "WEIR_KAFKA_USERNAME": "weir",
    "WEIR_KAFKA_PASSWORD": "hush",
}


def settings(**environ: str) -> Settings:
    return Settings.load({"WEIR_KAFKA": "a:1,b:2", **environ}, "ingest")


def test_a_producer_confirms_by_all_replicas_and_writes_once() -> None:
    config = producer_config(settings(), "packs", linger_ms=7)
    assert (config["acks"], config["enable.idempotence"], config["linger.ms"]) == ("all", True, 7)
    assert config["bootstrap.servers"] == "a:1,b:2"
    assert config["client.id"] == "ingest-1-packs"


def test_what_a_caller_asks_for_goes_before_the_rule() -> None:
    assert producer_config(settings(), "packs", compression_type="none")["compression.type"] == "none"


def test_a_consumer_commits_nothing_by_itself_and_never_jumps() -> None:
    config = consumer_config(settings(), "usage", "weir.sink-rollups")
    assert config["enable.auto.commit"] is False
    assert config["auto.offset.reset"] == "error"
    assert "group.instance.id" not in config


def test_a_static_member_has_its_name_and_the_session_of_the_settings() -> None:
    config = consumer_config(settings(WEIR_SESSION_TIMEOUT_MS="6000"), "usage", "g", member="sinks-1-rollups")
    assert config["group.protocol"] == "classic"
    assert (config["group.instance.id"], config["session.timeout.ms"]) == ("sinks-1-rollups", 6_000)


def test_without_security_settings_kafka_is_spoken_to_in_the_clear() -> None:
    assert security(settings()) == {"security.protocol": "plaintext"}
    assert aiokafka_config(settings()) == {
        "bootstrap_servers": ["a:1", "b:2"],
        "security_protocol": "PLAINTEXT",
        "ssl_context": None,
    }
    assert faust_config(settings()) == {
        "broker": ["aiokafka://a:1", "aiokafka://b:2"],
        "broker_credentials": None,
    }


def test_the_same_settings_reach_each_client_library() -> None:
    ours = security(settings(**SASL))
    assert ours["sasl.mechanism"] == "SCRAM-SHA-512"
    assert (ours["sasl.username"], ours["sasl.password"]) == ("weir", "hush")

    theirs = aiokafka_config(settings(**SASL))
    assert (theirs["security_protocol"], theirs["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (theirs["sasl_plain_username"], theirs["sasl_plain_password"]) == ("weir", "hush")
    assert theirs["ssl_context"].verify_mode is ssl.CERT_REQUIRED

    credentials: Any = faust_config(settings(**SASL))["broker_credentials"]
    assert isinstance(credentials, SASLCredentials)
    assert (credentials.protocol.value, credentials.mechanism.value) == ("SASL_SSL", "SCRAM-SHA-512")
    assert credentials.ssl_context is not None
    assert credentials.ssl_context.check_hostname


def test_tls_without_a_user_checks_the_brokers_certificate() -> None:
    tls = settings(WEIR_KAFKA_SECURITY_PROTOCOL="ssl")
    assert security(tls) == {"security.protocol": "ssl"}
    credentials: Any = faust_config(tls)["broker_credentials"]
    assert isinstance(credentials, SSLCredentials)
    assert credentials.context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        (
            {name: value for name, value in SASL.items() if name != "WEIR_KAFKA_USERNAME"},
            "WEIR_KAFKA_USERNAME",
        ),
        (
            {name: value for name, value in SASL.items() if name != "WEIR_KAFKA_PASSWORD"},
            "WEIR_KAFKA_PASSWORD",
        ),
        ({"WEIR_KAFKA_SECURITY_PROTOCOL": "sasl_plaintext"}, "WEIR_KAFKA_SASL_MECHANISM"),
        ({"WEIR_KAFKA_SASL_MECHANISM": "PLAIN"}, "WEIR_KAFKA_SECURITY_PROTOCOL"),
        ({"WEIR_KAFKA_SECURITY_PROTOCOL": "ssl", "WEIR_KAFKA_CA": "/nowhere.pem"}, "WEIR_KAFKA_CA"),
    ],
)
def test_security_settings_that_do_not_fit_together_are_refused(environ: dict[str, str], named: str) -> None:
    for build in (security, aiokafka_config, faust_config):
        with pytest.raises(Misconfigured, match=named):
            build(settings(**environ))


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("no certificate")
    with pytest.raises(Misconfigured, match="WEIR_KAFKA_CA"):
        aiokafka_config(settings(WEIR_KAFKA_SECURITY_PROTOCOL="ssl", WEIR_KAFKA_CA=str(path)))


def test_lag_adds_up_over_the_partitions_that_one_reads() -> None:
    ends = {("t", 0): 10, ("t", 1): 5, ("t", 2): 99}
    assert lag(ends, {("t", 0): 7, ("t", 1): 6}) == 3
