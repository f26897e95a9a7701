"""TLS and SASL from the settings, in the words of each client library. Raises Misconfigured early."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.settings import Settings
from schemas.errors import Misconfigured


def security(settings: Settings) -> dict[str, Any]:
    """Return librdkafka's security settings."""
    _check(settings)
    config: dict[str, Any] = {"security.protocol": settings.kafka_security_protocol}
    if has_tls(settings) and settings.kafka_ca:
        config["ssl.ca.location"] = settings.kafka_ca
    if has_sasl(settings):
        config |= {
            "sasl.mechanism": settings.kafka_sasl_mechanism,
            "sasl.username": settings.kafka_username,
            "sasl.password": settings.kafka_password,
        }
    return config


def aiokafka_config(settings: Settings) -> dict[str, Any]:
    """Return address and security as aiokafka's own clients take them."""
    _check(settings)
    config: dict[str, Any] = {
        "bootstrap_servers": settings.kafka.split(","),
        "security_protocol": settings.kafka_security_protocol.upper(),
        "ssl_context": tls_context(settings),
    }
    if has_sasl(settings):
        config |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": settings.kafka_password,
        }
    return config


def faust_config(settings: Settings) -> Mapping[str, Any]:
    """Return `broker` and `broker_credentials` for a Faust app."""
    # Faust takes 0.5 s to import, and only the processors have it loaded anyway.
    from faust.auth import Credentials, SASLCredentials, SSLCredentials  # noqa: PLC0415

    _check(settings)
    credentials: Credentials | None = None
    if has_sasl(settings):
        credentials = SASLCredentials(
            username=settings.kafka_username,
            password=settings.kafka_password,
            mechanism=settings.kafka_sasl_mechanism,
            ssl_context=tls_context(settings),
        )
    elif has_tls(settings):
        credentials = SSLCredentials(tls_context(settings))
    brokers = [f"aiokafka://{address}" for address in settings.kafka.split(",")]
    return {"broker": brokers, "broker_credentials": credentials}


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Return what checks Kafka's certificate and name; None without TLS."""
    if not has_tls(settings):
        return None
    try:
        return ssl.create_default_context(cafile=settings.kafka_ca or None)
    except OSError as error:  # covers ssl.SSLError
        raise _wrong_ca(settings, str(error)) from None


def has_tls(settings: Settings) -> bool:
    """Say whether Kafka is spoken to over TLS."""
    return settings.kafka_security_protocol in {"ssl", "sasl_ssl"}


def has_sasl(settings: Settings) -> bool:
    """Say whether Kafka asks for a user."""
    return settings.kafka_security_protocol.startswith("sasl")


def _check(settings: Settings) -> None:
    protocol = settings.kafka_security_protocol
    if has_sasl(settings):
        settings.need("kafka_sasl_mechanism", "kafka_username", "kafka_password")
    elif settings.kafka_sasl_mechanism:
        raise Misconfigured(
            f"WEIR_KAFKA_SASL_MECHANISM is set, but WEIR_KAFKA_SECURITY_PROTOCOL={protocol} uses no SASL: "
            "set it to sasl_ssl, or unset the mechanism"
        )
    if settings.kafka_ca and not Path(settings.kafka_ca).is_file():
        raise _wrong_ca(settings, "no such file")


def _wrong_ca(settings: Settings, why: str) -> Misconfigured:
    return Misconfigured(
        f"WEIR_KAFKA_CA={settings.kafka_ca} cannot be used ({why}): name a PEM file of certificates"
    )
