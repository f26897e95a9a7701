"""What the doors take and answer, described beside the read API: one page shows every address of Weir.

The doors serve these addresses themselves; tests hold their answers against what is said here.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType

from console.api.routes import Parameter
from ingest.core.forms import MAX_EVENTS
from ingest.core.limit_answers import UseAnswer
from ingest.core.limit_requests import DEFAULT_TTL_SECONDS, MOST_TTL_SECONDS
from ingest.core.outlook import Outlook
from schemas.admission import MAX_TEXT
from schemas.quota_check import QuotaAnswer
from schemas.webhook import LONGEST_NAME

_Name = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
#: Never read as a float: its digits are what was sent.
_Quantity = Annotated[Any, Meta(extra_json_schema={"type": ["string", "number"], "examples": ["3", "0.25"]})]


class Door(StrEnum):
    """Which process answers."""

    INGEST = "ingest"
    CHECKS = "checks"


class ShortEvent(msgspec.Struct):
    """A usage event in the short form."""

    id: _Name
    customer: _Name
    #: The event type.
    meter: _Name
    quantity: _Quantity | UnsetType = UNSET
    #: RFC 3339; without one the time of its record counts.
    time: str | UnsetType = UNSET
    source: _Name | UnsetType = UNSET
    data: dict[str, Any] | UnsetType = UNSET


class CloudEvent(msgspec.Struct):
    """A usage event as a CloudEvent: the subject is the customer, the type the event type."""

    specversion: Literal["1.0"]
    id: _Name
    source: _Name
    type: _Name
    subject: _Name
    time: str | UnsetType = UNSET
    data: dict[str, Any] | UnsetType = UNSET


class Finding(msgspec.Struct):
    """What is wrong with an event, or odd."""

    code: str
    detail: str
    pointer: str | UnsetType = UNSET


class Receipt(msgspec.Struct):
    """What became of one event."""

    id: str | None
    status: Literal["accepted", "duplicate", "conflict", "rejected"]
    #: Where it stands on the log: topic, partition, offset and place.
    position: str | UnsetType = UNSET
    warnings: list[Finding] | UnsetType = UNSET
    #: Of an event that was rejected: the first finding, and all of them where there are several.
    code: str | UnsetType = UNSET
    pointer: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET
    errors: list[Finding] | UnsetType = UNSET


class _Counts(msgspec.Struct):
    """How many events each status has."""

    accepted: int
    duplicate: int
    conflict: int
    rejected: int


class Receipts(_Counts):
    """The answer to events, in the order in which they were sent."""

    results: list[Receipt]


class Outlooks(_Counts):
    """What would become of events; those that would be rejected have a receipt's members."""

    #: The status that `POST /v1/events` would answer with.
    would_answer: int
    results: list[Outlook]


class Use(msgspec.Struct):
    """How much to take; nothing said is 1, and 0 looks."""

    quantity: _Quantity | UnsetType = UNSET


class Lease(msgspec.Struct):
    """A lease to begin or to renew, under a name of one's own."""

    id: _Name
    ttl_seconds: Annotated[int, Meta(ge=1, le=MOST_TTL_SECONDS)] = DEFAULT_TTL_SECONDS


class StripeEvent(msgspec.Struct):
    """An event as Stripe sends it; whatever else it says is kept as well."""

    id: Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
    type: Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]


class Received(msgspec.Struct):
    """It is on the log."""

    received: Literal[True]


class Operation(NamedTuple):
    """One thing that a door does."""

    door: Door
    method: Literal["get", "post", "delete"]
    path: str
    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    #: What a body holds: one of these, or for events also an array of them.
    bodies: tuple[type[msgspec.Struct], ...]
    #: By status; None: without a body.
    answers: Mapping[str, type[msgspec.Struct] | None]
    #: What else it may answer, with a problem.
    problems: Mapping[str, str]
    #: Whether who sends needs an API key.
    keyed: bool = True


_CUSTOMER: Final = Parameter("customer", "the customer", required=True, in_path=True)
_METER: Final = Parameter("meter", "the meter", required=True, in_path=True)
_NO_KEY: Final = {"401": "no key, or an unknown or revoked one"}
_INGEST_KEY: Final = {**_NO_KEY, "403": "the key lacks the scope `ingest`"}
_NO_METER: Final = {
    "400": "a name or the body is wrong; `errors` names each",
    "404": "there is no such meter",
}
_EVENTS: Final = {
    **_INGEST_KEY,
    "400": "the body is not JSON, or every event was rejected; `errors` names each",
    "413": f"more than 1 MiB after inflating, or more than {MAX_EVENTS:,} events",
    "415": "a content type or encoding that is not known",
    "429": "faster than the rate of the key or tenant, or beyond its events of the month; see `Retry-After`",
    "503": "not confirmed in time; repeat the whole request, it is safe",
}

OPERATIONS: Final = (
    Operation(
        Door.INGEST,
        "post",
        "/v1/events",
        "send_events",
        "Takes events: one, an array, or one a line; gzip and zstd too. A 2xx means durable",
        (),
        (ShortEvent, CloudEvent),
        {"202": Receipts, "207": Receipts},
        _EVENTS,
    ),
    Operation(
        Door.INGEST,
        "post",
        "/v1/validate",
        "validate_events",
        "What would become of events; nothing is stored",
        (),
        (ShortEvent, CloudEvent),
        {"200": Outlooks},
        {status: text for status, text in _EVENTS.items() if status != "503"},
    ),
    Operation(
        Door.CHECKS,
        "get",
        "/v1/quotas/{customer}/{meter}",
        "check_quota",
        "May a customer use more? From memory, with the moment up to which it knows everything",
        (_CUSTOMER, _METER, Parameter("quantity", "how much more; default: 1")),
        (),
        {"200": QuotaAnswer},
        {
            **_NO_METER,
            **_NO_KEY,
            "403": "the key has neither the scope `ingest` nor `read`",
            "429": "it may not; the members of a 200, `error`, `message` and `Retry-After`",
        },
    ),
    Operation(
        Door.CHECKS,
        "post",
        "/v1/limits/{customer}/{meter}",
        "take_from_limits",
        "Takes from a customer's limits a second and a minute, of all of them or of none",
        (_CUSTOMER, _METER),
        (Use,),
        {"200": UseAnswer},
        {
            **_NO_METER,
            **_INGEST_KEY,
            "429": "a limit is reached; `window` says which, `Retry-After` when to come",
        },
    ),
    Operation(
        Door.CHECKS,
        "post",
        "/v1/limits/{customer}/{meter}/leases",
        "begin_lease",
        "Begins a lease, or renews it: what counts against the limit of use at the same time",
        (_CUSTOMER, _METER),
        (Lease,),
        {"201": UseAnswer, "200": UseAnswer},
        {**_NO_METER, **_INGEST_KEY, "429": "as many as the limit says are under way"},
    ),
    Operation(
        Door.CHECKS,
        "delete",
        "/v1/limits/{customer}/{meter}/leases/{id}",
        "end_lease",
        "Ends a lease, also one that has ended already",
        (_CUSTOMER, _METER, Parameter("id", "the name of the lease", required=True, in_path=True)),
        (),
        {"204": None},
        {**_NO_METER, **_INGEST_KEY},
    ),
    Operation(
        Door.INGEST,
        "post",
        "/webhooks/stripe/{tenant}",
        "receive_stripe_webhook",
        "Takes a webhook that Stripe has signed (`Stripe-Signature`); `/webhooks/{tenant}` is the same",
        (Parameter("tenant", "the tenant", required=True, in_path=True),),
        (StripeEvent,),
        {"200": Received},
        {
            "400": "not verified, or no event; always the same words",
            "404": "no such tenant, or one without a secret",
            "413": "more than 1 MiB",
            "503": "not confirmed in time; Stripe sends it again",
        },
        keyed=False,
    ),
)
