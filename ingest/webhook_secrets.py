"""What tenants' webhooks are signed with: opened when the catalogue brings it, and kept in memory alone."""

from collections.abc import Callable
from typing import NamedTuple

from runtime import logs
from runtime.sealing import Keyring
from runtime.settings import Settings
from schemas.catalog import Catalog, WebhookSecretKept
from schemas.errors import Misconfigured

log = logs.get_logger(__name__)


class Secret(NamedTuple):
    """One secret, opened."""

    kept: WebhookSecretKept
    text: str

    @property
    def slot(self) -> str:
        """Say whether it is the one that stays: current; or one that ends: previous."""
        return "current" if self.kept.expires_at_ms is None else "previous"

    def __repr__(self) -> str:
        """Return its name, so that nothing that is printed can hold it."""
        return f"Secret({self.kept.secret_id})"


class WebhookSecrets:
    """Secrets by tenant, under the newest catalogue."""

    def __init__(self, settings: Settings, catalog: Callable[[], Catalog]) -> None:
        self._settings = settings
        self._catalog = catalog
        self._seen = Catalog()
        self._opened: dict[str, tuple[Secret, ...]] = {}

    @property
    def any(self) -> bool:
        """Say whether any tenant has one."""
        return bool(self._catalog().webhook_secrets)

    def of(self, tenant: str, now_ms: int) -> list[Secret]:
        """Return the secrets of *tenant* that hold now, the newest first.

        Raises Misconfigured where it has some and none can be opened.
        """
        catalog = self._catalog()
        if catalog is not self._seen:
            self._seen = catalog
            self._opened.clear()
        opened = self._opened.get(tenant)
        if opened is None:
            kept = catalog.webhook_secrets_of.get(tenant, ())
            if not any(secret.holds_at(now_ms) for secret in kept):
                return []
            opened = self._opened[tenant] = self._open(kept)
        return [secret for secret in opened if secret.kept.holds_at(now_ms)]

    def _open(self, kept: tuple[WebhookSecretKept, ...]) -> tuple[Secret, ...]:
        keyring = Keyring.of(self._settings)
        opened: list[Secret] = []
        for secret in kept:
            try:
                opened.append(Secret(secret, keyring.open(secret.sealed, secret.purpose).decode()))
            except Misconfigured as error:
                log.exception("webhook.secret_sealed", tenant=secret.tenant, secret_id=secret.secret_id)
                failed = error
        if not opened:
            raise failed
        return tuple(opened)
