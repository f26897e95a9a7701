"""A webhook is its tenant's by a signature over its very bytes, made just now with a secret that holds."""

import pytest
from stripe import WebhookSignature

from ingest.core.signature_header import Refusal
from ingest.stripe_signature import Unverified, verify
from ingest.webhook_secrets import Secret
from schemas.catalog import WebhookSecretKept

NOW = 1_795_255_200
PAYLOAD = '{"id": "evt_1", "type": "invoice.paid", "name": "Søren"}'
CURRENT = Secret(WebhookSecretKept("b", "acme", b"", 2), "whsec_current")
PREVIOUS = Secret(WebhookSecretKept("a", "acme", b"", 1, 3), "whsec_previous")
BOTH = [CURRENT, PREVIOUS]


def signed(text: str, secret: Secret = CURRENT, at: int = NOW) -> str:
    """Return the header that Stripe sends."""
    header: str = WebhookSignature.generate_signature_header(text, secret.text, at)
    return header


def refusal(payload: bytes, header: str | None, secrets: list[Secret] = BOTH) -> Refusal:
    """Return why it is refused."""
    with pytest.raises(Unverified) as caught:
        verify(payload, header, secrets, NOW)
    return caught.value.refusal


@pytest.mark.parametrize("secret", BOTH)
def test_either_secret_will_do_and_it_is_told_which_did(secret: Secret) -> None:
    assert verify(PAYLOAD.encode(), signed(PAYLOAD, secret), BOTH, NOW) is secret
    assert secret.slot == ("current" if secret is CURRENT else "previous")


def test_one_good_signature_among_forty_is_enough() -> None:
    header = signed(PAYLOAD)
    others = "".join(f",v1={number:064x}" for number in range(39))
    assert verify(PAYLOAD.encode(), header + others, BOTH, NOW) is CURRENT
    at, _, good = header.partition(",")
    assert verify(PAYLOAD.encode(), f"{at}{others},{good}", BOTH, NOW) is CURRENT


@pytest.mark.parametrize("header", [None, ""])
def test_without_a_header_it_is_nobodys(header: str | None) -> None:
    assert refusal(PAYLOAD.encode(), header) is Refusal.NO_HEADER


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("nonsense", Refusal.MALFORMED),
        ("v1=ab", Refusal.MALFORMED),
        (f"t={NOW}", Refusal.BAD_SIGNATURE),
        (f"t={NOW},v1=", Refusal.BAD_SIGNATURE),
        (f"t={NOW},v1", Refusal.BAD_SIGNATURE),
        (f"t={NOW},v1=\u00e9", Refusal.BAD_SIGNATURE),
        (f"t={NOW},v1=\udcff", Refusal.BAD_SIGNATURE),
        (signed(PAYLOAD).replace("v1=", "v0="), Refusal.BAD_SIGNATURE),
        (signed(PAYLOAD).upper().replace("T=", "t=").replace("V1=", "v1="), Refusal.BAD_SIGNATURE),
        (signed(PAYLOAD, Secret(CURRENT.kept, "whsec_other")), Refusal.BAD_SIGNATURE),
        (signed(PAYLOAD, at=NOW - 301), Refusal.STALE),
        (signed(PAYLOAD, at=NOW + 301), Refusal.FUTURE),
        # Another moment than the one that was signed.
        (signed(PAYLOAD, at=NOW - 301).replace(str(NOW - 301), str(NOW)), Refusal.BAD_SIGNATURE),
        (f"t={NOW}," + signed(PAYLOAD, at=NOW - 301), Refusal.BAD_SIGNATURE),
    ],
)
def test_a_header_that_does_not_prove_it_is_refused(header: str, why: Refusal) -> None:
    assert refusal(PAYLOAD.encode(), header) is why


@pytest.mark.parametrize(
    "payload",
    [b"", PAYLOAD.encode()[:-1], PAYLOAD.encode() + b" ", PAYLOAD.encode("latin-1"), b"\xff\xfe", b"\0"],
)
def test_a_byte_more_or_less_is_another_payload(payload: bytes) -> None:
    assert refusal(payload, signed(PAYLOAD)) is Refusal.BAD_SIGNATURE


def test_without_secrets_nothing_is_verified() -> None:
    assert refusal(PAYLOAD.encode(), signed(PAYLOAD), []) is Refusal.BAD_SIGNATURE


def test_an_opened_secret_does_not_print_itself() -> None:
    assert "whsec" not in f"{CURRENT} {CURRENT!r} {BOTH}"
