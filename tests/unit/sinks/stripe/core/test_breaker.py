"""The breaker, whatever happens in whatever order."""

from hypothesis import given
from hypothesis import strategies as st

from sinks.stripe.core.breaker import FAILURES, OPEN_MS, Breaker, Pass, State

#: What may happen: time passes, a request is asked for, one that is under way ends.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(0, 2 * OPEN_MS)),
        st.tuples(st.just("ask"), st.just(0)),
        st.tuples(st.sampled_from(["succeeded", "failed", "gave up"]), st.integers(0, 50)),
    ),
    max_size=200,
)


#: How a request may go.
_GOES: dict[State, tuple[Pass | None, ...]] = {
    State.CLOSED: ("plain",),
    State.OPEN: (None,),
    State.HALF_OPEN: ("trial", None),
}


class Life:
    """A breaker with the requests that it let through."""

    def __init__(self) -> None:
        self.breaker = Breaker()
        self.now_ms = 0
        self.under_way: list[Pass] = []

    def step(self, what: str, number: int) -> Pass | None:
        """Let *what* happen; return how a request goes, if it was asked for and goes."""
        if what == "wait":
            self.now_ms += number
        elif what == "ask":
            self.breaker, how = self.breaker.ask(self.now_ms)
            if how is not None:
                self.under_way.append(how)
            return how
        elif self.under_way:
            how = self.under_way.pop(number % len(self.under_way))
            match what:
                case "succeeded":
                    self.breaker = self.breaker.succeeded(how)
                case "failed":
                    self.breaker = self.breaker.failed(how, self.now_ms)
                case _:
                    self.breaker = self.breaker.gave_up(how)
        return None


@given(STEPS)
def test_never_more_than_one_trial_is_under_way(steps: list[tuple[str, int]]) -> None:
    life = Life()
    for what, number in steps:
        life.step(what, number)
        assert life.under_way.count("trial") <= 1
        assert life.breaker.trial == ("trial" in life.under_way)


@given(STEPS)
def test_while_it_is_open_nothing_goes_and_it_does_not_stay_open_for_ever(
    steps: list[tuple[str, int]],
) -> None:
    life = Life()
    for what, number in steps:
        state = life.breaker.state(life.now_ms)
        how = life.step(what, number)
        if what == "ask":
            assert how in _GOES[state]
            assert state is not State.HALF_OPEN or life.breaker.trial
        assert life.breaker.wait_ms(life.now_ms) <= OPEN_MS


@given(STEPS)
def test_only_failures_in_a_row_open_it(steps: list[tuple[str, int]]) -> None:
    life, in_a_row = Life(), 0
    for what, number in steps:
        before, under_way = life.breaker.state(life.now_ms), list(life.under_way)
        life.step(what, number)
        ended = len(under_way) != len(life.under_way) and what != "ask"
        if before is State.CLOSED and ended:
            in_a_row = {"succeeded": 0, "failed": in_a_row + 1, "gave up": in_a_row}[what]
            assert (life.breaker.state(life.now_ms) is not State.CLOSED) == (in_a_row >= FAILURES)
        if life.breaker.state(life.now_ms) is not State.CLOSED:
            in_a_row = 0


def test_a_trial_closes_it_or_opens_it_anew() -> None:
    opened = Breaker()
    for _ in range(FAILURES):
        opened = opened.failed("plain", 1_000)
    assert opened.state(1_000 + OPEN_MS - 1) is State.OPEN
    tried, how = opened.ask(1_000 + OPEN_MS)
    assert (how, tried.state(1_000 + OPEN_MS)) == ("trial", State.HALF_OPEN)
    assert tried.ask(9 * OPEN_MS) == (tried, None)
    assert tried.succeeded("trial") == Breaker()
    assert tried.failed("trial", 5_000_000).state(5_000_000 + OPEN_MS - 1) is State.OPEN
    assert tried.gave_up("trial").ask(9 * OPEN_MS)[1] == "trial"


def test_what_began_before_it_opened_says_nothing_about_now() -> None:
    opened = Breaker()
    for _ in range(FAILURES):
        opened = opened.failed("plain", 1_000)
    assert opened.succeeded("plain") == opened
    assert opened.failed("plain", 30_000) == opened
