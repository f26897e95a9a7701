"""Weir's own events are in the books, and in no row that people read."""

from console.books.core.entries import Finding, MeterRow, Rejected, Sheet, SheetRow
from console.books.core.for_people import for_people
from schemas.canary import CANARY

_HOUR = "2026-11-21T10:00:00Z"


def row(tenant: str, logged: int, in_flight: int) -> SheetRow:
    return SheetRow(tenant, "api", _HOUR, logged, logged - in_flight, 0, 0, 0, 0, 0, 0, in_flight, 0)


def test_rows_of_our_own_go_and_what_is_wrong_with_them_stays() -> None:
    meters = [MeterRow(tenant, "api", _HOUR, 1, "1", "0", 0) for tenant in ("acme", CANARY)]
    finding = Finding("rollup_differs", f"{CANARY} 1-0", "one too many")
    sheet = Sheet(
        as_of=_HOUR,
        rows=[row("acme", 7, 2), row(CANARY, 30, 3)],
        meters=meters,
        rejected=[Rejected("acme", "code", 1), Rejected(CANARY, "code", 1)],
        gap=1,
        in_flight=5,
        findings=[finding],
    )
    shown = for_people(sheet)
    assert shown.rows == [row("acme", 7, 2)]
    assert shown.meters == meters[:1]
    assert shown.rejected == [Rejected("acme", "code", 1)]
    assert (shown.gap, shown.findings) == (1, [finding])
    assert (shown.in_flight, shown.own_events) == (2, 30)
