"""What processes had sent before their end, and what others send while somebody loads."""

from collections.abc import Callable, Sequence
from random import Random

from tests.simulation.processor import Processor
from tests.simulation.scheduler import Action

#: One look at a log in so many is not undisturbed.
_DISTURBED = 3


class Ghosts:
    """Batches on their way without a process that waits for them."""

    def __init__(self, chance: Random, processors: Sequence[Processor], note: Callable[[str], None]) -> None:
        self._chance = chance
        self._processors = processors
        self._note = note

    def actions(self) -> list[Action]:
        if not any(processor.ghosts for processor in self._processors):
            return []
        return [Action("ghosts write", 2, self._write), Action("ghosts are gone", 1, self.lose)]

    def strike(self) -> None:
        """While somebody loads, others may append."""
        wires = [wire for processor in self._processors for wire in processor.wires]
        if wires and not self._chance.randrange(_DISTURBED):
            self._note(f"meanwhile {self._chance.choice(wires).deliver()}")

    def lose(self) -> str:
        """Have nothing of it arrive any more."""
        for processor in self._processors:
            processor.lose_ghosts()
        return ""

    def _write(self) -> str:
        ghosts = [wire for processor in self._processors for wire in processor.ghosts if wire.under_way]
        return self._chance.choice(ghosts).deliver() if ghosts else "nothing"
