"""Stripe's objects as people and programs get them: the members derive from the rows that are stored.

A moment `x_ms` is `x`, text in RFC 3339; amounts stay whole numbers in the smallest unit of their currency.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import msgspec

from schemas import mirror
from schemas.instant import format_instant

_MOMENT: Final = "_ms"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Something whose members derive from a row."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- what derives from a row, no checker sees
            ...


class ShownObject(Shown, frozen=True, kw_only=True):
    """One of Stripe's objects, and how Weir knows of it."""

    #: Up to when this holds, by Stripe's clock; null: something of it is known only from others.
    as_of: str | None
    #: The event that said so.
    event_id: str
    #: False: several events of that second speak of it, and do not tell which was the last.
    settled: bool
    #: Since when the object is no more; null: it is.
    deleted_at: str | None


S = TypeVar("S", bound=Shown)


def _members_of(row: type[msgspec.Struct], without: str = "") -> Callable[[type[S]], type[S]]:
    """Return what puts the members of *row*, but for one, before those that a class has."""

    def derived(of: type[S]) -> type[S]:
        own = {field.name: field.type for field in msgspec.structs.fields(of)}
        members: dict[str, Any] = {}
        for field in msgspec.structs.fields(row):
            if field.name.endswith(_MOMENT):
                members[field.name.removesuffix(_MOMENT)] = str | None
            elif field.name != without:
                members[field.name] = field.type
        made = msgspec.defstruct(
            of.__name__,
            list((members | own).items()),
            bases=(Shown,),
            namespace={"__doc__": of.__doc__},
            module=of.__module__,
            frozen=True,
            kw_only=True,
        )
        return cast("type[S]", made)

    return derived


@_members_of(mirror.Customer)
class StripeCustomer(ShownObject, frozen=True, kw_only=True):
    """Whom Stripe bills."""


@_members_of(mirror.TaxId)
class StripeTaxId(ShownObject, frozen=True, kw_only=True):
    """A customer's tax number."""


@_members_of(mirror.Discount)
class StripeDiscount(ShownObject, frozen=True, kw_only=True):
    """A coupon at work for a customer or a subscription."""


@_members_of(mirror.PaymentMethod)
class StripePaymentMethod(ShownObject, frozen=True, kw_only=True):
    """How a customer pays."""


@_members_of(mirror.SubscriptionItem)
class StripeSubscriptionItem(Shown, frozen=True, kw_only=True):
    """One price of a subscription; `unit_amount` is decimal text, in the smallest unit of the currency."""


@_members_of(mirror.Subscription)
class StripeSubscription(ShownObject, frozen=True, kw_only=True):
    """What a customer has agreed to pay again and again."""

    items: tuple[StripeSubscriptionItem, ...]


@_members_of(mirror.InvoiceLine)
class StripeInvoiceLine(Shown, frozen=True, kw_only=True):
    """One line of an invoice; `unit_amount` is decimal text, in the smallest unit of the currency."""


@_members_of(mirror.Invoice, without="lines")
class StripeInvoice(ShownObject, frozen=True, kw_only=True):
    """A bill that Stripe has made, without its lines."""


@_members_of(mirror.Charge)
class StripeCharge(ShownObject, frozen=True, kw_only=True):
    """One attempt to take money; `amount_refunded` is of all refunds together."""


@_members_of(mirror.Refund)
class StripeRefund(ShownObject, frozen=True, kw_only=True):
    """Money that goes back."""


@_members_of(mirror.CreditNote)
class StripeCreditNote(ShownObject, frozen=True, kw_only=True):
    """What an invoice is worth less."""


class Doubt(msgspec.Struct, frozen=True):
    """An object of which Stripe has to be asked."""

    object_kind: str
    object_id: str
    #: Up to when it is known, by Stripe's clock.
    as_of: str | None
    #: order: which of several versions is the last; lines: for the rest of its lines.
    why: str


class FailedPayment(msgspec.Struct, frozen=True):
    """An attempt to take an invoice's payment that failed, once its time for a dunning step was over."""

    invoice: str
    failed_at: str
    event_id: str
    judged_at: str
    #: What followed in time: paid, closed, ended, incomplete, sent, attempted or scheduled; null: nothing,
    #: which is a dunning gap.
    step: str | None


class DunningGap(msgspec.Struct, frozen=True):
    """A payment that failed without a dunning step, and its invoice as it is now."""

    failed_at: str
    invoice: str
    subscription: str | None
    customer: str | None
    #: Still to be paid, in the smallest unit of the currency.
    amount_remaining: int | None
    currency: str | None
    #: Of the invoice, and when Stripe tries it next.
    status: str | None
    next_payment_attempt_at: str | None
    event_id: str
    judged_at: str


T = TypeVar("T", bound=msgspec.Struct)


def shown(row: Mapping[str, Any], of: type[T], **more: object) -> T:
    """Return *row*, as PostgreSQL has it, as *of*; *more* are members that it has besides.

    Raises msgspec.ValidationError where the row is none of these.
    """
    members = {
        name.removesuffix(_MOMENT): _moment(value) if name.endswith(_MOMENT) else value
        for name, value in row.items()
    }
    return msgspec.convert(members | more, of)


def _moment(at_ms: int | None) -> str | None:
    return None if at_ms is None or at_ms < 0 else format_instant(at_ms)
