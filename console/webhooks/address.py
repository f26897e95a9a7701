"""Where Stripe finds a tenant's door."""

from runtime.settings import Settings


def webhook_url(settings: Settings, tenant: str) -> str:
    """Return the URL to give to Stripe for *tenant* (id)."""
    base = settings.public_url or f"http://{settings.host}:{settings.ingest_port}"
    return f"{base.rstrip('/')}/webhooks/stripe/{tenant}"
