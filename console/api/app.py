"""The web application: routes, the shape of answers, and the pages for people."""

from importlib.resources import files
from typing import Final

from aiohttp import web

from console.api.answers import answer, identified
from console.api.context import CONTEXT, Context
from console.api.doors import OPERATIONS, Door
from console.api.openapi import openapi
from console.api.routes import ROUTES, Handler
from runtime.settings import Settings

#: Nothing is loaded from elsewhere, and what a page shows is text.
_POLICY: Final = "default-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"


def build_app(context: Context) -> web.Application:
    """Return the application that answers with *context*."""
    app = web.Application(middlewares=[identified])
    app[CONTEXT] = context
    description = openapi(ROUTES, OPERATIONS, _servers(context.settings))

    async def describe(_request: web.Request) -> web.Response:
        return answer(description)

    app.add_routes(
        [
            *(web.get(route.path, route.handler) for route in ROUTES),
            web.get("/openapi.json", describe),
            web.get("/", _page("index.html")),
            web.get("/docs", _page("docs.html")),
        ]
    )
    return app


def _servers(settings: Settings) -> dict[Door, str]:
    """Return where the doors are: as the canary reaches them, else where they listen on this machine."""
    ingest = settings.canary_ingest or f"http://{settings.host}:{settings.ingest_port}"
    checks = settings.canary_checks or f"http://{settings.host}:{settings.checks_port}"
    return {Door.INGEST: ingest, Door.CHECKS: checks}


def _page(name: str) -> Handler:
    text = files("console.api").joinpath("pages", name).read_text(encoding="utf-8")

    async def show(_request: web.Request) -> web.Response:
        return web.Response(
            text=text,
            content_type="text/html",
            headers={"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"},
        )

    return show
