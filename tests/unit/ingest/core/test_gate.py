"""The gate closes when Kafka stands still, and finds out by itself when it moves again."""

from ingest.core.gate import PROBE_SECONDS, STALL_SECONDS, Gate

MOST = 1_000


def test_all_may_pass_while_packs_are_confirmed() -> None:
    gate = Gate(MOST)
    assert gate.refusal(100.0, None) is None
    assert gate.refusal(100.0, 100.0 - STALL_SECONDS) is None


def test_a_pack_that_waits_too_long_closes_it_at_once_but_for_a_probe() -> None:
    gate = Gate(MOST)
    oldest = 100.0 - STALL_SECONDS - 0.01
    assert gate.refusal(100.0, oldest) is None  # the probe
    assert gate.refusal(100.0, oldest) is not None
    assert gate.refusal(100.0 + PROBE_SECONDS - 0.01, oldest) is not None
    assert gate.refusal(100.0 + PROBE_SECONDS, oldest) is None  # the next one
    assert gate.refusal(100.0 + PROBE_SECONDS, oldest) is not None


def test_it_stays_closed_when_the_stuck_packs_are_given_up() -> None:
    gate = Gate(MOST)
    gate.refusal(100.0, 0.0)
    gate.failed()
    assert gate.refusal(100.1, None) is not None


def test_the_first_confirmation_opens_it() -> None:
    gate = Gate(MOST)
    gate.failed()
    gate.refusal(100.0, None)
    assert gate.refusal(100.0, None) is not None
    gate.confirmed()
    assert gate.refusal(100.0, None) is None


def test_it_holds_a_bounded_number_of_bytes() -> None:
    gate = Gate(MOST)
    gate.hold(600)
    assert gate.refusal(100.0, None) is None
    gate.hold(400)
    assert "too much" in (gate.refusal(100.0, None) or "")
    gate.release(400)
    assert gate.refusal(100.0, None) is None
