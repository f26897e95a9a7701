"""What happens next: drawn from one seed, so that a run can be had again."""

from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from typing import Final, NamedTuple

_REMEMBERED: Final = 40
#: A seed likes some actions and dislikes others: runs that are all alike find the same things.
_LIKINGS: Final = (0.2, 1.0, 1.0, 1.0, 4.0)


class Action(NamedTuple):
    """Something that could happen now."""

    name: str
    #: How often, compared with others.
    weight: float
    #: Does it, and tells what it did in a few words.
    run: Callable[[], str]


class Scheduler:
    """Draws actions, and remembers the last ones."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.step = 0
        self._seed = seed
        self._likings: dict[str, float] = {}
        self._last: deque[str] = deque(maxlen=_REMEMBERED)

    def take(self, actions: Sequence[Action]) -> None:
        """Do one of *actions*."""
        self.step += 1
        weights = [action.weight * self._liking(action.name) for action in actions]
        [action] = self.chance.choices(actions, weights)
        self._last.append(f"{self.step:6} {action.name}")
        told = action.run()
        self.note(told)

    def note(self, told: str) -> None:
        """Add to what is told of the present action."""
        if told:
            self._last[-1] += f": {told}"

    def story(self) -> str:
        """Return the seed, the step and the last actions."""
        lines = "\n".join(self._last)
        return (
            f"seed {self._seed}, step {self.step}; the last actions:\n{lines}\n"
            f"again: make simulate SEED={self._seed} STEPS={self.step}"
        )

    def _liking(self, name: str) -> float:
        liking = self._likings.get(name)
        if liking is None:
            liking = self._likings[name] = Random(f"{self._seed}/{name}").choice(_LIKINGS)
        return liking
