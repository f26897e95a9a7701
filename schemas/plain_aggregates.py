"""Aggregations that a partial answers by itself."""

from typing import Final

from schemas.aggregate import Needs, Rule

COUNT: Final = Rule(lambda partial, _sketch, _scale: (partial.events, 1), Needs.NOTHING)
SUM: Final = Rule(lambda partial, _sketch, scale: (partial.sum, scale))
AVG: Final = Rule(lambda partial, _sketch, scale: (partial.sum, scale * max(1, partial.events)))
MIN: Final = Rule(lambda partial, _sketch, scale: (partial.min, scale))
MAX: Final = Rule(lambda partial, _sketch, scale: (partial.max, scale))
FIRST: Final = Rule(lambda partial, _sketch, scale: (partial.first, scale))
LATEST: Final = Rule(lambda partial, _sketch, scale: (partial.latest, scale))
