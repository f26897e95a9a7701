"""Webhooks at a running door: what is verified is on the log before it is answered, all else is nobody's."""

import gzip
import json
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from confluent_kafka import Message
from stripe import WebhookSignature

from runtime.sealing import Keyring
from schemas.catalog import TenantNamed, WebhookSecretKept
from schemas.partition import partition_of_tenant
from schemas.topics import STRIPE
from schemas.webhook import Envelope, Headers, Origin, read_envelope
from tests.integration.ingest.door import TENANT, Door, Reply, messages, now_ms, publish
from tests.stack import LocalStack
from tests.waiting import until

pytestmark = pytest.mark.integration

KEY = "k" * 43
CURRENT, PREVIOUS, ENDED = "whsec_current_of_acme", "whsec_previous_of_acme", "whsec_ended_of_acme"
PATH = f"/webhooks/stripe/{TENANT}"
EVENT = {
    "id": "evt_1",
    "object": "event",
    "api_version": "2026-10-28.clover",
    "created": 1_795_255_200,
    "data": {"object": {"id": "in_1", "object": "invoice"}},
    "type": "invoice.paid",
}


def kept(
    secret_id: str, text: str, *, tenant: str = TENANT, until_ms: int | None = None
) -> WebhookSecretKept:
    """Return the fact of a secret."""
    bare = WebhookSecretKept(secret_id, tenant, b"", 1, until_ms)
    return WebhookSecretKept(
        secret_id, tenant, Keyring(KEY).seal(text.encode(), bare.purpose), now_ms(), until_ms
    )


@pytest.fixture
def start_door(open_door: Callable[..., Door]) -> Callable[..., Door]:
    """Return a starter of an ingress whose tenants have secrets."""

    def start(**environ: str) -> Door:
        door = open_door(**{"WEIR_SECRET_KEY": KEY, **environ})
        publish(
            door.namespace,
            TenantNamed("bare", "Without a secret"),
            kept("ws_1", ENDED, until_ms=now_ms() - 1),
            kept("ws_2", PREVIOUS, until_ms=now_ms() + 3_600_000),
            kept("ws_3", CURRENT),
        )
        until(lambda: deliver(door, b"{}", "none").status == 400)
        return door

    return start


@pytest.fixture
def door(start_door: Callable[..., Door]) -> Door:
    """Return an ingress of one's own."""
    return start_door()


def signed(payload: bytes, secret: str = CURRENT, at: int | None = None) -> str:
    """Return the header that Stripe sends with *payload*."""
    text = payload.decode("utf-8", "surrogateescape")
    header: str = WebhookSignature.generate_signature_header(text, secret, at)
    return header


def deliver(door: Door, payload: bytes, header: str | None = None, path: str = PATH, **more: str) -> Reply:
    """Send a webhook as Stripe does, with *more* headers."""
    given = signed(payload) if header is None else header
    return door.post(payload, path=path, Authorization="", Stripe_Signature=given, **more)


def recorded(door: Door) -> list[tuple[Envelope, bytes]]:
    """Return everything on the topic."""
    return [
        (read_envelope(headers(message)), message.value() or b"")
        for message in messages(door.namespace, STRIPE)
    ]


def headers(message: Message) -> Headers:
    """Return the headers of a record."""
    found = message.headers()
    assert isinstance(found, list)
    return found


def test_a_verified_webhook_is_on_the_log_byte_for_byte_before_it_is_answered(door: Door) -> None:
    payload = json.dumps(EVENT, indent=2, ensure_ascii=False).encode() + b"\n"
    began = now_ms()
    for path in (PATH, f"/webhooks/{TENANT}"):
        reply = deliver(door, payload, path=path)
        assert (reply.status, reply.json) == (200, {"received": True})

    found = list(messages(door.namespace, STRIPE))
    assert [message.value() for message in found] == [payload, payload]
    envelope = read_envelope(headers(found[0]))
    assert (envelope.tenant, envelope.origin) == (TENANT, Origin.WEBHOOK)
    assert began <= envelope.received_at_ms <= now_ms()
    assert dict(headers(found[0]))["stripe-version"] == b"2026-10-28.clover"
    assert found[0].partition() == partition_of_tenant(TENANT, door.namespace.settings().partitions)


def test_both_secrets_hold_until_their_moment_and_the_metric_says_which_did(door: Door) -> None:
    payload = json.dumps(EVENT).encode()
    assert [
        deliver(door, payload, signed(payload, secret)).status for secret in (CURRENT, PREVIOUS, ENDED)
    ] == [
        200,
        200,
        400,
    ]
    metrics = door.get("/metrics")[1]
    assert 'weir_webhook_secret_matches_total{provider="stripe",slot="current"} 1.0' in metrics
    assert 'weir_webhook_secret_matches_total{provider="stripe",slot="previous"} 1.0' in metrics
    assert 'weir_webhook_deliveries_total{outcome="accepted",provider="stripe"} 2.0' in metrics
    assert 'weir_webhook_verification_failures_total{provider="stripe",reason="bad_signature"} 1.0' in metrics


def test_what_is_not_verified_gets_one_answer_and_leaves_nothing(door: Door) -> None:
    payload = json.dumps(EVENT).encode()
    now = int(time.time())
    attempts = [
        (payload, ""),
        (payload, "nonsense"),
        (payload, f"t={now}"),
        (payload, f"t={now},v0=" + "a" * 64),
        (payload, f"t={now}," + ",".join("v1=" + "a" * 64 for _ in range(40))),
        (payload, signed(payload, at=now - 400)),
        (payload, signed(payload, at=now + 400)),
        (payload, signed(payload, "whsec_of_somebody_else")),
        (payload + b" ", signed(payload)),
        (payload[:-1], signed(payload)),
        (b"", signed(payload)),
        (b"\xff\xfe", signed(payload)),
        (payload, f"t={now},v1=\u00e9"),
        # Signed, and no event.
        (b"", signed(b"")),
        (b"[]", signed(b"[]")),
        (payload[:-1], signed(payload[:-1])),
        (b'{"id":"evt_1"}', signed(b'{"id":"evt_1"}')),
    ]
    answers = {
        (reply.status, reply.code, reply.json["detail"])
        for reply in (deliver(door, body, header) for body, header in attempts)
    }
    assert answers == {(400, "webhook_refused", "the webhook is not accepted")}
    assert recorded(door) == []
    # Nor does anything of it stand in a log.
    assert door.process.terminate() == 0
    assert "webhook.refused" in door.process.log
    assert not any(word in door.process.log for word in ("whsec", "v1=", "Traceback", "evt_1"))


def test_nobody_learns_which_tenants_there_are(door: Door) -> None:
    payload = json.dumps(EVENT).encode()
    answers = [
        deliver(door, payload, path=path)
        for path in (
            "/webhooks/bare",
            "/webhooks/stripe/nobody",
            "/webhooks/",
            "/webhooks/stripe/",
            "/webhooks/a/b",
        )
    ]
    elsewhere = door.post(payload, path="/nowhere")
    assert {reply.status for reply in answers} == {404}
    assert {reply.json["detail"] for reply in answers} == {elsewhere.json["detail"]}
    assert recorded(door) == []
    assert door.post(payload, path=PATH, method="GET").status == 405


def test_odd_bodies_are_refused_or_kept_as_they_are(door: Door) -> None:
    def of(**members: object) -> bytes:
        return json.dumps({**EVENT, **members}).encode()

    odd = [
        of(data={"object": None}),
        of(data=None),
        of(type="something.never.seen"),
        of(api_version="1999-01-01"),
        of(account="acct_1"),
        of(livemode=False),
        of(object="v2.core.event", data=None),
        of(note="\0"),
        json.dumps(EVENT).encode()[:-1] + b',"note":"\\ud800"}',
        json.dumps(EVENT).encode()[:-1] + b',"type":"invoice.paid"}',
        of(total=float("nan")),
        of(note="x" * (2**20 - 2_000)),
    ]
    assert [deliver(door, payload).status for payload in odd] == [200] * len(odd)
    assert [payload for _, payload in recorded(door)] == odd

    assert deliver(door, of(note="x" * 2**21)).status == 413
    packed = gzip.compress(of())
    assert deliver(door, packed, signed(of()), Content_Encoding="gzip").status == 400
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (of()[:40], of()[40:])) + b"0\r\n\r\n"
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nStripe-Signature: {signed(of())}\r\n"
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    assert door.send(head.encode() + chunks).startswith(b"HTTP/1.1 200 ")
    assert len(recorded(door)) == len(odd) + 1


def test_every_answered_webhook_survives_kills(door: Door) -> None:
    answered: set[str] = set()

    def send(number: int) -> None:
        event_id = f"evt_{number}"
        payload = json.dumps({**EVENT, "id": event_id}).encode()
        while True:
            try:
                if deliver(door, payload).status == 200:
                    answered.add(event_id)
                    return
            except OSError:
                time.sleep(0.05)

    with ThreadPoolExecutor(8) as pool:
        sending = [pool.submit(send, number) for number in range(600)]
        for least in (100, 250, 400):
            until(lambda least=least: len(answered) >= least)  # type: ignore[misc]
            door.process.kill()
            door.process.restart()
            door.process.wait_ready()
        for future in sending:
            future.result()
    assert {json.loads(payload)["id"] for _, payload in recorded(door)} == answered
    assert len(answered) == 600


def test_what_kafka_does_not_confirm_is_for_stripe_to_send_again(
    local_stack: LocalStack, start_door: Callable[..., Door]
) -> None:
    door = start_door(WEIR_INGEST_ACK_TIMEOUT_MS="500")
    payload = json.dumps(EVENT).encode()
    assert deliver(door, payload).status == 200
    local_stack.kafka.send(signal.SIGSTOP)
    try:
        reply = deliver(door, payload)
        assert (reply.status, reply.code) == (503, "not_confirmed")
        assert reply.headers["retry-after"]
    finally:
        local_stack.kafka.send(signal.SIGCONT)
    until(lambda: deliver(door, payload).status == 200)


def test_without_the_secret_key_webhooks_wait_at_stripe_and_usage_goes_on(
    open_door: Callable[..., Door],
) -> None:
    door = open_door(WEIR_SECRET_KEY="")
    publish(door.namespace, kept("ws_1", CURRENT))
    payload = json.dumps(EVENT).encode()
    until(lambda: deliver(door, payload).status != 404)
    reply = deliver(door, payload)
    assert (reply.status, reply.code) == (503, "unavailable")
    assert door.post({"id": "e-1", "customer": "c-1", "meter": "api"}).status == 202
