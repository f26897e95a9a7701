"""Topics are created and recorded once; one that is not the recorded one is never taken unasked."""

from console.control.core.ground import Existing, Plan, Recorded, Wanted, plan

USAGE = Wanted("usage", 12)


def test_a_new_installation_creates_and_records() -> None:
    assert plan([USAGE], {}, {}) == Plan((USAGE,), ((USAGE, 1),), ())


def test_a_second_time_there_is_nothing_to_do() -> None:
    assert plan([USAGE], {"usage": Existing("id-1", 12)}, {"usage": Recorded("id-1", 1)}) == Plan((), (), ())


def test_a_topic_that_somebody_made_for_us_is_recorded_as_it_is() -> None:
    assert plan([USAGE], {"usage": Existing("id-1", 12)}, {}) == Plan((), ((USAGE, 1),), ())


def test_another_topic_of_the_same_name_is_a_finding_until_it_is_adopted() -> None:
    existing, recorded = {"usage": Existing("id-2", 12)}, {"usage": Recorded("id-1", 3)}
    refused = plan([USAGE], existing, recorded)
    assert (refused.create, refused.record) == ((), ())
    assert "made anew behind our back" in refused.findings[0]
    assert plan([USAGE], existing, recorded, adopt=True) == Plan((), ((USAGE, 4),), ())


def test_a_topic_that_is_gone_is_a_finding_until_it_is_adopted() -> None:
    refused = plan([USAGE], {}, {"usage": Recorded("id-1", 1)})
    assert (refused.create, refused.record) == ((), ())
    assert "is gone" in refused.findings[0]
    assert plan([USAGE], {}, {"usage": Recorded("id-1", 1)}, adopt=True) == Plan((USAGE,), ((USAGE, 2),), ())


def test_to_adopt_what_is_in_force_changes_nothing() -> None:
    existing, recorded = {"usage": Existing("id-1", 12)}, {"usage": Recorded("id-1", 1)}
    assert plan([USAGE], existing, recorded, adopt=True) == Plan((), (), ())


def test_the_number_of_partitions_is_never_adopted() -> None:
    for adopt in (False, True):
        refused = plan([USAGE], {"usage": Existing("id-1", 8)}, {}, adopt=adopt)
        assert (refused.create, refused.record) == ((), ())
        assert "8 partitions instead of 12" in refused.findings[0]
