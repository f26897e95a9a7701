"""Words for what the two sides do not agree on."""

from collections.abc import Mapping
from typing import NamedTuple

from console.books.core.entries import Finding, hour_text
from schemas.windows import NOT_LATE


class RollupDifference(NamedTuple):
    """One row of usage that the sides see differently; a side without the row says only None."""

    tenant: str
    customer: str
    meter: str
    group: str
    window_start_ms: int
    arrival_day: int
    log_says: Mapping[str, str | None]
    store_says: Mapping[str, str | None]
    log_events: int | None
    store_events: int | None

    def finding(self) -> Finding:
        """Return what happened to the row."""
        return Finding(self._kind(), f"rollups {self._name()}", self._detail())

    def _kind(self) -> str:
        if self.store_events is None:
            return "rollup_missing"
        if self.log_events is None:
            return "rollup_foreign"
        twice = str(2 * int(self.log_says["sum"] or 0))
        if self.store_events == 2 * self.log_events and self.store_says["sum"] == twice:
            return "rollup_doubled"
        return "rollup_damaged"

    def _name(self) -> str:
        name = f"{self.tenant} / {self.customer} / {self.meter} / {hour_text(self.window_start_ms)}"
        if self.group:
            name += f" / group {self.group}"
        return name if self.arrival_day == NOT_LATE else f"{name} / late, arrived on day {self.arrival_day}"

    def _detail(self) -> str:
        if self.store_events is None:
            return f"not in PostgreSQL; the log has {self.log_events} events, sum {self.log_says['sum']}"
        if self.log_events is None:
            return f"nothing on the log leads to its {self.store_events} events, sum {self.store_says['sum']}"
        return differing(self.log_says, self.store_says)


class FateDifference(NamedTuple):
    """One row of fates that the sides see differently."""

    tenant: str
    type: str
    hour_ms: int
    arrival_day: int
    partition: int
    log_says: Mapping[str, int | None]
    store_says: Mapping[str, int | None]
    gap: int

    def finding(self) -> Finding:
        """Return what the counts are and should be."""
        where = f"{self.tenant or '(nobody)'} / {self.type or '(no type)'} / {hour_text(self.hour_ms)}"
        return Finding(
            "fates_differ",
            f"fate_counts {where} / partition {self.partition} / arrived on day {self.arrival_day}",
            f"{differing(self.log_says, self.store_says)}: {self.gap} events",
        )


def differing(log_says: Mapping[str, object], store_says: Mapping[str, object]) -> str:
    """Return the columns that differ, as `sum is 5, by the log 3`."""
    return "; ".join(
        f"{name} is {store_says[name] or 0}, by the log {said or 0}"
        for name, said in log_says.items()
        if (said or 0) != (store_says[name] or 0)
    )
