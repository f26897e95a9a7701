"""What the canary has sent so far, as far as it still looks at it."""

from collections.abc import Sequence

import msgspec

from console.watch.core.canary_law import QUANTITY, Figures, Round, added, hour_figures, round_of, rounds_in
from console.watch.core.canary_verdict import Verdict, judge
from schemas.instant import HOUR_MS
from schemas.period import MONTH, span_at


class State(msgspec.Struct, frozen=True):
    """The rounds that are known to be on the log, and the one that goes out next."""

    customers: tuple[str, ...]
    #: How many rounds each hour had: of the last two hours that had any.
    hours: dict[int, int]
    #: What each customer used in the present month, in millionths, by the month's start.
    used: Figures
    #: Sent, and not known to be on the log: no other goes out before it.
    pending: Round | None = None

    def next_round(self, now_ms: int) -> Round:
        """Return the round to send at *now_ms*: the one that had no answer, or a new one."""
        if self.pending is not None:
            return self.pending
        # A clock that steps back does not open an hour anew that is looked at no more.
        hour_ms = max(now_ms // HOUR_MS * HOUR_MS, max(self.hours, default=0))
        return round_of(hour_ms, self.hours.get(hour_ms, 0) + 1, self.customers)

    def sending(self, sent: Round) -> "State":
        """Return the state while nobody knows whether *sent* is on the log."""
        return msgspec.structs.replace(self, pending=sent)

    def confirmed(self, sent: Round) -> "State":
        """Return the state with *sent* on the log."""
        hours = self.hours | {sent.hour_ms: sent.number}
        kept = sorted(hours)[-2:]
        month_ms = month_of(sent.hour_ms)
        before = {key: number for key, number in self.used.items() if key[0] == month_ms}
        used = added((before, {(month_ms, sent.customer, QUANTITY): sent.micro}))
        return State(self.customers, {hour: hours[hour] for hour in kept}, used)

    def expected(self) -> Figures:
        """Return what usage has to show from the first hour that is looked at on."""
        return added(hour_figures(hour, rounds, self.customers) for hour, rounds in self.hours.items())

    def expected_used(self, sent: Round) -> Figures:
        """Return what the quota of the customer of *sent* has to show in its month."""
        key = (month_of(sent.hour_ms), sent.customer, QUANTITY)
        return {key: self.used.get(key, 0)}

    def since_ms(self) -> int:
        """Return the start of the first hour that is looked at."""
        return min(self.hours, default=0)


def month_of(hour_ms: int) -> int:
    """Return the start of the month in which usage of an hour counts."""
    return span_at(MONTH, hour_ms).start_ms


def found_state(customers: Sequence[str], seen: Figures, used: Figures, now_ms: int) -> tuple[State, Verdict]:
    """Return the state that explains what is *seen* of this hour and the one before, and *used* of the month.

    Both are complete: nothing is on its way. The verdict says whether any rounds can have made them.
    """
    hour_ms = now_ms // HOUR_MS * HOUR_MS
    hours = {at_ms: rounds_in(at_ms, seen) for at_ms in (hour_ms - HOUR_MS, hour_ms)}
    state = State(tuple(customers), {at_ms: rounds for at_ms, rounds in hours.items() if rounds}, used)
    return state, judge(state.expected(), seen, through_ms=now_ms, since_ms=0)
