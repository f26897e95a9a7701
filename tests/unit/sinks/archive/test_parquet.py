import hashlib
import io
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.event import NOT_GIVEN, Series, UsageEvent
from schemas.pack import encode_pack
from sinks.archive.parquet import write
from sinks.archive.usage_columns import UsageColumns
from sinks.archive.usage_records import read
from sinks.archive.usage_table import table_of
from sinks.core.record import Record


def table(records: int) -> pa.Table:
    def event(place: int) -> UsageEvent:
        return UsageEvent(Series("t", f"c-{place % 7}", "api"), NOT_GIVEN, place, "api", f"e-{place}", b"")

    columns = UsageColumns()
    for offset in range(records):
        pack = encode_pack([event(500 * offset + place) for place in range(500)])
        columns.add(read(Record(offset, offset, b"", pack)))
    return table_of(columns, 0)


def test_a_file_reads_back_as_the_table_and_hashes_as_it_says() -> None:
    written = table(3)

    content, sha256 = write(written)

    assert hashlib.sha256(content).digest() == sha256
    back = pq.read_table(io.BytesIO(content))
    assert back.column_names == written.column_names
    assert back.to_pylist() == written.to_pylist()


def test_duckdb_reads_every_column_as_it_was(tmp_path: Path) -> None:
    written = table(3)
    path = tmp_path / "file.parquet"
    path.write_bytes(write(written).content)

    with duckdb.connect() as database:
        names = ", ".join(f'"{name}"' for name in written.column_names)
        rows = database.execute(f"select {names} from read_parquet(?)", [str(path)]).fetchall()  # noqa: S608

    assert rows == [tuple(row.values()) for row in written.to_pylist()]


def test_readers_can_skip_by_row_group_page_and_id() -> None:
    content, _ = write(table(80))

    metadata = pq.read_metadata(io.BytesIO(content))
    assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [32_768, 7_232]
    customers = metadata.row_group(0).column(1)
    assert customers.path_in_schema == "customer"
    assert customers.has_column_index
    assert (customers.statistics.min, customers.statistics.max) == ("c-0", "c-5")
