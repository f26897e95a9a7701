"""The balance sheet on one screen: a line for each tenant instead of each type and hour."""

from collections.abc import Iterable
from typing import NamedTuple

from console.books.core.entries import SheetRow


class TenantLine(NamedTuple):
    """All hours and event types of one tenant."""

    tenant: str
    logged: int = 0
    counted: int = 0
    in_grace: int = 0
    late: int = 0
    duplicate: int = 0
    conflict: int = 0
    unmatched: int = 0
    refused: int = 0
    in_flight: int = 0
    gap: int = 0


_COUNTS = TenantLine._fields[1:]


def compact(rows: Iterable[SheetRow]) -> list[TenantLine]:
    """Return a line for each tenant, and the line of all together."""
    lines: dict[str, TenantLine] = {}
    total = TenantLine("all")
    for row in rows:
        # What nobody can be trusted to have sent is booked under no tenant.
        lines[row.tenant] = _added(lines.get(row.tenant, TenantLine(row.tenant or "(nobody)")), row)
        total = _added(total, row)
    return [*(lines[name] for name in sorted(lines)), total]


def _added(line: TenantLine, row: SheetRow) -> TenantLine:
    return line._replace(**{name: getattr(line, name) + getattr(row, name) for name in _COUNTS})
