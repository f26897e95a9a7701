"""Tallies are absolute, so that a record that is lost or doubled changes nothing in the end."""

from ingest.core.tallies import Tallies
from schemas.door_tally import TallyKey
from schemas.instant import HOUR_MS

NOW = 100 * HOUR_MS + 5
KEY = TallyKey("run", "acme", "quantity_negative", 100 * HOUR_MS)


def test_only_what_has_moved_is_taken_and_always_as_a_whole() -> None:
    tallies = Tallies("run")
    tallies.add("acme", "quantity_negative", 2, NOW)
    assert tallies.take(NOW) == {KEY: 2}
    assert tallies.take(NOW) == {}
    tallies.add("acme", "quantity_negative", 1, NOW)
    tallies.add("acme", "id_missing", 1, NOW)
    assert tallies.take(NOW)[KEY] == 3


def test_each_hour_has_its_own_counter() -> None:
    tallies = Tallies("run")
    tallies.add("acme", "quantity_negative", 1, NOW)
    tallies.add("acme", "quantity_negative", 1, NOW + HOUR_MS)
    assert sorted(key.hour_ms for key in tallies.take(NOW)) == [100 * HOUR_MS, 101 * HOUR_MS]


def test_what_was_not_published_is_taken_again() -> None:
    tallies = Tallies("run")
    tallies.add("acme", "quantity_negative", 1, NOW)
    tallies.take(NOW)
    tallies.put_back(KEY)
    assert tallies.take(NOW) == {KEY: 1}


def test_hours_long_gone_are_forgotten() -> None:
    tallies = Tallies("run")
    tallies.add("acme", "quantity_negative", 1, NOW)
    tallies.take(NOW)
    tallies.take(NOW + 3 * HOUR_MS)
    tallies.put_back(KEY)
    assert tallies.take(NOW + 3 * HOUR_MS) == {}
