"""The ingress publishes to the topic that the catalogue names, and to no other."""

import pytest

from ingest.core.ground import ground_fault
from schemas.catalog import TopicAdopted
from schemas.errors import Misconfigured

ADOPTED = TopicAdopted("usage", "id-1", 1, 12)


def test_the_topic_as_adopted_is_firm_ground() -> None:
    assert ground_fault("weir.usage", ("id-1", 12), ADOPTED, 12) is None


@pytest.mark.parametrize(("found", "adopted"), [(None, ADOPTED), (("id-1", 12), None), (None, None)])
def test_what_may_still_come_is_waited_for(
    found: tuple[str, int] | None, adopted: TopicAdopted | None
) -> None:
    assert "weir topics apply" in (ground_fault("weir.usage", found, adopted, 12) or "")


@pytest.mark.parametrize(
    ("found", "remedy"),
    [(("id-2", 12), "topics adopt"), (("id-1", 13), "WEIR_PARTITIONS"), (("id-1", 6), "12")],
)
def test_another_topic_of_the_same_name_stops_the_process(found: tuple[str, int], remedy: str) -> None:
    with pytest.raises(Misconfigured, match=remedy):
        ground_fault("weir.usage", found, ADOPTED, 12)
