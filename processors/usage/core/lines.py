"""Lines: all rows that the events of one customer, type and choice count into, found in one step."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from processors.usage.core.periods import Periods
from processors.usage.core.recipes import Choice, Recipe
from processors.usage.core.rows import UsageRow
from processors.usage.core.used import UsedRow
from schemas.sketch import Kind

#: Tenant, customer, meter, group.
UsageName = tuple[str, str, str, str]
#: Tenant, customer, meter.
UsedName = tuple[str, str, str]
#: Tenant, customer, event type, and who counts the event.
LineName = tuple[str, str, str, Choice]
#: Beyond every instant.
_NEVER: Final = 1 << 62


class Line:
    """The rows that events count into."""

    __slots__ = ("counted", "places", "until_ms", "usage", "used")

    def __init__(self, usage: Sequence[UsageRow], used: Sequence[tuple[UsedRow, int]]) -> None:
        """Take the rows of the meters that count, and those of quotas, each with the place of its meter."""
        #: In the order of the meters that count them.
        self.usage = usage
        self.used = [row for row, _ in used]
        #: The place of each quota's meter in that order.
        self.places = [place for _, place in used]
        #: When the first of the quotas is over.
        self.until_ms = min((row.about.end_ms for row in self.used), default=_NEVER)
        #: All rows, each with the place of its meter.
        self.counted: Sequence[tuple[UsageRow, int]] = [
            *((row, place) for place, row in enumerate(usage)),
            *used,
        ]


class Lines(dict[LineName, Line]):
    """The lines of one window and arrival day; whoever asks for one that is not there has it made."""

    def __init__(
        self,
        recipes: Mapping[str, Recipe],
        periods: Periods,
        usage_row: Callable[[UsageName, Kind | None], UsageRow],
        used_rows: Callable[[UsedName], Sequence[UsedRow]],
        made: Callable[[], None],
    ) -> None:
        """Start without any; the rows come from *usage_row* and *used_rows*, *made* hears of each line."""
        super().__init__()
        self.recipes = recipes
        self.periods = periods
        self._usage_row = usage_row
        self._used_rows = used_rows
        self._made = made

    def __missing__(self, name: LineName) -> Line:
        """Return the line of *name*, which is remembered from now on."""
        tenant, customer, event_type, choice = name
        chosen = self.recipes[event_type].chosen(choice)
        line = self[name] = Line(
            [
                self._usage_row((tenant, customer, meter.name, group), meter.aggregation.rule.kind)
                for meter, group in chosen
            ],
            [
                (row, place)
                for place, (meter, _) in enumerate(chosen)
                # What a meter keeps beside its partial no quota keeps.
                if meter.aggregation.rule.kind is None
                for row in self._used_rows((tenant, customer, meter.name))
            ],
        )
        self._made()
        return line
