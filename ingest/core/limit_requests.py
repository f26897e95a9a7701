"""What a request that takes from the limits of use asks for."""

from collections.abc import Collection
from typing import Any, Final, NamedTuple

import msgspec

from ingest.core.path_names import read_names
from ingest.core.problem import refuse
from schemas.admission import EventRejected, Finding, read_members, read_quantity, read_text
from schemas.event import NO_QUANTITY
from schemas.quantity import MICRO

#: How long a lease lives without being renewed, and the longest that it may.
DEFAULT_TTL_SECONDS: Final = 60
MOST_TTL_SECONDS: Final = 3_600


class Place(NamedTuple):
    """What a path below /v1/limits/ speaks of."""

    customer: str
    meter: str
    #: Whether of leases, and of which one; None: of a new one.
    is_lease: bool = False
    lease: str | None = None


class WantedLease(NamedTuple):
    """A lease that somebody asks for."""

    name: str
    ttl_seconds: int


def place_of(path: str) -> Place:
    """Return what *path*, from the customer on, speaks of. Raises Refused."""
    match path.split("/"):
        case [customer, meter] if customer and meter:
            customer, meter = read_names(customer=customer, meter=meter)
            return Place(customer, meter)
        case [customer, meter, "leases"] if customer and meter:
            customer, meter = read_names(customer=customer, meter=meter)
            return Place(customer, meter, is_lease=True)
        case [customer, meter, "leases", lease] if customer and meter and lease:
            customer, meter, lease = read_names(customer=customer, meter=meter, id=lease)
            return Place(customer, meter, is_lease=True, lease=lease)
    raise refuse(
        "not_found",
        "write POST /v1/limits/CUSTOMER/METER, POST …/leases or DELETE …/leases/ID, "
        "with %2F for a slash in a name",
    )


def wanted_micro(body: bytes) -> int:
    """Return the quantity in *body*, in millionths; 1 where nothing is said. Raises Refused."""
    if not body:
        return int(MICRO)
    faults: list[Finding] = []
    members = _members(body, {"quantity"}, faults)
    micro = read_quantity("/quantity", members.get("quantity"), faults)
    _refuse(faults)
    return int(MICRO) if micro == NO_QUANTITY else micro


def wanted_lease(body: bytes) -> WantedLease:
    """Return the lease that *body* asks for. Raises Refused."""
    faults: list[Finding] = []
    members = _members(body, {"id", "ttl_seconds"}, faults)
    name = read_text(members, "id", faults)
    ttl_seconds = _ttl(members.get("ttl_seconds"), faults)
    _refuse(faults)
    return WantedLease(name, ttl_seconds)


def _members(body: bytes, known: Collection[str], faults: list[Finding]) -> dict[str, Any]:
    try:
        members = read_members(body)
    except EventRejected as rejected:
        raise refuse("bad_request", f"the body {rejected.findings[0].detail}", *rejected.findings) from None
    unknown = sorted(set(members) - set(known))
    if unknown:
        names = ", ".join(sorted(known))
        faults.append(Finding("", "unknown_member", f"has members that mean nothing here: write {names}"))
    return members


def _ttl(value: Any, faults: list[Finding]) -> int:  # noqa: ANN401 -- any JSON value
    if value is None:
        return DEFAULT_TTL_SECONDS
    text = bytes(value).decode() if isinstance(value, msgspec.Raw) else ""
    seconds = int(text) if text.isdigit() and len(text) <= len(str(MOST_TTL_SECONDS)) else 0
    if not 1 <= seconds <= MOST_TTL_SECONDS:
        detail = f"must be a whole number from 1 to {MOST_TTL_SECONDS}"
        faults.append(Finding("/ttl_seconds", "ttl_seconds_invalid", detail))
    return seconds


def _refuse(faults: list[Finding]) -> None:
    if faults:
        pointer, _, detail = faults[0]
        raise refuse("bad_request", f"{pointer.removeprefix('/') or 'the body'} {detail}", *faults)
