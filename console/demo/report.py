"""What the demonstration prints: on stdout, for people."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from console.books.core.entries import Sheet
from console.cli.show import show
from console.control.versions import newest_meters, versions
from console.demo.act import Played
from console.demo.core.compact import TenantLine, compact
from console.demo.core.witnesses import Witness, witnesses
from console.demo.flood_story import RATE, Felt
from console.demo.quota_story import WANTED, Step
from console.demo.stripe_report import conclusion_of, print_stripe_story
from console.events.archive import Wanted
from console.events.look_up import look_up
from console.generator.attempt import read_truth
from console.generator.core.expected import Verdict
from console.queries import queries
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.quantity import format_ratio

_TOP: Final = 5
_LEDGER: Final = ("tenant", "type", "on time", "in grace", "late", "refused", "accepted")


class Proof(NamedTuple):
    """Whether it all holds."""

    sheet: Sheet
    verdict: Verdict

    @property
    def holds(self) -> bool:
        """Say whether nothing is lost, doubled or wrong, and the books balance."""
        return self.verdict.good and self.sheet.gap == 0


def print_report(settings: Settings, played: Played, proof: Proof, truth: Path) -> None:
    """Print everything that the demonstration found out."""
    _heading("The balance sheet: the log recounted, beside what PostgreSQL holds")
    show("table", TenantLine._fields, compact(proof.sheet.rows), None)
    _print_rejected(proof.sheet)
    for finding in proof.sheet.findings:
        _line(f"{finding.kind}: {finding.what}: {finding.detail}")
    _heading("Usage of the top customers")
    show("table", ("tenant", "customer", "meter", "events", "quantity"), _top(settings), None)
    _heading(f"A customer uses up its quota; each check asks for {WANTED} more")
    columns = [name.replace("_", " ") for name in Step._fields]
    show("table", columns, played.quota, None)
    _heading(
        f"A tenant floods the door and may send {RATE.per_second} events a second "
        f"({played.flood.taken} requests taken, {played.flood.refused} refused); what another feels, in ms"
    )
    show("table", [name.replace("_", " ") for name in Felt._fields], played.flood.felt, None)
    _heading("When the events came, by type: the late-event ledger")
    show("table", _LEDGER, _late_events(settings), None)
    _heading("What became of three events")
    rows = (_fate(settings, witness) for witness in witnesses(read_truth(truth)))
    show("table", ("event", "customer", "sent", "fate", "copies on the log"), rows, None)
    print_stripe_story(played.stripe)
    _heading("Speed on this machine, everything on it")
    show("table", ("what", "value"), _speeds(played), None)
    _heading(_conclusion(played, proof))
    _line(conclusion_of(played.stripe))


def _print_rejected(sheet: Sheet) -> None:
    rejected: Counter[str] = Counter()
    for each in sheet.rejected:
        rejected[each.code] += each.events
    listed = ", ".join(f"{events} {code}" for code, events in sorted(rejected.items()))
    _line(f"rejected at the door, beside the sheet: {listed or 'nothing'}")


def _top(settings: Settings) -> Iterable[tuple[str, str, str, int, str]]:
    sql = queries(__package__)
    with connect(settings, "demo", autocommit=True) as connection:
        meters = newest_meters(versions(connection))
        for tenant, customer, _ in connection.execute(sql["top_customers"], {"most": _TOP}).fetchall():
            whose = {"tenant": tenant, "customer": customer}
            for name, events, total in connection.execute(sql["customer_usage"], whose).fetchall():
                meter = meters[name]
                yield tenant, customer, name, events, f"{format_ratio(int(total), meter.scale)} {meter.unit}"


def _late_events(settings: Settings) -> Iterable[tuple[object, ...]]:
    sql = queries(__package__)
    with connect(settings, "demo", autocommit=True) as connection:
        return connection.execute(sql["late_events"]).fetchall()


def _fate(settings: Settings, witness: Witness) -> tuple[str, str, str, str, str]:
    wanted = Wanted(witness.tenant, witness.source, witness.id, witness.customer)
    fate = look_up(settings, wanted)
    copies = ", ".join(f"{copy.fate} at {copy.position}" for copy in fate.sightings)
    return witness.id, witness.customer, witness.about, fate.fate, copies


def _speeds(played: Played) -> Iterable[tuple[str, str]]:
    rate = played.burst_events / played.burst_seconds
    yield "from HTTP to PostgreSQL, the generator included", f"{rate:,.0f} events/s"
    yield "acknowledged by Kafka, p50", f"{played.acknowledged.p50_ms:.1f} ms"
    yield "acknowledged by Kafka, p99", f"{played.acknowledged.p99_ms:.1f} ms"
    for kill in played.kills:
        yield f"{kill.name} killed, until its work went on", f"{kill.recovery_seconds:.2f} s"
    for kill in played.stripe.kills:
        yield f"{kill.name} killed, until its work on webhooks went on", f"{kill.recovery_seconds:.2f} s"


def _conclusion(played: Played, proof: Proof) -> str:
    verdict = proof.verdict
    result = "The books balance" if proof.holds else "THE BOOKS DO NOT BALANCE"
    return (
        f"{result}: {played.sent} events sent ({played.repeated} of them again), {len(played.kills)} kills, "
        f"lost {verdict.lost}, double {verdict.double}, wrong sums {verdict.wrong_sums}, "
        f"gap {proof.sheet.gap}"
    )


def _heading(text: str) -> None:
    _line(f"\n{text}")


def _line(text: str) -> None:
    print(text)  # noqa: T201 -- the report is what the command is for
