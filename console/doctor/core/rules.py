"""From what was measured to what is wrong. Every limit of the doctor stands here."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from console.audit.core.chain import Chain
from console.doctor.core.check import Check, bad, good
from console.watch.core.lag import Reading
from schemas.instant import DAY_MS, HOUR_MS, SECOND_MS

#: Below it somebody has to act before the next night is over.
LEAST_TIME_TO_LOSS_SECONDS: Final = DAY_MS / SECOND_MS
#: A group that is further behind than this has stopped, or cannot keep up.
MOST_LAG_SECONDS: Final = 300.0
#: Facts reach the stream within two seconds.
MOST_OUTBOX_SECONDS: Final = 30.0
MOST_CLOCK_SECONDS: Final = 2.0
#: Of one id in a sealed run on disk; runs are written anew beside the old ones when they are merged.
DISK_BYTES_AN_ID: Final = 2 * 24
#: Its share of a sealed run's filter.
MEMORY_BYTES_AN_ID: Final = 3
#: PostgreSQL's oldest release that its makers still mend.
LEAST_POSTGRES: Final = 14
#: So many rounds may fail before it is a finding.
_ROUNDS_MISSED: Final = 3
_GIB: Final = 2**30


class TopicSeen(NamedTuple):
    """A topic beside what it should be."""

    name: str
    #: As declared, and as the broker has them; None: unlimited.
    declared_retention_ms: int | None
    retention_ms: int | None
    #: Partitions with fewer copies in step than the topic has.
    out_of_step: int = 0


class Load(NamedTuple):
    """What dedupe has to remember, and where it may."""

    #: Events a day that entered the index, over the last days.
    ids_a_day: float
    horizon_ms: int
    free_disk: int
    free_memory: int


def settings_checks(findings: Iterable[str], secret_key: str) -> list[Check]:
    """Return what is wrong with the settings themselves."""
    found = [
        bad("settings", finding, "mend it: `weir settings` shows where it comes from") for finding in findings
    ]
    if not secret_key:
        found.append(
            bad(
                "settings",
                "WEIR_SECRET_KEY is not set: cursors end with the process, and no secret can be kept",
                "set it to 32 random bytes in hex or base64, the same for every process",
            )
        )
    return found or [good("settings", "every value is known and in its range")]


def topic_checks(problems: Iterable[str], seen: Sequence[TopicSeen]) -> Iterator[Check]:
    """Yield what is wrong with the topics; *problems* are those of their ids and partitions."""
    wrong = [bad("topics", problem, "see `weir topics --help`") for problem in problems]
    for topic in seen:
        if _shorter(topic.retention_ms, topic.declared_retention_ms):
            wrong.append(
                bad(
                    "topics",
                    f"{topic.name} keeps records for {_span(topic.retention_ms)} "
                    f"instead of {_span(topic.declared_retention_ms)}",
                    "`weir topics apply` sets it back",
                )
            )
        if topic.out_of_step:
            wrong.append(
                bad(
                    "topics",
                    f"{topic.name} has {topic.out_of_step} partitions without all of their copies in step",
                    "look at the brokers: one is away, or cannot keep up",
                )
            )
    yield from wrong or [good("topics", f"{len(seen)} topics are as they were declared")]


def lag_checks(found: Iterable[tuple[Reading, float, float]]) -> list[Check]:
    """Return which groups are behind; *found* are readings with lag and time to loss, in seconds."""
    worst: dict[tuple[str, str], tuple[int, float, float]] = {}
    for reading, behind, left in found:
        records, most, least = worst.get((reading.group, reading.topic), (0, 0.0, math.inf))
        worst[reading.group, reading.topic] = (records + reading.lag, max(most, behind), min(least, left))
    wrong = []
    for (group, topic), (records, behind, left) in worst.items():
        if left < LEAST_TIME_TO_LOSS_SECONDS:
            wrong.append(
                bad(
                    "retention",
                    f"{group} has {_time(left)} until retention deletes what it has not read of {topic}",
                    f"start or scale it, or raise retention.ms of {topic}, before that",
                )
            )
        elif behind > MOST_LAG_SECONDS:
            wrong.append(
                bad(
                    "lag",
                    f"{group} is {records} records and {_time(behind)} behind on {topic}",
                    "see whether it runs (/livez) and what it logs; more workers if it cannot keep up",
                )
            )
    return wrong or [good("lag", f"{len(worst)} readers are at most {MOST_LAG_SECONDS:.0f} s behind")]


def horizon_check(load: Load) -> Check:
    """Return whether disk and memory carry the dedupe horizon at the present rate."""
    ids = load.ids_a_day * load.horizon_ms / DAY_MS
    disk, memory = ids * DISK_BYTES_AN_ID, ids * MEMORY_BYTES_AN_ID
    what = (
        f"{load.ids_a_day:,.0f} events a day over {load.horizon_ms / DAY_MS:.0f} days take "
        f"{disk / _GIB:.1f} GiB of disk and {memory / _GIB:.1f} GiB of memory"
    )
    short = []
    if disk > load.free_disk:
        short.append(f"disk (free: {load.free_disk / _GIB:.1f} GiB)")
    if memory > load.free_memory:
        short.append(f"memory (free: {load.free_memory / _GIB:.1f} GiB)")
    if not short:
        return good("horizon", what)
    return bad(
        "horizon",
        f"{what}: too much {' and '.join(short)}",
        "give it more, spread the partitions over more workers, or set WEIR_DEDUPE_HORIZON_SECONDS lower",
    )


def clock_checks(offsets: Mapping[str, float]) -> list[Check]:
    """Return which clocks are off ours; *offsets* are seconds by whose clock it is."""
    wrong = [
        bad(
            "clocks",
            f"the clock of {whose} is {abs(seconds):.1f} s {'behind' if seconds > 0 else 'ahead of'} ours",
            "let NTP keep all of them: late or not is decided by the broker's clock",
        )
        for whose, seconds in offsets.items()
        if abs(seconds) > MOST_CLOCK_SECONDS
    ]
    return wrong or [
        good("clocks", f"{', '.join(offsets) or 'no other'} within {MOST_CLOCK_SECONDS:.0f} s of ours")
    ]


def version_checks(postgres: int, schema: str | None, head: str) -> list[Check]:
    """Return which versions do not fit; *schema* is the store's, *head* the one of this release."""
    wrong = []
    if postgres < LEAST_POSTGRES:
        wrong.append(bad("versions", f"PostgreSQL is {postgres}", f"take {LEAST_POSTGRES} or newer"))
    if schema != head:
        wrong.append(
            bad(
                "versions",
                f"the store's schema is {schema or 'not there'}, this release's is {head}",
                "`weir db migrate`, or run the release that made it",
            )
        )
    return wrong or [good("versions", f"PostgreSQL {postgres}, schema {head}")]


def catalog_checks(versions: int, outbox: int, outbox_seconds: float) -> list[Check]:
    """Return whether there are meters, and whether facts reach the stream."""
    wrong = []
    if not versions:
        wrong.append(
            bad("catalog", "there are no meters: the door takes nothing", "`weir catalog apply FILE`")
        )
    if outbox and outbox_seconds > MOST_OUTBOX_SECONDS:
        wrong.append(
            bad(
                "catalog",
                f"{outbox} facts have waited up to {_time(outbox_seconds)} for weir.catalog",
                "see whether a console runs and reaches Kafka: it relays them",
            )
        )
    return wrong or [good("catalog", f"versions of the meters: {versions}; no fact waits")]


def canary_check(silent_seconds: float | None, every_seconds: int) -> Check:
    """Return whether the canary's events arrive; None: there is no canary."""
    if silent_seconds is None:
        return good("canary", "there is none")
    if silent_seconds > max(MOST_LAG_SECONDS, _ROUNDS_MISSED * every_seconds):
        return bad(
            "canary",
            f"no event of the canary was stored for {_time(silent_seconds)}",
            "see what the console logs as canary.failed or canary.waits",
        )
    return good("canary", f"its events arrive: the last {_time(silent_seconds)} ago")


def audit_check(chain: Chain) -> Check:
    """Return whether the audit log is whole."""
    if chain.fault:
        return bad("audit", chain.fault, "see who holds the owner's login; a backup has what was there")
    return good("audit", f"changes in the audit log: {chain.entries}; its chain is whole")


class Stripe(NamedTuple):
    """What the mirror of Stripe's objects waits for."""

    #: Secrets and keys that WEIR_SECRET_KEY does not open.
    unopened: int
    #: Objects of which the events do not tell the last state: of tenants without a key of the API, and those
    #: that Stripe was asked about again and again.
    unasked: int
    unanswered: int
    #: Tenants whose last walk along Stripe's list of events failed.
    unwalked: int


def stripe_checks(seen: Stripe) -> list[Check]:
    """Return what is wrong with secrets and mirror."""
    wrong = []
    if seen.unopened:
        wrong.append(
            bad(
                "stripe",
                f"secrets and keys that WEIR_SECRET_KEY does not open: {seen.unopened}",
                "set WEIR_SECRET_KEY_PREVIOUS to the key that sealed them; `weir webhook secret reseal`",
            )
        )
    if seen.unasked:
        wrong.append(
            bad(
                "stripe",
                f"objects of which Stripe's events do not tell the last state: {seen.unasked}",
                "`weir mirror doubts` names them; with `weir stripe-key add` Stripe is asked",
            )
        )
    if seen.unanswered:
        wrong.append(
            bad(
                "stripe",
                f"objects that Stripe was asked about again and again: {seen.unanswered}",
                "see what the sinks log as job.failed, and what `weir webhook gaps` says",
            )
        )
    if seen.unwalked:
        wrong.append(
            bad(
                "stripe",
                f"tenants whose webhooks are not compared with Stripe's list of events: {seen.unwalked}",
                "`weir webhook gaps` says why: a wrong key, one that lacks a permission, or Stripe is away",
            )
        )
    return wrong or [good("stripe", "every secret opens; nothing waits for Stripe's word")]


class Missed(NamedTuple):
    """A durable job that began too late."""

    job: str
    #: How long it was owed.
    seconds: float


def job_checks(missed: Iterable[Missed]) -> list[Check]:
    """Return which durable jobs missed their deadlines of late."""
    wrong = [
        bad(
            "jobs",
            f"{each.job} began {_time(each.seconds)} late within the last hour",
            "see whether `sinks jobs` runs, and what it logs as job.again and job.deadline_missed",
        )
        for each in missed
    ]
    return wrong or [good("jobs", "no durable job missed its deadline within the last hour")]


def owed_checks(letters: Mapping[str, int], lost: int) -> list[Check]:
    """Return what somebody owes an answer: dead letters by topic, ranges that retention ate."""
    wrong = [
        bad("dead letters", f"records of {topic} that were set aside: {count}", "mend the cause")
        for topic, count in letters.items()
        if count
    ]
    if lost:
        wrong.append(
            bad(
                "lost",
                f"ranges of the log that were deleted before they were read: {lost}",
                "`weir reconcile usage` names them; their senders have to send them again",
            )
        )
    return wrong or [good("dead letters", "none is owed an answer, no range is lost")]


def _shorter(kept_ms: int | None, declared_ms: int | None) -> bool:
    return kept_ms is not None and (declared_ms is None or kept_ms < declared_ms)


def _span(ms: int | None) -> str:
    return "ever" if ms is None else f"{ms / DAY_MS:g} days"


def _time(seconds: float) -> str:
    hours = seconds * SECOND_MS / HOUR_MS
    return f"{hours:.1f} h" if hours >= 1 else f"{seconds:.0f} s"
