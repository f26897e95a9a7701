"""Compressed bodies: what is well formed comes through, a bomb or a stump is refused."""

import gzip
import tracemalloc
from collections.abc import Callable

import pytest
from backports import zstd

from ingest.core.problem import Refused
from ingest.inflate import MAX_BODY_BYTES, inflate

BODY = b'{"id":"e-1"}' * 100

pack_both = pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstd.compress)])
Pack = Callable[[bytes], bytes]


def refusal(body: bytes, encoding: str) -> tuple[str, int]:
    with pytest.raises(Refused) as refused:
        inflate(body, encoding)
    return refused.value.problem.code, refused.value.problem.status


@pack_both
def test_what_was_packed_comes_out(encoding: str, pack: Pack) -> None:
    assert inflate(pack(BODY), encoding) == BODY
    assert inflate(pack(BODY), f" {encoding.upper()} ") == BODY
    assert inflate(pack(b""), encoding) == b""


def test_identity_is_no_encoding() -> None:
    assert inflate(BODY, "identity") is BODY


@pack_both
def test_the_largest_body_fits_and_one_byte_more_does_not(encoding: str, pack: Pack) -> None:
    assert len(inflate(pack(b"x" * MAX_BODY_BYTES), encoding)) == MAX_BODY_BYTES
    assert refusal(pack(b"x" * (MAX_BODY_BYTES + 1)), encoding) == ("too_large", 413)


@pack_both
def test_a_bomb_costs_no_more_than_the_largest_body(encoding: str, pack: Pack) -> None:
    bomb = pack(bytes(64 * MAX_BODY_BYTES))
    tracemalloc.start()
    try:
        assert refusal(bomb, encoding) == ("too_large", 413)
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_BODY_BYTES
    finally:
        tracemalloc.stop()


@pack_both
@pytest.mark.parametrize("damage", ["cut", "empty", "other", "more", "changed"])
def test_a_damaged_stream_is_refused(encoding: str, pack: Pack, damage: str) -> None:
    packed = pack(BODY)
    damaged = {
        "cut": packed[:-3],
        "empty": b"",
        "other": BODY,
        "more": packed + packed,
        "changed": packed[:1] + b"\0" + packed[2:],
    }[damage]
    assert refusal(damaged, encoding) == ("encoding_broken", 400)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, zstd", "compress", "x"])
def test_an_encoding_that_nobody_asked_for_is_refused(encoding: str) -> None:
    assert refusal(BODY, encoding) == ("encoding_unknown", 415)


def test_a_frame_that_asks_for_a_huge_window_is_refused() -> None:
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    huge = compressor.compress(BODY * 1_000) + compressor.flush()
    assert refusal(huge, "zstd") == ("encoding_broken", 400)
