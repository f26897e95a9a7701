from sinks.archive.core.naming import file_name
from sinks.core.log import Claim, Log


def test_a_name_tells_stream_generation_partition_offsets_and_epoch() -> None:
    claim = Claim(Log("usage", 3), generation=2, next_offset=0, epoch=7)

    name = str(file_name(claim, 10, 25))

    assert name == "usage/generation=2/partition=3/0000000000000000010-0000000000000000025-7.parquet"


def test_two_owners_of_a_log_never_write_the_same_name() -> None:
    earlier = Claim(Log("usage", 3), generation=1, next_offset=10, epoch=7)

    assert file_name(earlier, 10, 25) != file_name(earlier._replace(epoch=8), 10, 25)
