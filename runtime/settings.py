"""Every setting of every process, declared once: environment over file over default.

The declaration below is the reference: `weir settings` prints it with the values in force, and the
table of docs/settings.md is written from it. To add a setting, add an annotated field.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from msgspec import Meta

from runtime.setting import About, Item, Origin, items_of
from runtime.settings_sources import Sources
from schemas.errors import Misconfigured
from schemas.process import CONSOLE, INGEST, PROCESSES, PROCESSORS, SINKS, Process

Port = Annotated[int, Meta(ge=0, le=65_535)]
Positive = Annotated[int, Meta(ge=1)]
#: What Kafka takes as a topic name or a static member id, with room for endings of ours.
KafkaName = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9._-]{1,150}$")]
Protocol = Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]
Mechanism = Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
LogFormat = Literal["auto", "json", "pretty"]
LogLevel = Literal["debug", "info", "warning", "error"]

_DAY_SECONDS: Final = 86_400
_MIB: Final = 2**20


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Settings:
    """The settings of one process; frozen. Made by `Settings.load`."""

    # Where things are
    kafka: Annotated[
        str, About("Kafka's bootstrap servers: host:port[,host:port]", PROCESSES, needed_by=PROCESSES)
    ] = ""
    postgres: Annotated[
        str,
        About(
            "PostgreSQL's DSN: postgresql://user:password@host:port/database",
            (SINKS, CONSOLE),
            needed_by=(SINKS, CONSOLE),
            secret=True,
        ),
    ] = ""
    postgres_reader: Annotated[
        str,
        About(
            "PostgreSQL's DSN for the read API; empty: WEIR_POSTGRES with the user weir_reader",
            (CONSOLE,),
            secret=True,
        ),
    ] = ""
    data: Annotated[Path, About("Folder for what this machine keeps on disk", PROCESSES)] = Path(".weir")
    archive: Annotated[str, About("Folder or fsspec address of the archive", (SINKS, CONSOLE))] = (
        "{data}/archive"
    )

    # Who we are
    instance: Annotated[
        KafkaName, About("Name of this process, unlike any other's: its static member id", PROCESSES)
    ] = "{process}-1"
    commit: Annotated[str, About("Commit of this build, for weir_build_info; images set it", PROCESSES)] = ""
    operator: Annotated[
        str, About("Who changes things, for the audit log; empty: the system's user, at its host", (CONSOLE,))
    ] = ""
    secret_key: Annotated[
        str,
        About(
            "Encrypts tenants' secrets at rest; `weir up` makes one", (INGEST, SINKS, CONSOLE), secret=True
        ),
    ] = ""
    secret_key_previous: Annotated[
        str,
        About(
            "The key before, which still opens what was sealed with it, until all is sealed anew",
            (INGEST, SINKS, CONSOLE),
            secret=True,
        ),
    ] = ""

    # What listens
    host: Annotated[str, About("Address that all our ports listen on", PROCESSES)] = "127.0.0.1"
    ingest_port: Annotated[Port, About("Port of the ingress", (INGEST,))] = 8080
    checks_port: Annotated[
        Port, About("Port of the process that answers checks of quotas alone", (INGEST,))
    ] = 8085
    console_port: Annotated[Port, About("Port of the read API", (CONSOLE,))] = 8081
    public_url: Annotated[
        str,
        About("Where the world reaches the ingress, as https://…; empty: at its own port", (CONSOLE,)),
    ] = ""
    health_port: Annotated[
        Port, About("Port of this process's /livez, /readyz and /metrics; 0 takes a free one", PROCESSES)
    ] = 8090

    # What is logged
    log_format: Annotated[LogFormat, About("json, pretty, or auto: pretty on a terminal", PROCESSES)] = "auto"
    log_level: Annotated[
        LogLevel, About("Least level that is logged: debug, info, warning, error", PROCESSES)
    ] = "info"

    # Kafka
    kafka_security_protocol: Annotated[
        Protocol, About("plaintext, ssl, sasl_plaintext or sasl_ssl", PROCESSES)
    ] = "plaintext"
    kafka_sasl_mechanism: Annotated[
        Mechanism, About("PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, for a protocol with sasl", PROCESSES)
    ] = ""
    kafka_username: Annotated[str, About("SASL user", PROCESSES)] = ""
    kafka_password: Annotated[str, About("SASL password", PROCESSES, secret=True)] = ""
    kafka_ca: Annotated[
        str, About("PEM file of who signed Kafka's certificate; empty: the system's", PROCESSES)
    ] = ""
    session_timeout_ms: Annotated[
        int,
        Meta(ge=6_000),  # the broker's group.min.session.timeout.ms
        About(
            "How long a consumer group waits for a silent member, in ms; at least 6000", (PROCESSORS, SINKS)
        ),
    ] = 10_000
    topic_prefix: Annotated[KafkaName, About("Begins every topic and consumer group", PROCESSES)] = "weir."
    partitions: Annotated[
        int, Meta(ge=1, le=1_000), About("Partitions of the partitioned topics; fixed for life", PROCESSES)
    ] = 12
    replication: Annotated[
        int, Meta(ge=1, le=7), About("Copies of each partition of a new topic; 3 in production", (CONSOLE,))
    ] = 1

    # How each process works
    ingest_linger_ms: Annotated[
        int,
        Meta(ge=0, le=1_000),
        About("Least pause in which requests gather for a round of packs, in ms; 0: none", (INGEST,)),
    ] = 5
    ingest_behind_seconds: Annotated[
        int,
        Meta(ge=0, le=604_800),
        About("How far the processors may be behind before events are refused, in s; 0: any", (INGEST,)),
    ] = 0
    quota_stale_seconds: Annotated[
        int,
        Meta(ge=1, le=86_400),
        About("Age from which on what is known of a quota is stale, in seconds", (INGEST, CONSOLE)),
    ] = 5
    ingest_ack_timeout_ms: Annotated[
        Positive, About("Longest wait for Kafka's confirmation before a 503, in ms", (INGEST,))
    ] = 3_000
    ingest_inflight_bytes: Annotated[
        Positive, About("Bytes that may wait for Kafka's confirmation; beyond it 503", (INGEST,))
    ] = 64 * _MIB
    dedupe_horizon_seconds: Annotated[
        int,
        Meta(ge=1, le=35 * _DAY_SECONDS),  # weir.seen keeps a day more
        About(
            "How far back a copy of an event is recognised, in s of record time; at most 35 days",
            (PROCESSORS, CONSOLE),
        ),
    ] = 35 * _DAY_SECONDS
    dedupe_table_slots: Annotated[
        int,
        Meta(ge=1_024),
        About("Slots of 24 bytes in a partition's dedupe table before it is sealed", (PROCESSORS,)),
    ] = 2**17
    sink_interval_ms: Annotated[
        Positive, About("How often the rollups sink stores what has arrived, in ms", (SINKS,))
    ] = 100
    archive_interval_ms: Annotated[
        Positive, About("Longest time before an archive file is closed, in ms", (SINKS,))
    ] = 10_000
    stripe_api: Annotated[str, About("Where Stripe's API is", (SINKS,))] = "https://api.stripe.com"
    stripe_walk_seconds: Annotated[
        int,
        Meta(ge=1, le=_DAY_SECONDS),
        About("How often Stripe's list of events is compared with what has come, in s", (SINKS,)),
    ] = 900
    dunning_gap_seconds: Annotated[
        int,
        Meta(ge=1, le=_DAY_SECONDS),
        About(
            "How long no dunning step may follow a payment that failed before that is told of, in s", (SINKS,)
        ),
    ] = 900
    canary_seconds: Annotated[
        int,
        Meta(ge=0, le=3_600),
        About("How often the canary sends events that it knows, in s; 0: never", (CONSOLE,)),
    ] = 60
    canary_late_seconds: Annotated[
        int,
        Meta(ge=1, le=3_600),
        About(
            "How long the canary's events may take to be stored before it says that they are late", (CONSOLE,)
        ),
    ] = 30
    canary_ingest: Annotated[
        str, About("Where producers reach the ingress, for the canary; empty: there is none", (CONSOLE,))
    ] = ""
    canary_checks: Annotated[
        str, About("Where services check quotas, for the canary; empty: at the ingress", (CONSOLE,))
    ] = ""
    canary_console: Annotated[
        str, About("Where readers reach the read API, for the canary; empty: there is none", (CONSOLE,))
    ] = ""
    archive_rows: Annotated[Positive, About("Most rows of an archive file", (SINKS,))] = 1_000_000

    #: Where each value came from, by name.
    origins: Mapping[str, Origin] = field(default_factory=dict)
    #: What looks like a mistake but stops nothing, one sentence each, for the log.
    findings: tuple[str, ...] = ()

    @classmethod
    def load(
        cls, environ: Mapping[str, str], process: Process | None = None, file: Path | None = None
    ) -> Self:
        """Return the settings that *process* runs with; None: a command that needs none in particular.

        *file*, else the one that WEIR_SETTINGS names, is TOML with the settings' names in small letters.
        Raises Misconfigured, which names every wrong or missing setting in one line.
        """
        sources = Sources.read(environ, file)
        items = cls.items()
        return cls(
            **sources.values(items, process), origins=sources.origins(items), findings=sources.unknown(items)
        )

    def need(self, *names: str) -> None:
        """Raise Misconfigured if one of the settings *names* is empty: for commands, which need few."""
        missing = [item for item in self.items() if item.name in names and getattr(self, item.name) == ""]
        if missing:
            raise Misconfigured("; ".join(f"{item.env} is not set: {item.about.doc}" for item in missing))

    @classmethod
    def items(cls) -> tuple[Item, ...]:
        """Return every setting as declared, in the order of this file."""
        return items_of(cls)

    def __repr__(self) -> str:
        """Return all values with the secrets masked, so that no log line can leak one."""
        shown = (f"{item.name}={item.shown(getattr(self, item.name))!r}" for item in self.items())
        return f"Settings({', '.join(shown)})"
