"""How the canary of a stack is, from the metrics of the console that keeps it."""

from collections.abc import Iterable
from typing import NamedTuple

from console.cli.samples import Sample
from schemas.metrics import CANARY_FAILING, CANARY_INTERVAL, CANARY_LAST_STAGE, CANARY_LAST_SUCCESS


class LastRound(NamedTuple):
    """What is known of its last round."""

    #: Since a round was right at every stage; None: none was.
    seconds_since_success: float | None
    #: Of the last round that reached the stage, from the send on.
    stage_seconds: dict[str, float]
    #: "late at stored" and the like: what the last round failed of.
    failing: list[str]


def last_round_of(found: Iterable[Sample], now: float) -> LastRound | None:
    """Return how the canary is at *now* (seconds since 1970) by a console's metrics; None: it has none."""
    by_name: dict[str, list[Sample]] = {}
    for sample in found:
        by_name.setdefault(sample.name, []).append(sample)
    if not any(each.value for each in by_name.get(CANARY_INTERVAL.full_name, ())):
        return None
    last = max((each.value for each in by_name.get(CANARY_LAST_SUCCESS.full_name, ())), default=0.0)
    failing = (each.labels for each in by_name.get(CANARY_FAILING.full_name, ()) if each.value)
    return LastRound(
        max(now - last, 0.0) if last else None,
        {each.labels["stage"]: each.value for each in by_name.get(CANARY_LAST_STAGE.full_name, ())},
        [f"{labels['kind']} at {labels['stage']}" for labels in failing],
    )


def in_words(last_round: LastRound) -> str:
    """Return one line for people."""
    last = last_round.seconds_since_success
    when = "no round was right yet" if last is None else f"last right {last:.0f} s ago"
    if last_round.failing:
        return f"FAILS: {', '.join(last_round.failing)}; {when} (the console's log says what was seen)"
    took = ", ".join(
        f"{stage} {seconds * 1_000:.0f} ms" for stage, seconds in last_round.stage_seconds.items()
    )
    return f"{when}: {took}" if last is not None else when
