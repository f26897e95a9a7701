"""The books balance on what the real processes stored, and every damage is found and named."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from console.books.core.entries import Finding, Sheet, Span
from console.cli.reconcile import command
from schemas.instant import HOUR_MS, parse_instant
from tests.integration.console.books.corner import IN_FLIGHT_EVENTS, TAIL_EVENTS, Corner

pytestmark = pytest.mark.integration


def wrong(sheet: Sheet) -> list[Finding]:
    return [finding for finding in sheet.findings if finding.wrong]


def only(sheet: Sheet) -> Finding:
    (finding,) = wrong(sheet)
    return finding


def test_books_balance_over_archive_tail_and_every_fate(corner: Corner) -> None:
    sheet = corner.sheet()
    assert (sheet.gap, wrong(sheet)) == (0, [])
    totals = {
        name: sum(getattr(row, name) for row in sheet.rows)
        for name in ("counted", "late", "duplicate", "conflict", "unmatched", "refused", "in_flight")
    }
    assert totals["in_flight"] == sheet.in_flight == IN_FLIGHT_EVENTS
    assert sum(row.logged for row in sheet.rows) == sum(totals.values())
    assert all(totals.values())
    assert all(meter.difference == "0" for meter in sheet.meters)


def test_the_log_reaches_beyond_the_archive(corner: Corner) -> None:
    archived = corner.ask("select sum(rows) from archive_files where stream = 'usage'")[0]
    logged = sum(row.logged for row in corner.sheet().rows)
    assert logged == int(str(archived)) + TAIL_EVENTS + IN_FLIGHT_EVENTS


def test_an_id_that_two_customers_share_is_shown_and_is_no_fault(corner: Corner) -> None:
    reused = [finding for finding in corner.sheet().findings if finding.kind == "id_reused"]
    assert reused
    assert not any(finding.wrong for finding in reused)


def test_each_number_of_a_row_of_usage_that_was_damaged_by_hand_is_named(corner: Corner) -> None:
    columns = ["sum", "min", "max", "first_value", "latest_value", "latest_ms", "events"]
    for place, column in enumerate(columns):
        assert corner.damage_usage(column, place) == 1
    sheet = corner.sheet()
    assert sheet.gap == len(columns)
    assert {finding.kind for finding in wrong(sheet)} == {"rollup_damaged"}
    assert all("acme / c-3 / api" in finding.what for finding in wrong(sheet))
    assert {finding.detail.split(" is ")[0] for finding in wrong(sheet)} == set(columns)


def test_a_fraction_in_a_sum_is_damage_and_no_crash(corner: Corner) -> None:
    corner.run("update rollups set sum = sum + 0.5 where :rollup")
    assert only(corner.sheet()).kind == "rollup_damaged"


def test_levels_are_recounted_by_themselves_and_a_damaged_page_of_them_is_named(corner: Corner) -> None:
    [seats] = [row for row in corner.sheet().meters if row.meter == "seats"]
    # Of each customer's hour what its own events say: 4 for 45 minutes, and 2 for 30.
    assert (seats.events, seats.quantity, seats.difference) == (2, "4", "0")
    assert corner.run("update sketches set content = '[[900000],[5000000]]' where customer = 'c-4'") == 1
    sheet = corner.sheet()
    assert only(sheet).detail.startswith("sketch is 3.75 (exact, ")
    [seats] = [row for row in sheet.meters if row.meter == "seats"]
    assert (seats.quantity, seats.difference) == ("4.75", "-0.75")


def test_a_doubled_row_of_usage_is_found(corner: Corner) -> None:
    corner.run("update rollups set events = 2 * events, sum = 2 * sum where :rollup")
    sheet = corner.sheet()
    assert only(sheet).kind == "rollup_doubled"
    assert sheet.gap >= 1


def test_a_lost_row_of_usage_is_found(corner: Corner) -> None:
    corner.run("delete from rollups where :rollup")
    sheet = corner.sheet()
    assert only(sheet).kind == "rollup_missing"
    assert [meter.difference for meter in sheet.meters if meter.gap] != ["0"]


def test_a_row_that_no_event_explains_is_found(corner: Corner) -> None:
    corner.run(
        "insert into rollups select tenant, 'nobody', meter, grp, window_start_ms, arrival_day, events, sum,"
        " min, max, first_ms, first_value, latest_ms, latest_value, stamp, partition"
        " from rollups where :rollup"
    )
    assert only(corner.sheet()).kind == "rollup_foreign"


def test_one_event_under_another_fate_is_a_gap_of_one(corner: Corner) -> None:
    assert corner.run("update fate_counts set counted = counted - 1, duplicate = duplicate + 1 where :fate")
    sheet = corner.sheet()
    assert sheet.gap == 1
    assert only(sheet).kind == "fates_differ"


def test_a_lost_archive_file_is_named_and_its_events_are_a_gap(corner: Corner) -> None:
    path, rows = corner.archive_file()
    path.unlink()
    sheet = corner.sheet()
    lost = [finding for finding in sheet.findings if finding.kind == "archive_file_lost"]
    assert [finding.what for finding in lost] == [str(path.relative_to(corner.settings.archive))]
    assert sheet.gap >= rows


def test_an_archive_file_with_a_flipped_byte_is_named(corner: Corner) -> None:
    path, rows = corner.archive_file()
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    sheet = corner.sheet()
    assert "archive_file_altered" in {finding.kind for finding in wrong(sheet)}
    assert sheet.gap >= rows


def test_an_archive_file_with_one_row_less_is_named(corner: Corner) -> None:
    path, rows = corner.archive_file()
    pq.write_table(pq.ParquetFile(path).read().slice(1), path)
    sheet = corner.sheet()
    altered = [finding for finding in sheet.findings if finding.kind == "archive_file_altered"]
    assert f"it has {rows - 1} rows, by the manifest {rows} rows" in altered[0].detail
    assert sheet.gap >= rows


def test_bytes_that_are_no_file_any_more_are_named(corner: Corner) -> None:
    path, rows = corner.archive_file()
    path.write_bytes(b"rubbish")
    sheet = corner.sheet()
    assert "archive_file_altered" in {finding.kind for finding in wrong(sheet)}
    assert sheet.gap >= rows


def test_a_file_that_the_manifest_forgot_leaves_a_hole(corner: Corner) -> None:
    corner.run(
        "delete from archive_files where name = (select name from archive_files where stream = 'usage'"
        " and first_offset > 0 and last_offset < (select max(last_offset) from archive_files a"
        " where a.partition = archive_files.partition and a.stream = 'usage') limit 1)"
    )
    sheet = corner.sheet()
    assert "archive_hole" in {finding.kind for finding in wrong(sheet)}
    assert sheet.gap > 0


def test_a_lost_range_is_a_gap(corner: Corner) -> None:
    corner.run(
        "insert into lost_ranges (topic, partition, generation, first_offset, last_offset, reader)"
        " values ('usage', 0, 1, 5, 9, 'processor')"
    )
    sheet = corner.sheet()
    assert only(sheet).kind == "lost_range"
    assert sheet.gap == 1


def test_a_span_shows_its_hours_alone_and_balances_at_a_quick_look(corner: Corner) -> None:
    everything = corner.sheet()
    hours = sorted({parse_instant(row.hour) for row in everything.rows})
    span = Span(hours[-5], hours[-1] + HOUR_MS)
    quick, full = corner.sheet(span), corner.sheet(span, full=True)
    assert quick.rows == full.rows
    assert quick.meters == full.meters
    assert (quick.gap, full.gap) == (0, 0)
    assert {parse_instant(row.hour) for row in quick.rows} <= set(hours[-5:])


def test_a_tenant_sees_only_its_own_rows(corner: Corner) -> None:
    sheet = corner.sheet(Span(tenant="acme"))
    assert {row.tenant for row in sheet.rows} == {"acme"}
    assert sheet.gap == 0


def test_the_command_prints_the_promised_shape_and_exits_1_on_a_gap(
    corner: Corner, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("kafka", "postgres", "archive", "topic_prefix", "partitions"):
        monkeypatch.setenv(f"WEIR_{name.upper()}", str(getattr(corner.settings, name)))
    monkeypatch.delenv("WEIR_DATA", raising=False)
    words = ["usage", "--format", "json"]
    assert CliRunner().invoke(command, words, standalone_mode=False).return_value == 0
    corner.run("update rollups set sum = sum + 1 where :rollup")
    capfd.readouterr()
    result = CliRunner().invoke(command, words, standalone_mode=False)
    sheet = json.loads(result.stdout)
    assert result.return_value == 1
    assert sheet["gap"] == 1
    assert {"tenant", "type", "hour", "logged", "counted", "late", "duplicate", "conflict"} <= set(
        sheet["rows"][0]
    )
    assert {"tenant", "meter", "hour", "events", "quantity", "difference"} <= set(sheet["meters"][0])
    assert isinstance(sheet["rejected"], list)
    assert capfd.readouterr().out == ""


def test_the_books_leave_nothing_behind(
    corner: Corner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    corner.sheet()
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]
