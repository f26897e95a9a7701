"""A consumer group: partitions have owners, and owners hear of it sooner or later.

Whoever has not heard yet goes on with what was his: a zombie, as a process is that the coordinator
cannot reach, or that was stopped for longer than its session.
"""

from collections.abc import Sequence
from random import Random


class Group:
    """The members of one group by name."""

    def __init__(self, chance: Random, members: Sequence[str], partitions: int) -> None:
        self._chance = chance
        self._members = members
        self._owners = [members[number % len(members)] for number in range(partitions)]
        self._heard: dict[str, frozenset[int]] = {}

    def assigned(self, member: str) -> frozenset[int]:
        """Return the partitions of *member*."""
        return frozenset(number for number, owner in enumerate(self._owners) if owner == member)

    def has_news(self, member: str) -> bool:
        """Say whether *member* has not heard yet what is his."""
        return self._heard.get(member) != self.assigned(member)

    def is_new(self, member: str) -> bool:
        """Say whether *member* has heard nothing since it joined."""
        return member not in self._heard

    def tell(self, member: str) -> frozenset[int]:
        """Return what is *member*'s; from now on he knows."""
        self._heard[member] = self.assigned(member)
        return self._heard[member]

    def joined_anew(self, member: str) -> None:
        """Take note that *member* knows nothing."""
        self._heard.pop(member, None)

    def give_up(self, member: str) -> None:
        """Give the partitions of *member*, who was silent for too long, to others."""
        others = [other for other in self._members if other != member]
        self._owners = [self._chance.choice(others) if owner == member else owner for owner in self._owners]

    def rebalance(self) -> str:
        """Give some partitions to others, or to the same, who hear of it again."""
        if not self._chance.randrange(4):
            self._heard.clear()
        else:
            self._owners = [self._chance.choice(self._members) for _ in self._owners]
        return ", ".join(f"{number}: {owner}" for number, owner in enumerate(self._owners))
