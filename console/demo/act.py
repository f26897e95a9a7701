"""The day that is played: a paced part with kills on the way, then a burst that shows the speed."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from console.demo.flood_story import Flood, play_flood_story
from console.demo.kills import Kill, Nemesis
from console.demo.quota_story import CUSTOMER, Step, play_quota_story
from console.demo.stripe_story import StripeStory, play_stripe_story
from console.generator.keys import Account
from console.generator.mix import Mix
from console.generator.quiet import wait_until_stored
from console.generator.run import play
from console.generator.sender import Pace, Sluice
from console.generator.traffic import Latency, Traffic
from deploy.local.say import Say
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.instant import DAY_MS, HOUR_MS

#: Who is killed, in order.
KILLS: Final = ("processors-1", "sinks", "ingest", "processors-1")
#: The day is sent over this time, so that each kill falls into traffic.
_DAY_SECONDS: Final = 25.0
#: Of all events.
_DAY_SHARE: Final = 0.4
_STORE_SECONDS: Final = 90.0
_POLL_SECONDS: Final = 0.05
_ANSWER_SECONDS: Final = 60.0


class Script(NamedTuple):
    """What is played, for whom, and where the truth goes."""

    events: int
    seed: int
    customers: int
    accounts: Sequence[Account]
    url: str
    truth: Path


class Played(NamedTuple):
    """What was seen."""

    sent: int
    repeated: int
    kills: list[Kill]
    #: From a request to its 2xx, while nothing was killed.
    acknowledged: Latency
    #: From the first request of the burst until all of it was stored.
    burst_events: int
    burst_seconds: float
    quota: list[Step]
    flood: Flood
    stripe: StripeStory


def play_day(script: Script, data: Path, settings: Settings, say: Say) -> Played:
    """Play *script* against the stack in *data*. Raises TryAgain when something does not recover."""
    day = Traffic()
    nemesis = Nemesis(data, settings, day)
    day_mix = _mix(script, round(script.events * _DAY_SHARE), script.seed, DAY_MS)
    sluice = Sluice()
    pace = Pace(8, day_mix.events / _DAY_SECONDS, sluice)
    with ThreadPoolExecutor(1, "generator") as pool:
        sending = pool.submit(play, day_mix, script.accounts, script.url, script.truth, pace, traffic=day)
        try:
            kills = list(_kill_on_the_way(day_mix.events, nemesis, day, sluice, say))
        finally:
            sluice.open_to(script.events)
        sending.result()
    say(f"a day of {day.events} events is sent")
    say(f"all of it is stored {wait_until_stored(settings, _STORE_SECONDS):.1f} s later")
    burst, seconds = _burst(script, script.events - day_mix.events, settings)
    say(f"a burst of {burst.events} events is stored after {seconds:.1f} s")
    quota = play_quota_story(settings, script.accounts[0], script.url)
    say(f"customer {CUSTOMER} has used up its quota, and was put on another plan")
    flood = play_flood_story(settings, script.accounts[1], script.url)
    say(f"a tenant has flooded the door: {flood.taken} of its requests were taken, {flood.refused} refused")
    stripe = play_stripe_story(data, settings, script.url, script.seed, say)
    say(f"two tenants were told a Stripe story: all is mirrored {stripe.mirrored_seconds:.1f} s later")
    return Played(
        day.events + burst.events,
        day.without_answer + burst.without_answer,
        kills,
        burst.latency(),
        burst.events,
        seconds,
        quota,
        flood,
        stripe,
    )


def _burst(script: Script, events: int, settings: Settings) -> tuple[Traffic, float]:
    """Send the rest as fast as it is answered; return how long it took until it was stored."""
    # Another seed, or its ids would be the day's; the same customers.
    mix = _mix(script, events, script.seed + 1, HOUR_MS // 2)
    burst = Traffic()
    play(mix, script.accounts, script.url, script.truth, Pace(16), prepared=True, traffic=burst, append=True)
    wait_until_stored(settings, _STORE_SECONDS)
    return burst, time.monotonic() - burst.begun_at


def _mix(script: Script, events: int, seed: int, span_ms: int) -> Mix:
    return Mix(
        events=events,
        seed=seed,
        customers=script.customers,
        until_ms=time.time_ns() // 1_000_000,
        span_ms=span_ms,
        invalid=0.005,
        conflicts=0.002,
        unmatched=0.002,
        prefix="customer-",
    )


def _kill_on_the_way(events: int, nemesis: Nemesis, day: Traffic, sluice: Sluice, say: Say) -> Iterator[Kill]:
    """Kill one after the other, each with traffic before it and while it is away."""
    for nth, name in enumerate(KILLS):
        part = events // (len(KILLS) + 1)
        sluice.open_to((nth + 1) * part)
        _await_events(day, (2 * nth + 1) * part // 2)
        sluice.open_to((nth + 2) * part)
        kill = nemesis.kill(name)
        say(f"killed {name} (pid {kill.pid}): goes on after {kill.recovery_seconds:.2f} s")
        yield kill


def _await_events(day: Traffic, events: int) -> None:
    deadline = time.monotonic() + _ANSWER_SECONDS
    while day.events < events:
        if time.monotonic() > deadline:
            raise TryAgain(f"only {day.events} events of {events} had an answer in {_ANSWER_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)
