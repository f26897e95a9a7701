"""A topic is the one that was recorded, or nothing is done with it."""

import pytest

from schemas.errors import Misconfigured, TryAgain
from schemas.ground import TopicIdentity, check_topic

RECORDED = TopicIdentity("id-1", 12)


def test_the_topic_as_recorded_is_firm_ground() -> None:
    check_topic("weir.usage", TopicIdentity("id-1", 12), RECORDED)


@pytest.mark.parametrize(("found", "recorded"), [(None, RECORDED), (RECORDED, None), (None, None)])
def test_what_may_still_come_is_waited_for(
    found: TopicIdentity | None, recorded: TopicIdentity | None
) -> None:
    with pytest.raises(TryAgain, match="weir topics apply"):
        check_topic("weir.usage", found, recorded)


@pytest.mark.parametrize(
    ("found", "remedy"),
    [(TopicIdentity("id-2", 12), "weir topics adopt"), (TopicIdentity("id-1", 13), "fixed for life")],
)
def test_another_topic_of_the_same_name_is_refused(found: TopicIdentity, remedy: str) -> None:
    with pytest.raises(Misconfigured, match=remedy):
        check_topic("weir.usage", found, RECORDED)
