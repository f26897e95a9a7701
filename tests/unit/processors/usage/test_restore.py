"""What `weir.seen` holds is in the index again, however much it is."""

from processors.usage.core.horizon import Horizon
from processors.usage.core.seen_index import Copy, SeenIndex, Sightings
from processors.usage.restore import SeenLog
from schemas.instant import DAY_MS
from schemas.seen import encode_seen, offset_key

IDS = [number.to_bytes(16, "little") for number in range(1, 60_001)]


def test_ids_beyond_the_table_are_sealed_while_they_are_read() -> None:
    index = SeenIndex(1_024)
    log = SeenLog(index, Horizon(DAY_MS))
    for offset in range(600):
        entries = [(each, 7) for each in IDS[100 * offset : 100 * offset + 100]]
        log.add(offset_key(offset), encode_seen(entries), 0)
    log.finish()

    assert len(index) == len(IDS)
    assert index.runs
    again = index.decide(Sightings(b"".join(IDS), [7] * len(IDS), [1_000] * len(IDS), [0] * len(IDS)))
    assert again == {place: Copy(conflicts=False, first_offset=place // 100) for place in range(len(IDS))}
