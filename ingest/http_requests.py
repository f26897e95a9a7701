"""Every request passes here: routes, request ids, refusals, and the last net under it all."""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Final

from aiohttp import web

from ingest.core.problem import Problem, Refused
from ingest.http_answer import Answer, problem_answer
from ingest.http_server import Connection
from ingest.instruments import OTHER_ROUTE, Instruments
from runtime import logs

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

#: Takes the request and its id. May raise Refused.
Endpoint = Callable[[web.BaseRequest, str], Awaitable[Answer]]

log = logs.get_logger(__name__)


class Requests:
    """Answers every request, one way or another."""

    def __init__(
        self, routes: Mapping[str, Mapping[str, Endpoint]], instruments: Instruments, run: str
    ) -> None:
        """Serve *routes*, endpoints by path and method; *run* makes request ids unlike another run's.

        A path that ends with a slash stands for all that begin so.
        """
        self._routes = routes
        self._beginnings = [path for path in routes if path.endswith("/")]
        self._instruments = instruments
        self._run = run
        self._numbers = count(1)
        #: How many are under way.
        self.inflight = 0
        #: Whether the process is about to end, so that connections are not kept.
        self.draining = False

    async def answer(self, request: web.BaseRequest) -> Answer:
        """Return the answer to *request*, whatever happens."""
        began = time.monotonic()
        connection = request.protocol
        assert isinstance(connection, Connection)  # noqa: S101 -- ours makes no others
        connection.began()
        self.inflight += 1
        path = self._route(request.raw_path.partition("?")[0])
        request_id = self._id(request)
        try:
            answer = await self._endpoint(path, request.method)(request, request_id)
        except Refused as refused:
            self._instruments.rejected(refused.problem.code)
            answer = problem_answer(refused.problem, request_id)
            if refused.problem.code == "method_not_allowed":
                answer.add("Allow", ", ".join(self._routes[path]))
        except ConnectionError:  # nobody will read it
            answer = problem_answer(Problem("bad_request", "the client went away"), request_id)
        except Exception:
            log.exception("request.failed", request_id=request_id)
            problem = Problem("internal", "the door failed; it is safe to repeat the request")
            answer = problem_answer(problem, request_id)
        finally:
            self.inflight -= 1
            connection.ended()
        if self.draining or not request.content.is_eof():
            answer.force_close()
        self._instruments.answered(
            path if path in self._routes else OTHER_ROUTE,
            request.method,
            answer.status,
            time.monotonic() - began,
        )
        return answer

    def _route(self, path: str) -> str:
        """Return the route that serves *path*, or the path itself where none does."""
        if path in self._routes:
            return path
        return next((each for each in self._beginnings if path.startswith(each)), path)

    def _endpoint(self, path: str, method: str) -> Endpoint:
        methods = self._routes.get(path)
        if methods is None:
            return _refusing(Problem("not_found", "there is nothing at this path"))
        endpoint = methods.get(method)
        if endpoint is None:
            return _refusing(Problem("method_not_allowed", f"{path} takes {', '.join(methods)}"))
        return endpoint

    def _id(self, request: web.BaseRequest) -> str:
        given = request.headers.get("X-Request-Id")
        if given is not None and _REQUEST_ID.fullmatch(given):
            return given
        return f"{self._run}-{next(self._numbers):x}"


def _refusing(problem: Problem) -> Endpoint:
    async def refuse(_request: web.BaseRequest, _request_id: str) -> Answer:
        raise Refused(problem)

    return refuse
