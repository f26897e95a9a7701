"""One event sent as Stripe sends it: signed, through the public address, and looked for in the record."""

import time
import urllib.error
import urllib.request
from typing import Final, NamedTuple

import msgspec
from stripe import WebhookSignature

from console.control.webhook_secrets import current_secret
from console.queries import queries
from console.webhooks.core.trial_event import trial_event
from runtime.postgres import Connection, connect
from runtime.sealing import Keyring
from runtime.settings import Settings
from schemas.errors import Reject, TryAgain
from schemas.topics import STRIPE, topic_name

_ANSWER_SECONDS: Final = 20
_RECORD_SECONDS: Final = 20.0
_LEARN_SECONDS: Final = 4.0
_LOOK_SECONDS: Final = 0.02


class Step(NamedTuple):
    """One step of the way, and how long after the sending it was done."""

    step: str
    said: str
    milliseconds: int


def send_trial(
    settings: Settings, tenant: str, event_type: str, url: str, randomness: str, now_ms: int
) -> list[Step]:
    """Send an event of *event_type* to *url*, signed with the secret of *tenant* (id); return its way.

    Raises Reject where the door refuses it, TryAgain where it does not arrive.
    """
    event = trial_event(event_type, randomness, now_ms)
    payload = msgspec.json.encode(event)
    with connect(settings, "webhook", autocommit=True) as connection:
        secret = current_secret(connection, Keyring.of(settings), tenant)
        signature = WebhookSignature.generate_signature_header(payload.decode(), secret, now_ms // 1_000)
        began = time.monotonic()
        answer = _accepted(url, payload, signature)
        answered = time.monotonic()
        position = _recorded(settings, connection, tenant, str(event["id"]))
        recorded = time.monotonic()
    return [
        Step("sent", f"{event['id']} to {url}", 0),
        Step("acknowledged", answer, round((answered - began) * 1_000)),
        Step("recorded", position, round((recorded - began) * 1_000)),
    ]


def _accepted(url: str, payload: bytes, signature: str) -> str:
    """Return the door's answer, once it is a good one. Raises Reject, TryAgain."""
    give_up = time.monotonic() + _LEARN_SECONDS
    while True:
        try:
            return _post(url, payload, signature)
        except Reject:  # a door learns of a new secret within 2 seconds
            if time.monotonic() > give_up:
                raise
        time.sleep(_LOOK_SECONDS)


def _post(url: str, payload: bytes, signature: str) -> str:
    request = urllib.request.Request(  # noqa: S310 -- the operator's own address
        url, payload, {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature}
    )
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as response:  # noqa: S310
            return f"{response.status} {response.read().decode()}"
    except urllib.error.HTTPError as error:
        raise Reject(
            f"{url} answered {error.code}: is WEIR_PUBLIC_URL right, and the clock here as it is there?"
        ) from None
    except (OSError, ValueError) as error:
        raise TryAgain(
            f"{url} does not answer ({error}): is the ingress running, and WEIR_PUBLIC_URL right?"
        ) from None


def _recorded(settings: Settings, connection: Connection, tenant: str, event_id: str) -> str:
    """Return where the event stands, once the sink has recorded it. Raises TryAgain."""
    wanted = {"tenant": tenant, "event_id": event_id}
    give_up = time.monotonic() + _RECORD_SECONDS
    while time.monotonic() < give_up:
        if found := connection.execute(queries(__package__)["position_of"], wanted).fetchone():
            return "/".join((topic_name(settings.topic_prefix, STRIPE), *map(str, found)))
        time.sleep(_LOOK_SECONDS)
    raise TryAgain(
        f"the event {event_id} is on the log, but not recorded after {_RECORD_SECONDS:.0f} s: do the sinks "
        "run? (`weir status`)"
    )
