"""Records of one kind as lines for COPY, many at once: a call for each costs more than its content.

A key comes back with every change of its row, so its half of the line is made once. The value's half
is JSON of whole numbers only: its brackets and commas become tabs, and the line stands.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from schemas.errors import Reject
from schemas.rollup import encode
from sinks.core.record import Record
from sinks.rollups.core.row import Row, Stamped, Table

_MOST_KEYS: Final = 100_000
_COMMAS_TO_TABS: Final = bytes.maketrans(b",", b"\t")
_BRACKETS: Final = b"[]"
_encode_lines: Final = msgspec.json.Encoder().encode_lines


class Lines:
    """Reads the records of one table, and remembers the keys that come back."""

    def __init__(
        self, table: Table, kind: type[Stamped], depth: int, half_of: Callable[[bytes, int], bytes]
    ) -> None:
        """Read values of *kind*, which begin with *depth* brackets.

        *half_of* makes a key's half of the line, for records on a partition; it raises Reject.
        """
        self._table = table
        self._opening = b"[" * depth
        self._depth = depth
        self._half_of = half_of
        self._halves: dict[int, dict[bytes, bytes]] = {}
        self._known = 0
        self._decoder: msgspec.json.Decoder[Stamped] = msgspec.json.Decoder(kind)

    def read(self, partition: int, records: Sequence[Record]) -> list[Row] | None:
        """Return the row of each of *records*, which stand on *partition*; None if one of them has none."""
        rows = self._rows(b"\n".join([record.value for record in records]), len(records))
        if rows is None:
            return None
        # Encoded anew, because a record may have blanks, or more numbers from a later release.
        numbers = _encode_lines(rows).translate(_COMMAS_TO_TABS, _BRACKETS).splitlines(keepends=True)
        halves = self._halves.setdefault(partition, {})
        table = self._table
        try:
            return [
                Row(
                    table,
                    row.stamp,
                    (halves.get(record.key) or self._learn(partition, record.key)) + line,
                    partition,
                    record,
                )
                for record, row, line in zip(records, rows, numbers, strict=True)
            ]
        except Reject:
            return None

    def read_one(self, partition: int, record: Record) -> Row:
        """Return the row in *record*. Raises Reject if it is none, or one that no store would take."""
        half = self._half_of(record.key, partition)
        try:
            row = self._decoder.decode(record.value)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Reject(f"not a row of {self._table.name.lower()}: {error}") from None
        numbers = encode(row).translate(_COMMAS_TO_TABS, _BRACKETS)
        return Row(self._table, row.stamp, b"%b%b\n" % (half, numbers), partition, record)

    def _rows(self, joined: bytes, count: int) -> list[Stamped] | None:
        # Each line is one whole value: it begins with all of its opening brackets, and a value that is
        # not closed on its line finds no number behind it. So no two can be taken for one, or one for two.
        opening, brackets = self._opening, self._depth * count
        if not (
            joined.startswith(opening)
            and joined.endswith(b"]")
            and joined.count(b"]\n" + opening) == joined.count(b"\n") == count - 1
            and joined.count(b"[") == joined.count(b"]") == brackets
        ):
            return None
        try:
            return self._decoder.decode_lines(joined)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _learn(self, partition: int, key: bytes) -> bytes:
        half = self._half_of(key, partition)
        if self._known >= _MOST_KEYS:
            for halves in self._halves.values():
                halves.clear()
            self._known = 0
        self._halves[partition][key] = half
        self._known += 1
        return half
