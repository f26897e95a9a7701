"""Is the log under our feet the one that our offsets speak of? Asked on assignment and before every commit.

A topic that was made anew counts its offsets anew: going on would take strangers for known records.
"""

from collections.abc import Iterable, Mapping

from runtime.broker import Broker, Partition
from schemas.errors import Misconfigured
from schemas.ground import check_topic
from sinks.core.log import Bounds, Claim, Log, LogShrunk, Span, look_at
from sinks.ledger import Generation


class Ground:
    """Compares what PostgreSQL remembers of the topics with what the broker has."""

    def __init__(self, prefix: str, broker: Broker) -> None:
        """Look at the topics of *broker* whose names begin with *prefix*."""
        self._prefix = prefix
        self._broker = broker

    def check(self, recorded: Mapping[str, Generation]) -> None:
        """Return if the broker's topics are the *recorded* ones; what was read until now is theirs then.

        Raises Misconfigured where one was made anew, TryAgain where one is missing.
        """
        found = self._broker.topics([self._prefix + topic for topic in recorded])
        for topic, generation in recorded.items():
            name = self._prefix + topic
            check_topic(name, found.get(name), generation.identity)

    def standing(self, claims: Iterable[Claim]) -> tuple[list[Claim], list[Span]]:
        """Return the claims as their logs allow them, and what retention took before it was read.

        Raises Misconfigured where a log ends below what is stored.
        """
        bounds = self._bounds([claim.log for claim in claims])
        standing, lost = [], []
        for claim in claims:
            match look_at(claim, bounds[claim.log]):
                case LogShrunk(_, end):
                    raise Misconfigured(
                        f"the log {claim.log} ends at {end}, below offset {claim.next_offset} which is "
                        "stored already: records are gone from the broker, or the topic was made anew; "
                        "bring them back, or accept the log as it is with `weir topics adopt`"
                    )
                case Span() as span:
                    lost.append(span)
                    standing.append(claim._replace(next_offset=span.last_offset + 1))
                case _:
                    standing.append(claim)
        return standing, lost

    def ends(self, asked: Iterable[Log]) -> dict[Log, int]:
        """Return the offset that each log's next record gets."""
        names = self._names(asked)
        return {names[name]: end for name, end in self._broker.latest(names).items()}

    def _bounds(self, asked: list[Log]) -> Mapping[Log, Bounds]:
        names = self._names(asked)
        # The end first: the beginning may move past an end that is older than it.
        ends = self._broker.latest(names)
        earliest = self._broker.earliest(names)
        return {each: Bounds(earliest[name], ends[name]) for name, each in names.items()}

    def _names(self, asked: Iterable[Log]) -> dict[Partition, Log]:
        return {(self._prefix + each.topic, each.partition): each for each in asked}
