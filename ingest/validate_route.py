"""`POST /v1/validate`: what would become of events; nothing is stored."""

from collections.abc import Callable
from http import HTTPStatus

from aiohttp import web

from ingest.core.outlook import outlooks
from ingest.core.quota_outlook import QuotaView
from ingest.core.quota_states import QuotaStates
from ingest.http_answer import JSON, Answer
from ingest.intake import Intake
from schemas.instant import SECOND_MS


class ValidateRoute:
    """Takes the same requests as `POST /v1/events`, and needs nothing but the catalogue.

    What is not known of quotas is said to be unknown.
    """

    def __init__(
        self, intake: Intake, states: Callable[[], QuotaStates], partitions: int, stale_seconds: int
    ) -> None:
        self._intake = intake
        self._states = states
        self._partitions = partitions
        self._stale_ms = stale_seconds * SECOND_MS

    async def post(self, request: web.BaseRequest, request_id: str) -> Answer:
        """Answer a request. Raises Refused."""
        sender = await self._intake.sender(request)
        batch, _, now_ms = await self._intake.read(request, sender)
        view = QuotaView(sender.catalog, self._states(), self._partitions, self._stale_ms, now_ms)
        return Answer(HTTPStatus.OK, outlooks(batch, view), JSON, request_id)
