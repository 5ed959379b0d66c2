"""Connections that ask nothing: uvicorn counts them against its limit, and by itself never ends them."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

WITHIN = 30.0
"""Seconds that a connection has for a whole request head, at first and behind each answer."""


class PromptProtocol(H11Protocol):
    """
    Looks again and again, and closes what neither asks nor is answered since the last look. Where all places are taken,
    a connection that comes is given that of the one that has been silent the longest.
    """

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self._seen: Any = None
        self._next_look: asyncio.TimerHandle | None = None
        self._silent_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._silent_since = self.loop.time()
        self._next_look = self.loop.call_later(WITHIN, self._look)
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._silent_since = self.loop.time()
        super().on_response_complete()

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _make_room(self) -> None:
        """Those that never asked anything go first. When all are being answered, uvicorn refuses this one."""
        silent = [other for other in self.connections if isinstance(other, PromptProtocol) and not other._answering]
        silent.remove(self)
        if silent:
            oldest = min(silent, key=lambda other: (other.cycle is not None, other._silent_since))
            self.connections.discard(oldest)
            # Not closed: under TLS that waits for the other side, which is silent.
            oldest.transport.abort()

    def _look(self) -> None:
        if not self._answering and self.cycle is self._seen:
            self.transport.close()
            return
        self._seen = self.cycle
        self._next_look = self.loop.call_later(WITHIN, self._look)
