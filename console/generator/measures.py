"""Quantities that are exact in the meter's unit, in each way in which an event may say them."""

from collections.abc import Callable
from random import Random
from typing import Final, NamedTuple

from schemas.quantity import MICRO, format_micro

#: Events of these types are made; their weights are how often.
TYPES: Final = ("api", "storage", "bandwidth", "compute", "database", "functions")
WEIGHTS: Final = (40, 8, 16, 8, 16, 12)
UNMEASURED: Final = "carrier_pigeon"
#: 1/64 GB: the largest part of a GB that 6 digits write exactly is a multiple of it.
_STEP_BITS: Final = 24
_STEP_MICRO: Final = MICRO >> 6
#: A hundredth of a CPU-hour.
_CPU_STEP_SECONDS: Final = 36
_CPU_STEP_MICRO: Final = MICRO // 100


class Measure(NamedTuple):
    """The part of an event that says how much: JSON members, and the quantity that they amount to."""

    #: Begins with a comma, or is empty.
    members: str
    #: In the meter's unit.
    quantity: str


def measures(kind: str, random: Random, count: int) -> list[Measure]:
    """Return *count* ways to use something of type *kind*."""
    make = _MAKERS.get(kind, _calls)
    return [make(random) for _ in range(count)]


def _calls(random: Random) -> Measure:
    if random.random() < 0.5:  # noqa: PLR2004 -- a coin
        return Measure(f',"data":{{"endpoint":"/v{random.randint(1, 9)}/x"}}', "1")
    return _plain(random.randint(1, 5_000) * MICRO)


def _storage(random: Random) -> Measure:
    steps, hours = random.randint(1, 4_000), random.randint(1, 24)
    micro = steps * hours * _STEP_MICRO
    if random.random() < 0.5:  # noqa: PLR2004 -- a coin
        return _plain(micro)
    members = f',"data":{{"bucket":"b-{steps % 7}","bytes":{steps << _STEP_BITS},"hours":{hours}}}'
    return Measure(members, format_micro(micro))


def _bandwidth(random: Random) -> Measure:
    steps = random.randint(1, 9_000)
    micro = steps * _STEP_MICRO
    if random.random() < 0.5:  # noqa: PLR2004 -- a coin
        return _plain(micro)
    members = f',"data":{{"bytes":"{steps << _STEP_BITS}","direction":"egress"}}'
    return Measure(members, format_micro(micro))


def _compute(random: Random) -> Measure:
    steps = random.randint(1, 3_000)
    micro = steps * _CPU_STEP_MICRO
    if random.random() < 0.5:  # noqa: PLR2004 -- a coin
        return _plain(micro)
    return Measure(f',"data":{{"cpu_seconds":{steps * _CPU_STEP_SECONDS}}}', format_micro(micro))


def _plain(micro: int) -> Measure:
    quantity = format_micro(micro)
    return Measure(f',"quantity":"{quantity}"', quantity)


_MAKERS: Final[dict[str, Callable[[Random], Measure]]] = {
    "storage": _storage,
    "bandwidth": _bandwidth,
    "compute": _compute,
}
