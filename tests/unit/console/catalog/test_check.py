"""The checker takes what can be measured, and finds every fault at once, with its line."""

import msgspec
import pytest

from console.catalog.core.check import check
from console.catalog.document import parse, read, shipped
from schemas.groups import Filter
from schemas.instant import HOUR_MS, MINUTE_MS
from schemas.meters import Aggregation, Meter
from tests.unit.console.catalog.findings import findings_of

GIB = 2**30


def test_the_shipped_catalogue_is_the_six_meters() -> None:
    draft, findings = check(read(shipped("shipped")))
    assert findings == []
    assert draft.grace_ms == HOUR_MS
    assert draft.meters == (
        Meter(name="api", event_type="api", unit="requests", default_one=True),
        Meter(
            name="storage",
            event_type="storage",
            unit="GB-hours",
            properties=("bytes", "hours"),
            per_unit=GIB,
        ),
        Meter(name="bandwidth", event_type="bandwidth", unit="GB", properties=("bytes",), per_unit=GIB),
        Meter(
            name="compute",
            event_type="compute",
            unit="CPU-hours",
            properties=("cpu_seconds",),
            per_unit=3_600,
        ),
        Meter(name="database", event_type="database", unit="queries", default_one=True),
        Meter(name="functions", event_type="functions", unit="invocations", default_one=True),
    )


def test_the_demo_has_a_long_grace_and_two_meters_more() -> None:
    ships, _ = check(read(shipped("shipped")))
    demo, findings = check(read(shipped("demo")))
    assert findings == []
    own = [meter for meter in demo.meters if meter not in ships.meters]
    assert [meter.name for meter in own] == ["api_by_endpoint", "egress"]
    same = tuple(meter for meter in demo.meters if meter in ships.meters)
    assert msgspec.structs.replace(demo, meters=same) == msgspec.structs.replace(ships, grace_ms=25 * HOUR_MS)


def test_a_meter_says_what_it_measures() -> None:
    draft, findings = check(
        parse("grace: 30m\nmeters:\n  peak:\n    event_type: load\n    aggregation: max\n  calls:\n")
    )
    assert findings == []
    assert draft.grace_ms == 30 * MINUTE_MS
    assert draft.meters == (
        Meter(name="peak", event_type="load", aggregation=Aggregation.MAX),
        Meter(name="calls", event_type="calls"),
    )


def test_a_meter_says_whom_it_counts_and_apart_by_what() -> None:
    text = """meters:
  tokens:
    event_type: completion
    properties: [/data/usage/total_tokens]
    filters:
      /data/model/vendor: [acme, globex]
      status: 200
      cached: false
    group_by: [model, /data/user/plan]
"""
    draft, findings = check(parse(text))
    assert findings == []
    [tokens] = draft.meters
    assert tokens.properties == ("/data/usage/total_tokens",)
    assert tokens.filters == (
        Filter("/data/model/vendor", ("acme", "globex")),
        Filter("status", ("200",)),
        Filter("cached", ("false",)),
    )
    assert tokens.group_by == ("model", "/data/user/plan")


@pytest.mark.parametrize(
    ("member", "finding"),
    [
        ("properties: [/usage]", "properties: must be a name, or a JSON pointer that begins with /data/"),
        ("properties: [/data/a//b]", "properties: must be a name, or a JSON pointer"),
        ("filters: egress", "filters: must be a mapping of names to values"),
        ("filters: {direction: }", "filters.direction: must be text of 1 to 128"),
        ("filters: {direction: []}", "filters.direction: must be one value, or a list"),
        ("filters: {direction: [in, in]}", "filters.direction: must be one value, or a list"),
        ("filters: {/direction: in}", "filters./direction: must be a name, or a JSON pointer"),
        ("group_by: model", "group_by: must be a list of names"),
        ("group_by: [a, b, c, d, e]", "group_by: must be at most 4 properties"),
        ("group_by: [model, /data/x/model]", "group_by: must end in different names"),
    ],
)
def test_a_bad_choice_is_a_finding_at_its_place(member: str, finding: str) -> None:
    [found] = findings_of(f"meters:\n  tokens:\n    {member}\n")
    assert found.startswith(f"line 3: meters.tokens.{finding}")


def test_a_meter_of_different_things_says_by_what() -> None:
    text = """meters:
  users:
    event_type: visit
    aggregation: unique
    unique_by: [user, /data/account/id]
"""
    draft, findings = check(parse(text))
    assert findings == []
    assert draft.meters == (
        Meter(
            name="users",
            event_type="visit",
            aggregation=Aggregation.UNIQUE,
            unique_by=("user", "/data/account/id"),
        ),
    )


def test_what_a_meter_of_different_things_lacks_or_has_too_much_is_found() -> None:
    text = """meters:
  users:
    aggregation: unique
    properties: [user]
    per_unit: 7
    without_quantity: 1
  visitors:
    aggregation: unique
    unique_by: []
  visits:
    unique_by: [user]
"""
    assert findings_of(text) == [
        "line 3: meters.users.unique_by: is missing: unique counts different values of which properties?",
        "line 4: meters.users.properties: says nothing here: things are counted, by `unique_by`",
        "line 5: meters.users.per_unit: says nothing here: things are counted, by `unique_by`",
        "line 6: meters.users.without_quantity: says nothing here: things are counted, by `unique_by`",
        "line 9: meters.visitors.unique_by: must name at least one property",
        "line 11: meters.visits.unique_by: says something only to `aggregation: unique`",
    ]


def test_what_makes_things_different_cannot_change() -> None:
    before = Meter(name="users", event_type="users", aggregation=Aggregation.UNIQUE, unique_by=("user",))
    [found] = findings_of("meters: {users: {aggregation: unique, unique_by: [account]}}", before)
    assert "its unique_by was ('user',) and cannot become ('account',)" in found


def test_whom_a_meter_counts_may_change_with_a_version() -> None:
    before = Meter(name="calls", event_type="calls", group_by=("path",))
    assert findings_of("meters: {calls: {filters: {path: /x}, group_by: [method]}}", before) == []


def test_all_findings_come_at_once_with_their_lines() -> None:
    text = """grace: 7d
metres: {}
meters:
  API:
    unit: 3
  storage:
    per_unit: 0
    properties: [bytes, bytes]
    aggregation: mean
  compute:
    per_unit: 1.5
    without_quantity: true
"""
    assert findings_of(text) == [
        "line 1: grace: must be less than 7 days",
        "line 2: metres: is unknown: write one of default_plan, grace, meters, plans",
        "line 4: meters.API: must be named by a-z, 0-9, - and _, a letter first, at most 64",
        "line 5: meters.API.unit: must be text of 1 to 128 printable characters",
        "line 7: meters.storage.per_unit: must be a whole number above 0",
        "line 8: meters.storage.properties: names one thing twice",
        (
            "line 9: meters.storage.aggregation: must be one of "
            "count, sum, avg, min, max, first, latest, unique, p50, p95, p99, time_weighted_sum"
        ),
        "line 11: meters.compute.per_unit: must be a whole number above 0",
        (
            "line 12: meters.compute.without_quantity: must be 1 or `refused`: "
            "what an event without a quantity is worth"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("", "line 1: the document is empty"),
        ("- a", "line 1: must be a mapping with `meters`, and perhaps `grace` and `plans`"),
        ("grace: 1h", "line 1: meters: is missing"),
        ("meters: {}", "line 1: meters: must name at least one meter"),
        ("meters: [a]", "line 1: meters: must be a mapping of names to values"),
        ("meters:\n  a: 3", "line 2: meters.a: must be a mapping, or empty"),
        ("meters:\n  a:\n  a:\n", "line 3: a: stands twice in its mapping"),
        ("meters: {a: {}}\ngrace: 1", "line 2: grace: must be a time such as 30m, 1h or 2d"),
        ("meters: {a: {}}\ngrace: 168h", "line 2: grace: must be less than 7 days"),
    ],
)
def test_what_is_no_catalogue_is_one_finding(text: str, finding: str) -> None:
    assert findings_of(text) == [finding]


def test_a_grace_just_below_seven_days_is_fine() -> None:
    assert findings_of("meters: {a: {}}\ngrace: 167h") == []


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "\t- x", "? [", "%YAML 9"])
def test_what_is_no_yaml_is_a_finding_and_no_crash(text: str) -> None:
    (finding,) = findings_of(text)
    assert "not YAML" in finding or "must be" in finding


def test_a_document_that_contains_itself_is_a_finding() -> None:
    (finding,) = findings_of("meters: &m {a: *m}")
    assert finding


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ("aggregation: max", "its aggregation was sum and cannot become max: name a new meter"),
        ("unit: MB", "its unit was GB and cannot become MB: name a new meter"),
        ("per_unit: 1000", "its scale (per_unit and number of properties)"),
    ],
)
def test_what_a_meters_numbers_mean_is_fixed(change: str, finding: str) -> None:
    before = Meter(name="traffic", event_type="traffic", unit="GB", per_unit=GIB, properties=("bytes",))
    members = {"unit": "unit: GB", "per_unit": f"per_unit: {GIB}", "properties": "properties: [bytes]"}
    members[change.split(":", maxsplit=1)[0]] = change
    text = "meters:\n  traffic:\n" + "".join(f"    {line}\n" for line in members.values())
    (found,) = findings_of(text, before)
    assert finding in found
    assert found.startswith("line 2: meters.traffic")


def test_what_an_event_needs_may_change() -> None:
    before = Meter(name="traffic", event_type="traffic", per_unit=GIB, properties=("bytes",))
    assert findings_of(f"meters: {{traffic: {{event_type: egress, per_unit: {GIB}}}}}", before) == []
