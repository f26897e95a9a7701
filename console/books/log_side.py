"""The left side: what became of every event, found out from the log and the archive alone.

It reads nothing that the processor wrote and imports nothing of it. Both apply the pure rules of
`schemas`; how the rules are carried through is written twice, here as SQL over columns.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from typing import Final, NamedTuple

from console.books.core import rules, sketches
from console.books.core.rules import PLAIN_DIGITS, Measure, Rule
from console.books.desk import Desk, literal, statements
from schemas.admission import AHEAD_MS
from schemas.catalog import Catalog
from schemas.event import NO_QUANTITY
from schemas.horizon import SLACK_MS
from schemas.meters import Meter, ValueMissing

_MEMBERS: Final = "/* members */"
#: A member of a JSON object whose text needs no reader: no escapes, no braces, a number as JSON has them.
_TEXT: Final = r'"[^"\\{}\x00-\x1f]*"'
_NUMBER: Final = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"
_MEMBER: Final = f"{_TEXT}:(?:{_TEXT}|{_NUMBER}|true|false|null)"


class Law(NamedTuple):
    """What people decided, as far as it decides fates."""

    catalog: Catalog
    partitions: int
    horizon_ms: int
    #: (partition, offset) of records that `weir skip` named.
    skipped: Sequence[tuple[int, int]] = ()


class LogSide:
    """Recounts the relation `log` of a desk into log_fates, log_rollups and log_in_flight."""

    def __init__(self, desk: Desk, law: Law) -> None:
        """Recount on *desk* by *law*; nothing happens before `recount`."""
        self._desk = desk
        self._law = law

    def recount(self) -> None:
        """Decide every event of the log anew."""
        self._prepare()
        measures = self._judge()
        self._choose(measures)
        self._measure(measures)
        self._find_copies()
        for measure in measures:
            self._desk.run("add_rollups", **_which(measure), **_worth(measure))
            self._add_sketches(measure)
        self._desk.run("make_fates")
        self._desk.run("make_in_flight")

    def reused_ids(self, most: int) -> list[tuple[str, str, str, list[str]]]:
        """Return at most *most* of (tenant, source, id, customers) where customers share an id."""
        return [(*row,) for row in self._desk.rows("reused_ids", most=most)]

    def _prepare(self) -> None:
        self._desk.define("make_product", digits=PLAIN_DIGITS)
        self._desk.execute(statements()["make_shapes"].as_string().replace("$member", _MEMBER), {})
        for name in ("make_number", "make_members", "make_tables"):
            self._desk.run(name)

    def _judge(self) -> list[Measure]:
        """Decide what needs no other event: refused, unmatched, late or counted."""
        desk, law = self._desk, self._law
        parties = desk.rows("distinct_parties")
        desk.fill("misplaced", rules.misplaced(parties, law.partitions))
        desk.fill("unnameable", rules.unnameable({("tenant", tenant) for tenant, _, _ in parties}))
        desk.fill("unnameable", rules.unnameable({("customer", customer) for _, customer, _ in parties}))
        for names in ("distinct_types", "distinct_sources", "doubtful_ids"):
            desk.fill("unnameable", rules.unnameable(desk.rows(names)))
        desk.fill("skipped", law.skipped)
        found: list[Rule] = list(rules.rules_of(law.catalog, desk.rows("distinct_hours")))
        desk.fill("rules", found)
        desk.run("make_events", oldest_ms=law.horizon_ms + SLACK_MS, ahead_ms=AHEAD_MS + SLACK_MS)
        return rules.measures_of(law.catalog, found)

    def _choose(self, measures: Sequence[Measure]) -> None:
        """Find out whom choosy meters count, and in which group; the rule is asked once for each rest."""
        for measure in measures:
            if not measure.meter.is_choosy:
                continue
            of_type = {"type": measure.meter.event_type, "version": measure.version}
            choices = []
            for (rest,) in self._desk.rows("distinct_rests", **of_type):
                try:
                    group = measure.meter.group_of(rest.encode())
                except ValueMissing:
                    self._desk.run("refuse_rest", **of_type, rest=rest)
                    continue
                if group is not None:
                    choices.append((*of_type.values(), measure.meter.name, rest, group))
            self._desk.fill("choices", choices)
        self._desk.fill("filtered", rules.filtered(measures))
        self._desk.run("leave_out")

    def _measure(self, measures: Iterable[Measure]) -> None:
        """Find the values that are more than quantity times factor, and refuse what has none."""
        for measure in measures:
            if measure.meter.unique_by:
                self._name_things(measure)
                continue
            if measure.reads_members:
                members = ", ".join(f"member_micro(data, {literal(p)})" for p in measure.meter.properties)
                statement = statements()["measure"].as_string().replace(_MEMBERS, members)
                self._desk.execute(statement, {**_which(measure), **_worth(measure), "limit": measure.limit})
            self._measure_one_by_one(measure)
        self._desk.run("refuse_missing")

    def _name_things(self, measure: Measure) -> None:
        """Find out what events are about; the rule is asked once for each rest."""
        which, things = _which(measure), []
        of_type = {"type": which["type"], "version": which["version"]}
        for (rest,) in self._desk.rows("distinct_rests_of_meter", **which):
            thing = _value(measure.meter, NO_QUANTITY, rest)
            if thing is None:
                self._desk.run("refuse_rest", **of_type, rest=rest)
            else:
                things.append((*of_type.values(), measure.meter.name, rest, str(thing)))
        self._desk.fill("things", things)

    def _add_sketches(self, measure: Measure) -> None:
        """Make the sketches of a meter's rows from the values on the log: each with how often it came."""
        kind = measure.meter.aggregation.rule.kind
        if kind is not None:
            if measure.meter.unique_by:
                found = self._desk.rows("distinct_things", **_which(measure))
            else:
                worth = {**_worth(measure), "timed": kind.has_times}
                found = self._desk.rows("distinct_values", **_which(measure), **worth)
            self._desk.fill("sketches", sketches.of_log(measure.meter, found))

    def _measure_one_by_one(self, measure: Measure) -> None:
        """Ask the rule itself about what the columns could not tell."""
        meter, values, missing = measure.meter, [], []
        doubtful = self._desk.rows(
            "unmeasured",
            **_which(measure),
            limit=measure.limit,
            reads_rest=bool(meter.properties),
            absent=measure.absent,
        )
        for event, quantity, rest in doubtful:
            value = _value(meter, int(quantity), rest)
            if value is None:
                missing.append((event,))
            else:
                digits = str(value)
                huge = len(digits) > PLAIN_DIGITS
                values.append((event, meter.name, None if huge else digits, digits if huge else None))
        self._desk.fill("measured", values)
        self._desk.fill("missing", missing)

    def _find_copies(self) -> None:
        """Let the first sighting win."""
        desk, horizon_ms = self._desk, self._law.horizon_ms
        desk.run("find_repeated")
        desk.run("find_sightings")
        desk.run("judge_copies", horizon_ms=horizon_ms)
        spread = desk.rows("spread_sightings", horizon_ms=horizon_ms)
        for _, sights in groupby(spread, key=lambda row: row[:4]):
            desk.fill("copies", rules.copies_over_time((row[4:] for row in sights), horizon_ms))
        desk.run("apply_copies")


def _which(measure: Measure) -> Mapping[str, object]:
    meter = measure.meter
    return {
        "type": meter.event_type,
        "version": measure.version,
        "meter": meter.name,
        "everybody": not meter.is_choosy,
    }


def _worth(measure: Measure) -> Mapping[str, object]:
    return {"factor": measure.factor, "absent": measure.absent}


def _value(meter: Meter, quantity_micro: int, rest: str) -> int | None:
    with suppress(ValueMissing):
        return meter.measure(quantity_micro, rest.encode())
    return None
