"""The generator against a door that fails: nothing is forgotten, and the truth says what happened."""

import json
from collections import Counter
from pathlib import Path

import pytest

from console.generator.attempt import read_truth
from console.generator.keys import Account
from console.generator.mix import Mix
from console.generator.run import play
from console.generator.sender import Pace
from schemas.errors import Misconfigured
from tests.integration.console.generator.door import Plan, Seen, open_door

pytestmark = pytest.mark.integration

MIX = Mix(
    events=600,
    seed=3,
    until_ms=1_763_726_400_000,
    batch=20,
    conflicts=0.03,
    duplicates=0.05,
    late=0.0,
    invalid=0.0,
)
ACCOUNTS = [Account("a", "wk_a"), Account("b", "wk_b")]


def events_of(body: bytes) -> list[dict[str, str]]:
    decoded = json.loads(body)
    return decoded if isinstance(decoded, list) else [decoded]


def run(plan: Plan, truth: Path, mix: Mix = MIX) -> list[Seen]:
    with open_door(plan) as (door, url):
        play(mix, ACCOUNTS, url, truth, Pace(connections=4))
    return door.seen


def test_every_event_arrives_and_has_its_line(tmp_path: Path) -> None:
    seen = run(lambda _: 202, tmp_path / "truth")
    assert sum(len(events_of(each.body)) for each in seen) == MIX.events
    attempts = list(read_truth(tmp_path / "truth"))
    assert len(attempts) == MIX.events
    assert {each.answer for each in attempts} == {"accepted"}
    assert {each.tenant for each in attempts} == {"a", "b"}


@pytest.mark.parametrize("failure", [503, 500, 429, 0])
def test_what_got_no_2xx_is_repeated_with_the_same_bytes(tmp_path: Path, failure: int) -> None:
    seen = run(lambda nth: failure if nth % 3 == 0 else 202, tmp_path / "truth")
    failed = [each.body for each in seen if each.status == failure]
    taken = Counter(each.body for each in seen if each.status == 202)
    assert failed
    assert all(taken[body] for body in failed)
    answers = Counter(each.answer for each in read_truth(tmp_path / "truth"))
    assert answers["accepted"] == MIX.events
    assert answers["none"] == sum(len(events_of(body)) for body in failed)


def test_a_conflicting_copy_goes_out_only_after_its_original_was_taken(tmp_path: Path) -> None:
    seen = run(lambda nth: 503 if nth % 2 else 202, tmp_path / "truth")
    first_content: dict[str, str] = {}
    conflicts = 0
    taken: set[str] = set()
    for each in seen:
        for event in events_of(each.body):
            content = json.dumps(event)
            if first_content.setdefault(event["id"], content) != content:
                conflicts += 1
                assert event["id"] in taken
        if each.status == 202:
            taken.update(event["id"] for event in events_of(each.body))
    assert conflicts > 0


def test_an_event_that_is_rejected_is_not_repeated(tmp_path: Path) -> None:
    faulty = Mix(events=300, seed=4, until_ms=MIX.until_ms, batch=10, invalid=0.1)
    run(lambda _: 202, tmp_path / "truth", faulty)
    attempts = list(read_truth(tmp_path / "truth"))
    assert len(attempts) == faulty.events
    rejected = [each for each in attempts if each.answer == "rejected"]
    assert rejected
    assert all(not each.quantity for each in rejected)


def test_each_tenant_sends_with_its_own_key(tmp_path: Path) -> None:
    seen = run(lambda _: 202, tmp_path / "truth")
    keys_by_customer: dict[str, set[str]] = {}
    for each in seen:
        for event in events_of(each.body):
            keys_by_customer.setdefault(event["customer"], set()).add(each.key)
    assert {key for keys in keys_by_customer.values() for key in keys} == {"Bearer wk_a", "Bearer wk_b"}
    assert all(len(keys) == 1 for keys in keys_by_customer.values())


def test_a_refusal_for_good_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="403"):
        run(lambda _: 403, tmp_path / "truth")


def test_a_new_key_is_given_time_to_reach_the_ingress(tmp_path: Path) -> None:
    seen = run(lambda nth: 401 if nth < 6 else 202, tmp_path / "truth")
    assert sum(len(events_of(each.body)) for each in seen if each.status == 202) == MIX.events
