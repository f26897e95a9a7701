"""What Weir asks of Stripe for a tenant: pages of its lists, and objects as they are now."""

import re
from collections.abc import Mapping
from typing import Any, Final

from schemas.errors import Reject
from sinks.stripe.asking import API_VERSION, Answer, Asking, Refused
from sinks.stripe.core.snapshot import Page, lines_of, read_named, read_page, snapshot, taken_s, with_lines

#: By `object`, where Stripe lists them and answers for one.
PATHS: Final[Mapping[str, str]] = {
    "customer": "/v1/customers",
    "subscription": "/v1/subscriptions",
    "invoice": "/v1/invoices",
    "payment_intent": "/v1/payment_intents",
    "charge": "/v1/charges",
    "refund": "/v1/refunds",
    "dispute": "/v1/disputes",
    "credit_note": "/v1/credit_notes",
    "payment_method": "/v1/payment_methods",
    "radar.early_fraud_warning": "/v1/radar/early_fraud_warnings",
    "tax_id": "/v1/tax_ids",
}
#: Lists leave some out unless they are asked for all.
_ALL: Final[Mapping[str, Mapping[str, str]]] = {"subscription": {"status": "all"}}
_MOST_IN_A_PAGE: Final = 100
#: Stripe's word for an object that it does not have.
_MISSING: Final = "resource_missing"
_ID: Final = re.compile(r"[A-Za-z0-9_]{1,255}")


class CursorGone(Reject):
    """The object behind which a list was to go on is not there any more: read the list anew."""


class StripeApi:
    """Asks for one tenant. Every method raises as `Asking.get` does."""

    def __init__(self, asking: Asking) -> None:
        """Ask by *asking*."""
        self.asking = asking

    async def events(self, from_s: int, to_s: int, behind: str | None) -> Page:
        """Return a page of the events created in [from, to), the newest first.

        *behind*: the id of the event to go on behind. Raises CursorGone where it is not there any more.
        """
        return read_page((await self._list("/v1/events", _created(from_s, to_s), behind)).body)

    async def objects(self, kind: str, from_s: int, to_s: int, behind: str | None) -> tuple[Page, Answer]:
        """Return the same of objects of *kind*, and the answer that it came with."""
        params = {**_created(from_s, to_s), **_ALL.get(kind, {})}
        answer = await self._list(PATHS[kind], params, behind)
        return read_page(answer.body), answer

    async def knows(self, kind: str, object_id: str) -> bool:
        """Say whether Stripe has the object of *kind* ("event", "customer") for the key of the tenant."""
        path = "/v1/events" if kind == "event" else PATHS[kind]
        try:
            await self.asking.get(f"{path}/{_safe(object_id)}", {})
        except Refused as refused:
            if refused.code != _MISSING:
                raise
            return False
        return True

    async def fetch_snapshot(self, kind: str, object_id: str) -> bytes:
        """Return the payload of an event that holds the object of *kind* ("invoice") as Stripe has it now.

        An invoice has all of its lines. Raises Reject where there is no such object.
        """
        if kind not in PATHS:
            raise Reject(f"{kind!r} is no kind of object that Weir fetches: {', '.join(PATHS)}")
        answer = await self.asking.get(f"{PATHS[kind]}/{_safe(object_id)}", {})
        return await self.as_snapshot(answer.body.encode(), answer)

    async def as_snapshot(self, fetched: bytes, answer: Answer) -> bytes:
        """Return the payload of the event that *fetched* is, which came with *answer*."""
        named = read_named(fetched)
        if named.object == "invoice":
            fetched = await self._whole(named.id, fetched)
        # Further lines come later than the invoice, so that all up to the time of its answer is in both. What
        # changes while they are fetched has an event of its own.
        created_s = taken_s(answer.date_s, answer.round_trip_s)
        return snapshot(fetched, created_s, API_VERSION, livemode=bool(named.livemode))

    async def _whole(self, invoice_id: str, invoice: bytes) -> bytes:
        """Return *invoice* with all its lines."""
        first = lines_of(invoice)
        if not first.has_more:
            return invoice
        path, lines, more = f"/v1/invoices/{_safe(invoice_id)}/lines", list(first.data), True
        while more:
            behind = read_named(bytes(lines[-1])).id if lines else None
            page = read_page((await self._list(path, {}, behind)).body)
            lines += page.data
            more = page.has_more and bool(page.data)
        return with_lines(invoice, lines)

    async def _list(self, path: str, params: Mapping[str, Any], behind: str | None) -> Answer:
        more = {} if behind is None else {"starting_after": behind}
        try:
            return await self.asking.get(path, {"limit": _MOST_IN_A_PAGE, **params, **more}, scan=True)
        except Refused as refused:
            if behind is not None and refused.code == _MISSING:
                raise CursorGone(str(refused)) from None
            raise


def _created(from_s: int, to_s: int) -> dict[str, Any]:
    return {"created": {"gte": from_s, "lt": to_s}}


def _safe(object_id: str) -> str:
    """Return *object_id* if it can stand in a path. Raises Reject."""
    if not _ID.fullmatch(object_id):
        raise Reject(f"{object_id!r} is no id of Stripe's")
    return object_id
