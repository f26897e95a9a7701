"""`weir reconcile`: the balance sheet."""

import click
import msgspec

from console.books.core.entries import MeterRow, Rejected, Sheet, SheetRow, Span
from console.books.core.for_people import for_people
from console.books.reconcile import reconcile_usage
from console.cli.place import with_settings
from console.cli.run import BAD_ANSWER
from console.cli.show import Format, example, format_option, say, show
from console.cli.whose import tenant_of
from runtime import logs
from runtime.settings import Settings
from schemas.errors import Reject
from schemas.instant import parse_instant

_FINDINGS = ("finding", "what", "detail")


@click.group()
def command() -> None:
    """Books that balance: the log recounted, and held against what is stored."""


@command.command(
    epilog=example("weir reconcile usage", "weir reconcile usage --from 2026-11-21T00:00:00Z --format json")
)
@click.option("--tenant", help="Only this tenant.")
@click.option("--from", "start", metavar="TIME", help="RFC 3339: only hours from here on.")
@click.option("--to", "end", metavar="TIME", help="RFC 3339, exclusive.")
@click.option("--full", is_flag=True, help="Recount the whole log at once, whatever the span.")
@format_option
@with_settings
def usage(
    settings: Settings, *, tenant: str | None, start: str | None, end: str | None, full: bool, output: Format
) -> int:
    """Print the balance sheet of usage; exit 1 if the log and the store do not agree."""
    settings.need("kafka", "postgres")
    logs.configure("auto", "warning")
    whose = tenant and tenant_of(settings, tenant)
    span = Span(_instant("--from", start), _instant("--to", end), whose)
    sheet = reconcile_usage(settings, span, full=full)
    if whose is None:
        sheet = for_people(sheet)
    _print(sheet, output)
    say(_summary(sheet))
    return BAD_ANSWER if sheet.gap else 0


def _print(sheet: Sheet, output: Format) -> None:
    if output == "json":
        show(output, (), (), sheet)
        return
    _part(output, sheet.rows, SheetRow)
    if output == "csv":
        return
    _part(output, sheet.meters, MeterRow)
    if sheet.rejected:
        _part(output, sheet.rejected, Rejected)
    if sheet.findings:
        show(output, _FINDINGS, [(each.kind, each.what, each.detail) for each in sheet.findings], None)


def _part(
    output: Format, rows: list[SheetRow] | list[MeterRow] | list[Rejected], kind: type[msgspec.Struct]
) -> None:
    show(output, kind.__struct_fields__, [msgspec.structs.astuple(row) for row in rows], None)


def _summary(sheet: Sheet) -> str:
    logged = sum(row.logged for row in sheet.rows)
    state = "the books balance" if sheet.gap == 0 else f"the books do not balance: gap {sheet.gap}"
    more = sum(sheet.unlisted.values())
    rest = f"; {more} further findings are not listed" if more else ""
    own = f", and {sheet.own_events} of the canary" if sheet.own_events else ""
    return f"{state} ({logged} events logged{own}, {sheet.in_flight} in flight, as of {sheet.as_of}){rest}"


def _instant(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Reject(f"{option} {error}") from None
