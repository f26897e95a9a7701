"""What every measurement works with."""

from typing import NamedTuple

from console.bench.figures import Figures
from console.bench.proof import Proof
from console.bench.scale import Scale
from console.bench.stage import Stage


class Bench(NamedTuple):
    """A running stack, how much to measure, and where the figures go."""

    stage: Stage
    scale: Scale
    figures: Figures
    proof: Proof
