"""The rules of the door for one usage event, in the reading that decides.

The ingress has a faster reading of common shapes, checked against this one; the processor uses
this one for CloudEvents that the operator's services wrote to Kafka past the door.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from schemas.errors import Reject
from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.instant import DAY_MS, MINUTE_MS, parse_instant
from schemas.meters import Meter, ValueMissing
from schemas.quantity import QuantityError, parse_micro
from schemas.strict_json import Path, UnfitJson, read_object

MAX_TEXT: Final = 128
OLDEST_MS: Final = 35 * DAY_MS
AHEAD_MS: Final = 5 * MINUTE_MS
DEFAULT_SOURCE: Final = "api"

#: What each form has of its own; any other member is kept beside the data.
ENVELOPE_MEMBERS: Final = frozenset(
    {"specversion", "id", "source", "type", "subject", "time", "data", "datacontenttype"}
)
SHORT_MEMBERS: Final = frozenset({"id", "source", "customer", "meter", "quantity", "time", "data"})


class Finding(NamedTuple):
    """One fault of an event, or of a request, as a receipt or a problem tells it."""

    #: JSON pointer below the event, or the request's body or parameters.
    pointer: str
    code: str
    detail: str


class EventRejected(Reject):
    """An event breaks rules of the door; `findings` names all of them, at least one."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Keep the findings; the first one is the message."""
        pointer, _, detail = findings[0]
        super().__init__(f"{pointer}: {detail}" if pointer else detail)
        self.findings = tuple(findings)


def read_event(raw: bytes, tenant: str, now_ms: int) -> UsageEvent:
    """Return the event in *raw*, a JSON object in CloudEvents 1.0 or in the short form.

    *now_ms* is the clock that its time is held against. Raises EventRejected with every fault.
    """
    members = read_members(raw)
    faults: list[Finding] = []
    is_envelope = "specversion" in members
    if is_envelope and members["specversion"] != "1.0":
        faults.append(Finding("/specversion", "specversion_unknown", 'must be "1.0"'))
    known, customer_name, type_name = (
        (ENVELOPE_MEMBERS, "subject", "type") if is_envelope else (SHORT_MEMBERS, "customer", "meter")
    )
    data = _data(members, faults)
    if is_envelope:
        quantity = read_quantity("/data/quantity", data.pop("quantity", None), faults)
    else:
        quantity = read_quantity("/quantity", members.get("quantity"), faults)
    event = UsageEvent(
        Series(tenant, read_text(members, customer_name, faults), read_text(members, type_name, faults)),
        _time(members.get("time"), now_ms, faults),
        quantity,
        _source(members, faults, required=is_envelope),
        read_text(members, "id", faults),
        canonical_rest({k: v for k, v in members.items() if k not in known}, data),
    )
    if faults:
        raise EventRejected(faults)
    return event


def read_members(raw: bytes) -> dict[str, Any]:
    """Return the members of one JSON object. Raises EventRejected with every fault."""
    try:
        return read_object(raw)
    except UnfitJson as unfit:
        raise EventRejected(
            [Finding(_pointer(path), code, detail) for path, code, detail in unfit.faults]
        ) from None


def read_text(members: dict[str, Any], name: str, faults: list[Finding]) -> str:
    """Return a member that must be a name, or an empty text and a fault."""
    value = members.get(name)
    if not isinstance(value, str):
        code = f"{name}_missing" if value is None else f"{name}_not_text"
        faults.append(Finding(f"/{name}", code, "must be a string of 1 to 128 characters"))
        return ""
    fault = text_fault(f"/{name}", value)
    if fault is not None:
        faults.append(fault)
    return value


def read_quantity(pointer: str, value: Any, faults: list[Finding]) -> int:  # noqa: ANN401 -- any JSON value
    """Return millionths, or NO_QUANTITY where there is none, and a fault where it is none."""
    if value is None:
        return NO_QUANTITY
    try:
        if isinstance(value, msgspec.Raw):
            return parse_micro(bytes(value).decode())
        if isinstance(value, str):
            return parse_micro(value)
    except QuantityError as error:
        faults.append(Finding(pointer, error.code, str(error)))
        return NO_QUANTITY
    faults.append(Finding(pointer, "quantity_invalid", "must be a decimal, as text or number"))
    return NO_QUANTITY


def text_fault(pointer: str, value: str) -> Finding | None:
    """Return what is wrong with a name: it must have 1 to 128 printable characters."""
    if 1 <= len(value) <= MAX_TEXT and value.isprintable():
        return None
    code = "too_long" if len(value) > MAX_TEXT else "empty" if not value else "not_printable"
    return Finding(pointer, f"{pointer[1:]}_{code}", f"must have 1 to {MAX_TEXT} printable characters")


def time_fault(given_ms: int, now_ms: int) -> Finding | None:
    """Return what is wrong with an event time: at most 35 days old, at most 5 minutes ahead."""
    if given_ms < now_ms - OLDEST_MS:
        return Finding("/time", "time_too_old", "must be at most 35 days old")
    if given_ms > now_ms + AHEAD_MS:
        return Finding("/time", "time_in_future", "must be at most 5 minutes ahead")
    return None


def value_faults(event: UsageEvent, meters: Sequence[Meter]) -> list[Finding]:
    """Return what keeps *meters*, as far as they count it, from measuring *event*."""
    faults = []
    for meter in meters:
        try:
            if meter.group_of(event.rest) is not None:
                meter.measure(event.quantity_micro, event.rest)
        except ValueMissing as missing:
            faults.append(Finding(missing.pointer, missing.code, str(missing)))
    return faults


def canonical_rest(extensions: dict[str, Any], data: dict[str, Any]) -> bytes:
    """Return all else of an event as one canonical JSON object; b"" if there is nothing.

    Members are sorted, blanks are gone, numbers stand as they were written. `data` without
    members counts as none.
    """
    rest = {**extensions, "data": data} if data else extensions
    return _encode_sorted(rest) if rest else b""


_encode_sorted: Final = msgspec.json.Encoder(order="sorted").encode


def _pointer(path: Path) -> str:
    """Return *path* as a JSON pointer, up to the first name that nobody would want to read."""
    pointer = ""
    for step in map(str, path):
        if text_fault("", step) is not None:
            break
        pointer += "/" + step.replace("~", "~0").replace("/", "~1")
    return pointer


def _source(members: dict[str, Any], faults: list[Finding], *, required: bool) -> str:
    if "source" not in members and not required:
        return DEFAULT_SOURCE
    return read_text(members, "source", faults)


def _time(value: Any, now_ms: int, faults: list[Finding]) -> int:  # noqa: ANN401 -- any JSON value
    if value is None:
        return NOT_GIVEN
    if not isinstance(value, str):
        faults.append(Finding("/time", "time_invalid", "must be a string in RFC 3339"))
        return NOT_GIVEN
    try:
        given_ms = parse_instant(value)
    except ValueError as error:
        faults.append(Finding("/time", "time_invalid", str(error)))
        return NOT_GIVEN
    fault = time_fault(given_ms, now_ms)
    if fault is not None:
        faults.append(fault)
    return given_ms


def _data(members: dict[str, Any], faults: list[Finding]) -> dict[str, Any]:
    if "data_base64" in members:
        # Kept like any unknown member, it would hide its quantity from the bill.
        faults.append(Finding("/data_base64", "data_invalid", "must be a JSON object in `data`"))
    data = members.get("data")
    if data is None:
        return {}
    if not isinstance(data, dict):
        faults.append(Finding("/data", "data_invalid", "must be a JSON object"))
        return {}
    return data
