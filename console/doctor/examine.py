"""The whole examination: what cannot be asked is a finding too, and the rest goes on."""

from collections.abc import Callable

import psycopg

from console.doctor.core.check import Check, bad
from console.doctor.core.rules import settings_checks
from console.doctor.kafka import kafka_checks
from console.doctor.postgres import postgres_checks, recorded_topics
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.errors import Misconfigured, TryAgain


def examine(settings: Settings, tell: Callable[[str], None]) -> list[Check]:
    """Return every check; *tell* says what is looked at, since an outage takes some seconds to be sure of."""
    checks = settings_checks(settings.findings, settings.secret_key)
    recorded = {}
    tell("looking at PostgreSQL")
    try:
        with connect(settings, "doctor", autocommit=True) as connection:
            checks += postgres_checks(settings, connection)
            recorded = recorded_topics(connection)
    except (TryAgain, Misconfigured, psycopg.OperationalError) as error:
        checks.append(bad("postgres", str(error), "start it, or mend WEIR_POSTGRES"))
    tell("looking at Kafka")
    try:
        checks += kafka_checks(settings, recorded)
    except (TryAgain, Misconfigured) as error:
        checks.append(bad("kafka", str(error), "start it, or mend WEIR_KAFKA"))
    return checks
