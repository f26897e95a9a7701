"""Fetches one object as it is now, for whoever cannot tell from events how it is."""

from runtime import logs
from schemas.webhook import Origin
from sinks.stripe.clients import Clients
from sinks.stripe.keys import Keys
from sinks.stripe.publish import Publisher

log = logs.get_logger(__name__)


class Fetch:
    """Fetches for any tenant."""

    def __init__(self, keys: Keys, clients: Clients, publisher: Publisher) -> None:
        self._keys = keys
        self._clients = clients
        self._publisher = publisher

    async def fetch(self, *, tenant: str, kind: str, object_id: str) -> None:
        """Put on weir.stripe a snapshot of the object of *kind*; does nothing for a tenant without a key.

        Raises TryAgain; Misconfigured where the key is refused, Reject where there is no such object.
        """
        key = await self._keys.of(tenant)
        if key is None:
            log.info("stripe.no_key", tenant=tenant, kind=kind)
            return
        api = self._clients.of(tenant, self._keys.opened(key))
        payload = await api.fetch_snapshot(kind, object_id)
        await self._publisher.publish(tenant, payload, Origin.SNAPSHOT)
