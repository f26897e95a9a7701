"""The clients of all tenants in one loop, over shared connections, and how they are, in metrics."""

from collections import Counter
from typing import Final

import aiohttp

from runtime.metrics import Metrics
from schemas.metrics import STRIPE_BREAKERS, STRIPE_REQUEST_DURATION, STRIPE_REQUESTS
from sinks.stripe.api import StripeApi
from sinks.stripe.asking import Asking
from sinks.stripe.core.breaker import State

_MOST_CONNECTIONS: Final = 50


class Clients:
    """Makes a client for each tenant, and remembers it: its pace and its breaker are the tenant's."""

    def __init__(self, base: str, metrics: Metrics) -> None:
        """Ask at *base*."""
        self._base = base.rstrip("/")
        self._requests = metrics.counter(STRIPE_REQUESTS)
        self._seconds = metrics.histogram(STRIPE_REQUEST_DURATION)
        self._breakers = metrics.gauge(STRIPE_BREAKERS)
        self._session: aiohttp.ClientSession | None = None
        #: By tenant, with the key that each was made with.
        self._made: dict[str, tuple[str, StripeApi]] = {}

    def of(self, tenant: str, key: str) -> StripeApi:
        """Return the client of *tenant* (id) for *key*: the same one as long as the key is."""
        known = self._made.get(tenant)
        if known is not None and known[0] == key:
            return known[1]
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_MOST_CONNECTIONS), trust_env=False
            )
        api = StripeApi(Asking(tenant, key, self._base, self._session, self))
        self._made[tenant] = (key, api)
        self.turned()
        return api

    def tried(self, outcome: str, seconds: float) -> None:
        """Count a try."""
        self._requests.labels(outcome).inc()
        self._seconds.observe(seconds)

    def turned(self) -> None:
        """Show how many tenants' breakers are how."""
        states = Counter(api.asking.state for _, api in self._made.values())
        for state in State:
            self._breakers.labels(state.value).set(states[state])

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        self._made.clear()
