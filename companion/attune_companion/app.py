"""The application: routes, errors, and what starts and stops with it."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from . import __version__
from .api import chat, estimates, files, jobs, models, system, vectors
from .api.context import Context
from .jobs.supervisor import Supervisor
from .problems import Problem, of_os_error
from .security.guard import Guard
from .settings import Settings
from .store.database import Database
from .store.files import sweep
from .watching import metrics

log = logging.getLogger(__name__)


def create_app(settings: Settings, token: str) -> Any:
    """The guarded ASGI application."""
    settings.make_folders()
    database = Database(settings.database)
    database.create()
    sweep(settings, database)
    supervisor = Supervisor(settings, database)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        supervisor.start()
        yield
        supervisor.close()

    app = FastAPI(title="Attune companion", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.context = Context(settings, database, supervisor)
    for part in (files, jobs, estimates, models, chat, vectors, system):
        app.include_router(part.router)
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(OSError, on_os_error)
    app.add_exception_handler(Exception, on_error)
    from fastapi.exceptions import RequestValidationError

    app.add_exception_handler(RequestValidationError, on_parameters)
    app.middleware("http")(observed)
    return Guard(app, settings, token)


async def observed(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    """Counts and logs a request: its route and status, never its body or what stands in its address."""
    started, status, request_id = time.perf_counter(), 500, uuid.uuid4().hex[:16]
    try:
        response = await call(request)
        status = response.status_code
        response.headers["x-request-id"] = request_id
        return response
    finally:
        route = getattr(request.scope.get("route"), "path", "unknown")
        spent = time.perf_counter() - started
        metrics.REQUESTS.labels(route, request.method, str(status)).inc()
        metrics.SECONDS.labels(route).observe(spent)
        fields = {"id": request_id, "route": route, "method": request.method, "status": status}
        log.info("request", extra={**fields, "milliseconds": round(1000 * spent, 1)})


async def on_problem(_: Request, error: Exception) -> JSONResponse:
    """What the caller is told."""
    assert isinstance(error, Problem)
    return JSONResponse(error.body(), error.status)


async def on_http(_: Request, error: Exception) -> JSONResponse:
    """Unknown addresses and methods, in the protocol's form."""
    assert isinstance(error, HTTPException)
    problem = Problem(error.status_code, "unknown_url", "There is nothing under this address and method.")
    return JSONResponse(problem.body(), problem.status)


async def on_parameters(_: Request, error: Exception) -> JSONResponse:
    """Parameters of the address that are no numbers."""
    return JSONResponse(Problem(400, "invalid_value", "A parameter of the address has a wrong value.").body(), 400)


async def on_os_error(_: Request, error: Exception) -> JSONResponse:
    """A full disk is said; other errors of the system are ours."""
    problem = of_os_error(error) if isinstance(error, OSError) else None
    if problem is None:
        return await on_error(_, error)
    return JSONResponse(problem.body(), problem.status)


async def on_error(_: Request, error: Exception) -> JSONResponse:
    """Kind and place go to the log; its text, which may quote data, goes nowhere."""
    log.error("request failed", exc_info=error)
    return JSONResponse(Problem(500, "internal_error", "The node made a mistake; its log has the place.").body(), 500)
