"""How a customer stands with a meter that a request names."""

from ingest.core.problem import refuse
from schemas.catalog import Catalog
from schemas.quota_check import Standing, standing


def standing_of(catalog: Catalog, tenant: str, customer: str, meter: str, now_ms: int) -> Standing:
    """Return how the customer stands at *now_ms*. Raises Refused where there is no such meter."""
    at = standing(catalog, tenant, customer, meter, now_ms)
    if at is None:
        choice = ", ".join(catalog.meters_at(now_ms).choice)
        raise refuse("not_found", f"there is no meter {meter!r}: choose from {choice}")
    return at
