"""An event as Stripe would send it, to see whether it arrives. It says that it is a trial."""

import re
from typing import Any, Final

from schemas.errors import Reject
from schemas.webhook import TRIAL

#: As Stripe's own types are written.
_TYPE: Final = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+", re.ASCII)
_LONGEST: Final = 255
#: In the id of what a trial is about.
_NOBODYS: Final = "weirtest"


def trial_event(event_type: str, randomness: str, now_ms: int) -> dict[str, Any]:
    """Return an event of *event_type* about an object that nobody has. Raises Reject."""
    if not _TYPE.fullmatch(event_type) or len(event_type) > _LONGEST:
        raise Reject(f"{event_type!r} is no type of event: write one such as invoice.paid")
    kind = event_type.rpartition(".")[0].rpartition(".")[2]
    return {
        "id": f"{TRIAL}{randomness}",
        "object": "event",
        "api_version": None,
        "created": now_ms // 1_000,
        "data": {"object": {"id": f"{kind}_{_NOBODYS}_{randomness}", "object": kind}},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": event_type,
    }
