"""What a backfill reads: all that Stripe still lists of the span, objects only where its events are gone."""

from hypothesis import given
from hypothesis import strategies as st

from sinks.stripe.core.spans import HORIZON_S, SETTLED_S, Span
from sinks.stripe.core.stages import EVENTS, KINDS, after, stages

ASKED_S = 1_800_000_000


@given(st.integers(0, 400 * 86_400), st.integers(1, 400 * 86_400))
def test_no_second_of_the_span_is_left_out(age_s: int, length_s: int) -> None:
    whole = Span(ASKED_S - age_s, ASKED_S - age_s + length_s)
    way = stages(whole, ASKED_S)
    spans = {stage.name: stage.span for stage in way}
    settled = Span(whole.from_s, min(whole.to_s, ASKED_S - SETTLED_S))
    if settled.from_s >= settled.to_s:
        assert EVENTS not in spans
        return
    if EVENTS in spans:
        assert spans[EVENTS].to_s == settled.to_s
        assert spans[EVENTS].from_s >= ASKED_S - HORIZON_S
    if whole.from_s < ASKED_S - HORIZON_S:
        assert [stage.name for stage in way if stage.name != EVENTS] == list(KINDS)
        first = spans[KINDS[0]]
        assert first.from_s == whole.from_s
        assert first.to_s >= min(settled.to_s, spans[EVENTS].from_s if EVENTS in spans else settled.to_s)
    else:
        assert list(spans) == [EVENTS]
        assert spans[EVENTS].from_s == whole.from_s


def test_what_is_not_yet_settled_is_left_to_webhooks_and_walks() -> None:
    assert stages(Span(ASKED_S - SETTLED_S, ASKED_S + 9), ASKED_S) == ()


def test_one_stage_follows_the_other_to_the_last() -> None:
    way = stages(Span(ASKED_S - 2 * HORIZON_S, ASKED_S), ASKED_S)
    names, stage = [way[0].name], after(way, way[0].name)
    while stage is not None:
        names.append(stage.name)
        stage = after(way, stage.name)
    assert names == [EVENTS, *KINDS]
