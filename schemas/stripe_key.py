"""A tenant's key of Stripe's API, as PostgreSQL keeps it: the console seals it, the sinks open it."""


def purpose_of(tenant: str, key_id: str) -> str:
    """Return what a key is sealed for: nobody can put it in another's place."""
    return f"stripe-key/{tenant}/{key_id}"
