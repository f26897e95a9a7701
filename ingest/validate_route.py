"""`POST /v1/validate`: what would become of events; nothing is stored."""

from http import HTTPStatus

from aiohttp import web

from ingest.core.outlook import outlooks
from ingest.http_answer import JSON, Answer
from ingest.intake import Intake


class ValidateRoute:
    """Takes the same requests as `POST /v1/events`, and needs nothing but the catalogue."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def post(self, request: web.BaseRequest, request_id: str) -> Answer:
        """Answer a request. Raises Refused."""
        sender = self._intake.sender(request)
        batch, _, now_ms = await self._intake.read(request, sender)
        body = outlooks(batch, sender.catalog, now_ms)
        return Answer(HTTPStatus.OK, body, JSON, request_id)
