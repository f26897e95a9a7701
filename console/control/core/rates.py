"""What people write of rates: events a second, and how many at once."""

from schemas.errors import Reject
from schemas.rate import MOST, Rate


def rate_of(per_second: int | None, burst: int | None) -> Rate | None:
    """Return the rate of these two numbers; without *burst*, what comes in two seconds. Raises Reject."""
    if per_second is None:
        if burst is not None:
            raise Reject("a burst needs a rate beside it: say --rate too")
        return None
    wanted = Rate(per_second, 2 * per_second if burst is None else burst)
    if not (1 <= wanted.per_second <= MOST and 1 <= wanted.burst <= 2 * MOST):
        raise Reject(f"a rate is 1 to {MOST} events a second, its burst 1 to {2 * MOST}")
    return wanted


def columns_of(rate: Rate | None) -> dict[str, int | None]:
    """Return *rate* as the store keeps it."""
    return (
        {"per_second": rate.per_second, "burst": rate.burst} if rate else {"per_second": None, "burst": None}
    )


def rate_in(per_second: int | None, burst: int | None) -> Rate | None:
    """Return the rate that the store keeps."""
    return None if per_second is None or burst is None else Rate(per_second, burst)
