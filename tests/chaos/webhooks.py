"""Stripe beside the usage: accounts whose end is known, told in any order until each webhook has its 2xx.

What is asked in the end is answered by the stories, by what their sender was answered, and by PostgreSQL.
"""

import os
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from console.control.core.webhook_secret import RANDOM_BYTES
from console.control.tenants import create_tenant
from console.control.webhook_secrets import rotate_secret
from console.demo.mirrored import wait_until_mirrored
from console.demo.stripe_sender import Sender, Webhook
from console.demo.stripe_tenant import new_secret, open_endpoint
from console.generator.sender import Sluice
from console.generator.traffic import Traffic
from runtime.postgres import connect
from runtime.sealing import Keyring
from runtime.settings import Settings
from tests.chaos.arena import Arena
from tests.chaos.mirrors import mirror_faults, record_faults
from tests.stripe.shapes import as_sent
from tests.stripe.stories import Story, tell_story, together

#: For so long Stripe repeats what gets no answer.
OUTAGE_S = 3 * 86_400
#: The second before a day that few years have, and before clocks are set forth in Europe and back in America.
ODD_SECONDS = tuple(
    int(datetime.fromisoformat(each).replace(tzinfo=UTC).timestamp())
    for each in ("2024-02-28T23:59:59", "2026-03-29T00:59:59", "2026-11-01T05:59:59")
)
_MOST_STEPS = 20
_ACCOUNTS = 3
#: Of its deliveries, so many are of events that were delivered before.
_AGAIN = 0.25
_TRICKLE = 2
_QUIET_SECONDS = 600.0


def tell_account(random: Random, events: int, until_s: int) -> Story:
    """Return an account with at least *events*: of the three days before *until_s*, and of odd moments."""
    told = [_short(random, began_s) for began_s in ODD_SECONDS]
    while sum(len(story.events) for story in told) < events:
        story = _short(random, until_s - OUTAGE_S)
        if story.events[-1]["created"] < until_s:
            told.append(story)
    return together(told)


def _short(random: Random, began_s: int) -> Story:
    old = random.randrange(4) == 0
    return tell_story(random, old=old, customers=1, most_steps=_MOST_STEPS, began_s=began_s)


class StripeLoad:
    """Accounts of Stripe, each told to several tenants of their own."""

    def __init__(self, settings: Settings, random: Random, deliveries: int, tenants: int, url: str) -> None:
        """Have about *deliveries* ready for *url*, as far as the sluice lets them."""
        self.settings = settings
        events = int(deliveries / tenants * (1 - _AGAIN))
        now_s = int(time.time())
        self.accounts = [tell_account(random, events, now_s) for _ in range(min(_ACCOUNTS, tenants))]
        #: By tenant (id), the secrets that Stripe signs with.
        self.secrets: dict[str, tuple[str, ...]] = {}
        #: By tenant, which of the accounts it hears of.
        self.told: dict[str, Story] = {}
        self.queues = [self._queue(random, nth) for nth in range(tenants)]
        self.deliveries = sum(map(len, self.queues))
        #: How large a part of them may go out.
        self.opened = 0.0
        self.sluice, self.traffic = Sluice(), Traffic()
        self.sender = Sender(url, self.secrets, self.sluice, self.traffic)

    def open_to(self, part: float) -> None:
        """Let so large a part of all deliveries go out, if it is not more already."""
        self.opened = max(self.opened, part)
        self.sluice.open_to(int(self.opened * self.deliveries))

    def trickle(self) -> bool:
        """Let some more go out, for somebody who looks for what they bring about."""
        self.open_to(min(1.0, self.opened + _TRICKLE / self.deliveries))
        return True

    def is_answered(self, part: float) -> bool:
        """Say whether so large a part of all deliveries had a 2xx."""
        return self.traffic.events >= int(part * self.deliveries)

    def rotate(self, overlap_ms: int) -> dict[str, str]:
        """Have Weir take another secret for each tenant, beside the one before; return them."""
        new = {tenant: new_secret() for tenant in self.secrets}
        with connect(self.settings, "chaos", autocommit=True) as connection:
            keyring, now_ms = Keyring.of(self.settings), time.time_ns() // 1_000_000
            for tenant, text in new.items():
                randomness = os.urandom(RANDOM_BYTES)
                rotate_secret(connection, keyring, tenant, text, randomness, now_ms, overlap_ms)
        return new

    def check(self) -> None:
        """Hold the record and the mirror against what was told and answered."""
        with connect(self.settings, "chaos", autocommit=True) as connection:
            wait_until_mirrored(self.settings, connection, _QUIET_SECONDS)
            faults = [
                *record_faults(connection, self.settings, self.sender),
                *mirror_faults(connection, self.settings, self.told),
            ]
        assert not faults, faults[:10]

    def _queue(self, random: Random, nth: int) -> list[Webhook]:
        """Make a tenant, and return what it is to hear: everything, some of it twice, in any order."""
        story = self.accounts[nth % len(self.accounts)]
        with connect(self.settings, "chaos", autocommit=True) as connection:
            tenant = create_tenant(connection, f"stripe-{secrets.token_hex(8)}")
            self.secrets[tenant] = (open_endpoint(self.settings, connection, tenant),)
        self.told[tenant] = story
        webhooks = [Webhook(tenant, event["id"], as_sent(event).decode()) for event in story.events]
        again = random.choices(webhooks, k=int(len(webhooks) * _AGAIN / (1 - _AGAIN)))
        return random.sample([*webhooks, *again], len(webhooks) + len(again))


@contextmanager
def stripe_load(
    arena: Arena, random: Random, deliveries: int, *, tenants: int = 3, port: int | None = None
) -> Iterator[StripeLoad]:
    """Send webhooks while the block runs, as far as it opens the sluice, then the rest; wait, and check.

    They go to the ingress on *port*, by default the stack's own. Raises AssertionError with what is missing,
    double or untrue.
    """
    settings = arena.settings
    url = f"http://{settings.host}:{port or settings.ingest_port}"
    load = StripeLoad(settings, random, deliveries, tenants, url)
    with ThreadPoolExecutor(1, "stripe") as pool:
        sending = pool.submit(load.sender.deliver, load.queues)
        try:
            yield load
        finally:
            load.open_to(1)
            arena.heal()
        sending.result()
    load.check()


def counted(metrics: str, name: str, **labels: str) -> float:
    """Return what the counter *name* says at the address *metrics*; 0 where nothing is there."""
    try:
        with urlopen(metrics, timeout=5) as answer:  # noqa: S310 - our own process
            text = answer.read().decode()
    except OSError:
        return 0.0
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
