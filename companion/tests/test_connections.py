"""Connections that are opened and left."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from attune_companion.cli import PromptProtocol
from attune_companion.security import connections

HEAD = b"GET / HTTP/1.1\r\nhost: node\r\n"


@pytest.mark.parametrize("sent", [b"", HEAD], ids=["nothing", "half a head"])
def test_a_connection_that_asks_nothing_is_closed_and_one_that_is_answered_is_not(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "WITHIN", 0.05)
    answer = asyncio.run(answered_beside(sent))
    assert answer.startswith(b"HTTP/1.1 200")


async def answered_beside(sent: bytes) -> bytes:
    """The answer that takes until another connection, on which this was sent, has been closed."""
    closed = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await closed.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": b""})

    config, state = uvicorn.Config(app, http=PromptProtocol, ws="none", lifespan="off"), ServerState()
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: PromptProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server, asyncio.timeout(30):
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"\r\n")
        idle, left = await asyncio.open_connection("127.0.0.1", port)
        left.write(sent)
        assert await idle.read() == b""
        left.close()
        closed.set()
        answer = await reader.read()
        writer.close()
        return answer
