"""Bodies that came compressed. Bounded: a bomb costs no more than the largest body that is taken."""

import zlib
from collections.abc import Mapping
from typing import Final, NoReturn, Protocol

from backports import zstd

from ingest.core.problem import refuse
from schemas.admission import Finding

MAX_BODY_BYTES: Final = 2**20

_GZIP: Final = 16 + zlib.MAX_WBITS
#: Largest window that a zstd frame may ask memory for: 8 MiB, what the highest normal level uses.
_ZSTD_OPTIONS: Final[Mapping[int, int]] = {zstd.DecompressionParameter.window_log_max: 23}


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def inflate(body: bytes, encoding: str) -> bytes:
    """Return *body* as it was before Content-Encoding *encoding*. Raises Refused."""
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _inflate(body, zlib.decompressobj(_GZIP), "gzip")
        case "zstd":
            return _inflate(body, zstd.ZstdDecompressor(options=_ZSTD_OPTIONS), "zstd")
    raise refuse("encoding_unknown", "the content encoding must be gzip, zstd or identity")


def too_large() -> NoReturn:
    """Raise the answer to a body beyond the limit."""
    raise refuse("too_large", f"a body has at most {MAX_BODY_BYTES} bytes after inflating")


def _inflate(body: bytes, decompressor: _Decompressor, name: str) -> bytes:
    try:
        inflated = decompressor.decompress(body, MAX_BODY_BYTES + 1)
    except (zlib.error, zstd.ZstdError):
        raise _broken(name, "is not") from None
    if len(inflated) > MAX_BODY_BYTES:
        too_large()
    if not decompressor.eof:
        raise _broken(name, "is cut off, it is no complete")
    if decompressor.unused_data:
        raise _broken(name, "goes on behind the end of the")
    return inflated


def _broken(name: str, what: str) -> Exception:
    detail = f"the body {what} {name} stream"
    return refuse("encoding_broken", detail, Finding("", "encoding_broken", detail.removeprefix("the body ")))
