"""`create_app`: settings, store, keys, worker, ingest, API and console joined into one application."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import structlog
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from hub import pipeline, upkeep
from hub.api import answers, capability, deciding, health, jwks, labelling, measures, outcomes
from hub.console import pages
from hub.delivery import transport
from hub.delivery.transport import Transport
from hub.delivery.ways import Ways
from hub.errors import HubError
from hub.ingest import folder, http, sql, v2
from hub.loop import callers, declared, foreign
from hub.metrics import Metrics
from hub.settings import Settings
from hub.spans import Spans
from hub.store.keys.opened import key_ring
from hub.store.migrate import migrate
from hub.store.store import Store
from hub.web import Guard, outcome
from hub.worker import Worker, forever
from profiles.issue import Issue

log = structlog.get_logger("hub.app")


def clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


def open_hub(settings: Settings, *, now: Callable[[], datetime] = clock) -> pipeline.Hub:
    """The hub of these settings: migrates its database and opens it. The caller closes store and ways.

    What the deployment declares for release is checked first: raises SettingsError.
    Keys come from the variable HANDOFF_KEYS where it is set, else from the key file under its root key.
    """
    declared.check(settings)
    ring = key_ring(settings, os.environ)
    cipher = ring.database_key() if settings.hub.sqlcipher else None
    migrate(settings.hub.database, cipher)
    store = Store(settings.hub.database, ring, now, cipher=cipher)
    metrics = Metrics(lambda: upkeep.gauges(store))
    store.counted = metrics.count
    ways = Ways(Transport(), now)
    name = socket.gethostname()
    spans = Spans(settings.metrics.traces, name=name)
    return pipeline.Hub(settings=settings, store=store, clock=now, ways=ways, metrics=metrics, spans=spans, name=name)


@asynccontextmanager
async def running(hub: pipeline.Hub, *, worker: bool) -> AsyncIterator[None]:
    """A hub at work, without its ways in: with `worker` it reads and sends. It is closed in the end."""
    async with AsyncExitStack() as stack:
        stack.callback(hub.store.close)
        stack.push_async_callback(hub.ways.close)
        stack.callback(hub.spans.close)
        if hub.settings.destination:
            await transport.warm()
            # Nobody waits for it: the hub is ready before.
            warming = asyncio.create_task(asyncio.to_thread(foreign.warm))
            stack.callback(warming.cancel)
        if hub.callers.changes:
            await hub.store.read_async(hub.callers.refresh)
            knowing = asyncio.create_task(forever("callers", lambda: upkeep.know_callers(hub), callers.EVERY))
            stack.callback(knowing.cancel)
        keeping_up = asyncio.create_task(_take_up_keys(hub.store))
        stack.callback(keeping_up.cancel)
        if worker:
            loops = Worker(hub, f"{hub.name}:{os.getpid()}")
            await loops.start()
            stack.push_async_callback(loops.stop)
        yield


def create_app(settings: Settings, *, now: Callable[[], datetime] = clock, local_token: str | None = None) -> Starlette:
    """The application. `local_token` is the one-time token by which the console is first signed in to."""
    hub = open_hub(settings, now=now)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(running(hub, worker=settings.hub.worker))
            for source in settings.source:
                if source.folder is not None:
                    task = asyncio.create_task(folder.watch(hub, source))
                    stack.callback(task.cancel)
                if source.sql is not None:
                    task = asyncio.create_task(sql.watch(hub, source))
                    stack.callback(task.cancel)
            if settings.hub.mllp_port is not None:
                server = await v2.listen(hub, settings.hub.mllp_port)
                stack.push_async_callback(server.close)
                app.state.mllp_port = server.port
                # Here, and not with the worker: who may be answered on a connection is known where it came in.
                owed = asyncio.create_task(
                    forever("acknowledge", lambda: pipeline.acknowledge_applications(hub), settings.hub.poll)
                )
                stack.callback(owed.cancel)
            yield

    # Hot routes stand outside the framework: its layers cost a request on them about a fifth more.
    pages_app = FastAPI(title="Warm Handoff hub", docs_url=None, redoc_url=None, openapi_url=None)
    pages_app.include_router(pages.router(hub, local_token))
    pages_app.add_exception_handler(404, _unknown)
    pages_app.add_exception_handler(405, _method)
    ingest = http.routes(hub)
    own = [
        *ingest,
        *answers.routes(hub),
        *outcomes.routes(hub),
        *labelling.routes(hub),
        *deciding.routes(hub),
        *health.routes(hub),
        *capability.routes(hub),
        *jwks.routes(hub),
        *measures.routes(hub),
    ]
    app = Starlette(
        # A path of ours by another method is refused as that; the pages would say that there is no such thing.
        routes=[*own, *(Route(one.path, _OtherMethod()) for one in own), Mount("/", pages_app)],
        middleware=[Middleware(Guard), Middleware(http.Shortcut, handler=ingest[0].app)],
        exception_handlers={404: _unknown, 405: _method},
        lifespan=lifespan,
    )
    app.state.hub = hub
    return app


async def _take_up_keys(store: Store) -> None:
    """Looks every minute for keys that another process made: nothing new is to be sealed under an old one for long."""
    while True:
        await asyncio.sleep(60)
        try:
            await asyncio.to_thread(store.keys.refresh)
        except HubError as error:
            log.error("keys.not-read", rule=error.rule)


async def _unknown(request: Request, raised: Exception) -> Response:
    return outcome(
        404, Issue(severity="error", code="not-found", rule="receive.unknown", path="", text="there is no such page")
    )


class _OtherMethod:
    """Answers a path that is there, asked for by a method that it has not: 405."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        response = await _method(Request(scope, receive), HTTPException(405))
        await response(scope, receive, send)


async def _method(request: Request, raised: Exception) -> Response:
    return outcome(
        405, Issue(severity="error", code="not-supported", rule="receive.method", path="", text="not by this method")
    )
