"""Has localstripe answer as Stripe does where Weir relies on it: around its handlers, in its own process.

Lists are the newest first, go on by `created` and behind an object; what is not there is `resource_missing`;
who was deleted is said to be so; restricted keys may read. And it sends the events of what Stripe lists
nowhere: of payment methods, tax ids, and drafts of invoices that were deleted.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiohttp import web
from localstripe.errors import UserError
from localstripe.resources import Event, Invoice, PaymentMethod, TaxId, store
from localstripe.server import json_response, unflatten_data
from localstripe.webhooks import schedule_webhook

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: By the path of each list, what it is of. Of the last three localstripe has none.
_LISTS: Final[Mapping[str, str]] = {
    "/v1/events": "event",
    "/v1/customers": "customer",
    "/v1/subscriptions": "subscription",
    "/v1/invoices": "invoice",
    "/v1/payment_intents": "payment_intent",
    "/v1/charges": "charge",
    "/v1/refunds": "refund",
    "/v1/disputes": "dispute",
    "/v1/credit_notes": "credit_note",
    "/v1/radar/early_fraud_warnings": "radar.early_fraud_warning",
}
#: Parameters with which a list is Weir's: all others are left to localstripe.
_TAKEN: Final = frozenset({"limit", "starting_after", "created", "status"})
_MOST_IN_A_PAGE: Final = 100
_NOT_FOUND: Final = 404


def take_stripes_ways(app: web.Application) -> None:
    """Change *app*, which is localstripe's, and does not run yet."""
    deleted: set[str] = set()

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path.rstrip("/")
        asked = unflatten_data(request.query)
        if request.method == "GET" and path in _LISTS and asked.keys() <= _TAKEN:
            return _json(_page(path, _listed(path, asked), asked))
        if request.method == "GET" and path.endswith("/lines"):
            invoice = Invoice._api_retrieve(request.match_info["id"])  # noqa: SLF001 -- it has no public names
            return _json(_page(path, [line._export() for line in invoice.lines._list], asked))  # noqa: SLF001
        if request.method == "GET" and path in deleted:
            return _json({"id": path.rpartition("/")[2], "object": "customer", "deleted": True})
        about = _about(request)
        response = await handler(request)
        if request.method == "DELETE" and path.startswith("/v1/customers/") and "/tax_ids" not in path:
            deleted.add(path)
        if about is not None:
            schedule_webhook(Event(*about))
        elif request.method == "POST" and path.endswith("/tax_ids") and isinstance(response, web.Response):
            made = TaxId._api_retrieve(json.loads(response.text or "")["id"])  # noqa: SLF001
            schedule_webhook(Event("customer.tax_id.created", made))
        return response

    app.middlewares.insert(0, _with_secret_key)
    app.middlewares.append(_saying_what_is_missing)
    app.middlewares.append(answer)


@web.middleware
async def _with_secret_key(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a restricted key read: localstripe knows secret ones alone."""
    said = request.headers.get("Authorization", "")
    if request.method == "GET" and said.startswith("Bearer rk_"):
        headers = request.headers.copy()
        headers["Authorization"] = said.replace("Bearer rk_", "Bearer sk_")
        request = request.clone(headers=headers)
    return await handler(request)


@web.middleware
async def _saying_what_is_missing(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except UserError as error:
        if error.code == _NOT_FOUND:
            error.body["error"].setdefault("code", "resource_missing")
        raise


def _listed(path: str, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return all of a list that is *asked* for, the newest first."""
    of = [value for key, value in store.items() if key.startswith(f"{_LISTS[path]}:")]
    span = asked.get("created", {})
    low, high = int(span.get("gte", 0)), int(span.get("lt", 2**60))
    # In one second, too, what came later comes first.
    placed = sorted(enumerate(of), key=lambda each: (each[1].created, each[0]), reverse=True)
    return [
        one._export()  # noqa: SLF001 -- as above
        for _, one in placed
        if low <= one.created < high and (path != "/v1/subscriptions" or _is_wanted(one.status, asked))
    ]


def _is_wanted(status: str, asked: Mapping[str, Any]) -> bool:
    wanted = asked.get("status")
    return wanted in {"all", status} or (wanted is None and status != "canceled")


def _json(body: Mapping[str, Any]) -> web.Response:
    response: web.Response = json_response(body)
    return response


def _page(path: str, whole: list[dict[str, Any]], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the page of *whole* that is *asked* for. Raises UserError, as Stripe does."""
    behind, limit = asked.get("starting_after"), min(int(asked.get("limit", 10)), _MOST_IN_A_PAGE)
    ids = [one["id"] for one in whole]
    if behind is not None and behind not in ids:
        raise UserError(400, f"No such object: {behind}", {"code": "resource_missing"})
    left = whole[ids.index(behind) + 1 :] if behind is not None else whole
    return {"object": "list", "url": path, "has_more": len(left) > limit, "data": left[:limit]}


def _about(request: web.Request) -> tuple[str, Any] | None:
    """Return the type of the event that Stripe sends for *request*, and what it is about; None: for others.

    Asked before the request is handled: what it deletes is still there.
    """
    words = request.path.strip("/").split("/")
    match request.method, words:
        case "POST", ["v1", "payment_methods", known, "attach" | "detach" as deed]:
            return f"payment_method.{deed}ed", PaymentMethod._api_retrieve(known)  # noqa: SLF001
        case "DELETE", ["v1", "customers", _, "tax_ids", known]:
            return "customer.tax_id.deleted", TaxId._api_retrieve(known)  # noqa: SLF001
        case "DELETE", ["v1", "invoices", known]:
            return "invoice.deleted", Invoice._api_retrieve(known)  # noqa: SLF001
    return None
