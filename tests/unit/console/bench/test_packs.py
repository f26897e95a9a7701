import json
from collections import defaultdict

from console.bench.packs import EVENTS_A_PACK, pack_up
from console.generator.deck import Deck
from console.generator.keys import Account
from console.generator.mix import Mix
from schemas.event import UsageEvent
from schemas.pack import decode_pack
from schemas.partition import partition_of

NOW_MS = 1_763_726_400_000
ACCOUNTS = [Account("north", ""), Account("south", "")]
MIX = Mix(events=3_000, seed=5, customers=3, until_ms=NOW_MS, conflicts=0.0, invalid=0.05)


def test_every_good_event_is_packed_once_for_its_partition_and_in_order() -> None:
    batches = list(Deck(MIX, [account.tenant for account in ACCOUNTS]).deal())
    packed: dict[int, list[UsageEvent]] = defaultdict(list)
    for partition, value in pack_up(batches, ACCOUNTS, 12, NOW_MS):
        pack = decode_pack(value)
        assert pack.count <= EVENTS_A_PACK
        packed[partition] += pack.events()

    wanted: dict[int, list[str]] = defaultdict(list)
    for batch in batches:
        for made in batch.events:
            line = json.loads(made.line + b'"}')
            if line["quantity"]:
                wanted[partition_of(line["tenant"], line["customer"], 12)].append(line["id"])
    assert {partition: [event.id for event in events] for partition, events in packed.items()} == wanted
