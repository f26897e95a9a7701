"""How much is measured: enough for figures that mean something, or just enough to see that it works."""

from typing import Final, NamedTuple


class Scale(NamedTuple):
    """Sizes of one run of the bench."""

    repeat: int
    #: At most, before the first rate.
    warm_up_seconds: float
    events_single: int
    events_100: int
    events_1000: int
    events_log: int
    #: Of each run at half load, and of the one at 2,000 events a second.
    latency_seconds: float
    #: For each process that is killed.
    kills: int
    keys: int
    ids: int
    events_faust: int
    #: Told to an endpoint, or put on the log.
    webhooks_sent: int
    #: On record.
    webhooks: int
    #: Questions to each filter of them.
    searches: int


FULL: Final = Scale(
    repeat=3,
    warm_up_seconds=180.0,
    events_single=40_000,
    events_100=600_000,
    events_1000=400_000,
    events_log=600_000,
    latency_seconds=10.0,
    kills=3,
    keys=1_000_000,
    ids=5_000_000,
    events_faust=20_000,
    webhooks_sent=20_000,
    webhooks=1_000_000,
    searches=420,
)
SMOKE: Final = Scale(
    repeat=1,
    warm_up_seconds=0.0,
    events_single=500,
    events_100=20_000,
    events_1000=20_000,
    events_log=20_000,
    latency_seconds=1.0,
    kills=1,
    keys=10_000,
    ids=50_000,
    events_faust=500,
    webhooks_sent=300,
    webhooks=20_000,
    searches=21,
)
