"""
What every request passes first: host, origin, rate, token, size.

A page of another origin gets nothing, not even with the token: the browser names the origin, and only those that the
owner named are served. The host is checked too, so that a foreign name that resolves to this machine (DNS rebinding)
does not pass as its own origin.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import JSONResponse, Response

from ..numbers import natural
from ..problems import Problem
from ..settings import Settings
from ..watching import metrics
from .rate import Buckets
from .token import is_token

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
log = logging.getLogger(__name__)
METHODS = {"GET", "POST", "DELETE", "OPTIONS"}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# Health is asked by what starts and restarts the service; it says nothing about anybody's data.
OPEN = {"/health/live", "/health/ready"}


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: Any, settings: Settings, token: str) -> None:
        self._app = app
        self._settings = settings
        self._token = token
        self._rate = Buckets(settings.requests_per_second, 2 * settings.requests_per_second)
        self._failures = Buckets(settings.failures_per_minute / 60, settings.failures_per_minute)
        own = {} if settings.host in ("0.0.0.0", "::") else {settings.host}
        self._hosts = {name.lower() for name in LOOPBACK | set(settings.hosts) | set(own)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError("only HTTP is served")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        origin = headers.get("origin")
        try:
            self._check_place(headers, origin)
            if scope["method"] == "OPTIONS":
                await preflight(headers)(scope, receive, self._with_origin(send, origin))
                return
            self._check_caller(scope, headers)
            self._check_size(scope["path"], headers)
        except Problem as problem:
            note(scope, problem)
            answer = JSONResponse(problem.body(), problem.status)
            if problem.status == 401:
                answer.headers["www-authenticate"] = "Bearer"
            allowed = origin if origin in self._settings.origins else None
            await answer(scope, receive, self._with_origin(send, allowed))
            return
        limit = self._settings.max_file + 2**20 if scope["path"] == "/v1/files" else self._settings.max_body
        await self._app(scope, bounded(receive, limit), self._with_origin(send, origin))

    def _check_place(self, headers: dict[str, str], origin: str | None) -> None:
        host = re.sub(r":\d+$", "", headers.get("host", "")).strip("[]").lower()
        if host not in self._hosts:
            raise Problem(403, "foreign_host", "The node is not known under this name. Start it with --host-name.")
        if origin is not None and origin not in self._settings.origins:
            raise Problem(403, "foreign_origin", "This page may not use the node. Start the node with --origin.")

    def _check_caller(self, scope: Scope, headers: dict[str, str]) -> None:
        address = (scope.get("client") or ("unknown",))[0]
        if not self._rate.take(address):
            raise Problem(429, "rate_limited", "Too many requests. Wait a second and send fewer at a time.")
        if scope["path"] in OPEN:
            return
        if is_token(headers.get("authorization"), self._token):
            return
        # A right token is never locked out by wrong ones from the same address.
        if not self._failures.take(address):
            raise Problem(429, "rate_limited", "Too many wrong tokens. Wait a minute.")
        raise Problem(401, "invalid_token", "The token is missing or wrong. The node shows it when it starts.")

    def _check_size(self, path: str, headers: dict[str, str]) -> None:
        if headers.get("content-encoding", "identity") != "identity":
            raise Problem(415, "compressed_body", "Compressed bodies are not read. Send it as it is.")
        limit = self._settings.max_file + 2**20 if path == "/v1/files" else self._settings.max_body
        length = natural(headers.get("content-length", "0"))
        if length is None or length > limit:
            raise too_large(limit)

    def _with_origin(self, send: Send, origin: str | None) -> Send:
        async def wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"), (b"vary", b"origin")]
                if origin is not None:
                    extra.append((b"access-control-allow-origin", origin.encode("latin-1")))
                    extra.append((b"access-control-expose-headers", b"content-disposition, x-request-id"))
                message["headers"] = [*message.get("headers", []), *extra]
            await send(message)

        return wrapped


def note(scope: Scope, problem: Problem) -> None:
    """Who guesses tokens is seen by the owner. Nothing that a stranger writes becomes a label."""
    method = scope["method"] if scope["method"] in METHODS else "other"
    metrics.REQUESTS.labels("refused", method, str(problem.status)).inc()
    address = (scope.get("client") or ("unknown",))[0]
    fields = {"code": problem.code, "method": method, "status": problem.status, "address": address}
    log.info("refused", extra=fields)


def too_large(limit: int) -> Problem:
    """413."""
    return Problem(413, "body_too_large", f"The request is larger than {limit} bytes.")


def bounded(receive: Receive, limit: int) -> Receive:
    """The same body, which ends in a problem where it goes beyond `limit` without having said so."""
    seen = 0

    async def wrapped() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise too_large(limit)
        return message

    return wrapped


def preflight(headers: dict[str, str]) -> Response:
    """Answers a browser that asks before it calls, Private Network Access included."""
    answer = Response(status_code=204)
    answer.headers["access-control-allow-methods"] = "GET, POST, DELETE"
    answer.headers["access-control-allow-headers"] = headers.get("access-control-request-headers", "authorization")
    answer.headers["access-control-max-age"] = "600"
    if headers.get("access-control-request-private-network") == "true":
        answer.headers["access-control-allow-private-network"] = "true"
    return answer
