"""Looks at every record that a processor appends: is it true, and does it come in its turn?"""

from collections.abc import Iterable, Sequence

from processors.usage.state import Outputs
from schemas import quota, rollup
from schemas.alert import QuotaThresholdReached, decode_alert
from schemas.seen import parse_offset_key
from schemas.stamp import offset_of
from schemas.verdict import PROGRESS_KEY
from tests.simulation.broker import Kept, Where
from tests.simulation.truth import Truth


class Watch:
    """Raises AssertionError at the first record that should not be there."""

    def __init__(self, outputs: Outputs, truths: Sequence[Truth]) -> None:
        self._looks = {
            outputs.seen: self._seen,
            outputs.verdicts: self._verdicts,
            outputs.rollups: self._rollups,
            outputs.quotas: self._quotas,
            outputs.alerts: self._alerts,
        }
        self._parts = [_Part(truth) for truth in truths]
        #: By key.
        self._told: dict[bytes, bytes] = {}

    def look(self, where: Where, kept: Kept) -> None:
        """Look at the record that was just appended."""
        topic, partition = where
        if topic in self._looks:
            self._looks[topic](self._parts[partition], kept)

    @property
    def alerts(self) -> Iterable[QuotaThresholdReached]:
        """Return every alert, once."""
        alerts = map(decode_alert, self._told.values())
        return [alert for alert in alerts if isinstance(alert, QuotaThresholdReached)]

    @staticmethod
    def _seen(part: "_Part", kept: Kept) -> None:
        offset = parse_offset_key(kept.key)
        assert kept.value == part.truth.seen.get(offset, b""), f"ids of record {offset}"
        part.seen.add(offset)

    @staticmethod
    def _verdicts(part: "_Part", kept: Kept) -> None:
        if kept.key == PROGRESS_KEY:
            stamp = _stamp(rollup.encode(rollup.ProgressKey(part.truth.partition)), kept.value)
            assert offset_of(stamp) <= part.progress, "the verdicts' progress is ahead of the rows'"
            return
        offset = parse_offset_key(kept.key)
        assert kept.value == part.truth.verdicts.get(offset), f"verdicts on record {offset}"
        part.verdicts.add(offset)

    @staticmethod
    def _rollups(part: "_Part", kept: Kept) -> None:
        stamp = _stamp(kept.key, kept.value)
        if kept.key == part.progress_key:
            part.advance(offset_of(stamp))
            return
        assert kept.value == part.truth.values.get((kept.key, stamp)), f"row {kept.key!r} at {stamp}"
        part.rows.add((kept.key, offset_of(stamp)))

    @staticmethod
    def _quotas(part: "_Part", kept: Kept) -> None:
        if not kept.value:
            key = quota.decode_key(kept.key)
            assert not isinstance(key, rollup.ProgressKey)
            assert key.end_ms <= part.truth.newest_ms[-1], f"quota {key} deleted too soon"
            return
        _, row = quota.decode(kept.key, kept.value)
        if isinstance(row, rollup.Progress):
            part.advance_quotas(offset_of(row.stamp))
            return
        content = row.partial if isinstance(row, quota.UsedRow) else row.events
        assert content == part.truth.used.get((kept.key, row.stamp)), f"quota {kept.key!r} at {row.stamp}"
        part.quotas.add((kept.key, offset_of(row.stamp)))

    def _alerts(self, part: "_Part", kept: Kept) -> None:
        """It stands on the partition of its tenant, whichever the source's was."""
        del part
        assert self._told.setdefault(kept.key, kept.value) == kept.value, f"alert {kept.key!r} says otherwise"


class _Part:
    """What was appended of one partition."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.progress_key = rollup.encode(rollup.ProgressKey(truth.partition))
        self.progress = -1
        self.seen: set[int] = set()
        self.verdicts: set[int] = set()
        #: Keys and source offsets of rows.
        self.rows: set[tuple[bytes, int]] = set()
        #: The same of quotas, which have a progress of their own.
        self.quotas: set[tuple[bytes, int]] = set()
        self.quotas_progress = -1

    def advance(self, offset: int) -> None:
        """Hold all that a progress up to *offset* promises against what was appended."""
        due = range(self.progress + 1, offset + 1)
        truth = self.truth
        assert not [each for each in due if each in truth.seen and each not in self.seen], "ids missing"
        assert not [each for each in due if each in truth.verdicts and each not in self.verdicts], (
            "verdicts missing"
        )
        last = {change.key: each for each in due for change in truth.changes[each]}
        missing = [(key, each) for key, each in last.items() if (key, each) not in self.rows]
        assert not missing, f"progress {offset} without rows {missing}"
        assert offset <= self.quotas_progress, "the rows' progress is ahead of the quotas'"
        self.progress = max(self.progress, offset)

    def advance_quotas(self, offset: int) -> None:
        """Hold the quotas up to *offset* against what was appended; those that are over may be gone."""
        due = range(self.quotas_progress + 1, offset + 1)
        last = {used: each for each in due for used in self.truth.quotas[each]}
        missing = [
            (used, each)
            for used, each in last.items()
            if (used.key, each) not in self.quotas and used.end_ms > self.truth.newest_ms[offset]
        ]
        assert not missing, f"progress {offset} without quotas {missing}"
        self.quotas_progress = max(self.quotas_progress, offset)


def _stamp(key: bytes, value: bytes) -> int:
    return rollup.decode(key, value)[1].stamp
