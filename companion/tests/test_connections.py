"""Connections that are opened and left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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


@pytest.mark.parametrize("sent", [b"", HEAD], ids=["nothing", "half a head"])
def test_silent_connections_keep_nobody_out(sent: bytes) -> None:
    answers, told = asyncio.run(answered_among_silent(sent, silent=5, limit=4))
    assert [answer[:12] for answer in answers] == [b"HTTP/1.1 200"] * 2
    # The oldest have gone, one for each that came when all places but one were taken; the last is heard when it asks.
    assert told[:-1] == [b""] * 4
    assert told[-1].startswith(b"HTTP/1.1 200")


@asynccontextmanager
async def listening(app: Any, **more: Any) -> AsyncIterator[int]:
    """The port of a server with the protocol."""
    config, state = uvicorn.Config(app, http=PromptProtocol, ws="none", lifespan="off", **more), ServerState()
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: PromptProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server, asyncio.timeout(30):
        yield server.sockets[0].getsockname()[1]


async def answer(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
    await send({"type": "http.response.body", "body": b""})


async def answered_beside(sent: bytes) -> bytes:
    """The answer that takes until another connection, on which this was sent, has been closed."""
    closed = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await closed.wait()
        await answer(send)

    async with listening(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"\r\n")
        idle, left = await asyncio.open_connection("127.0.0.1", port)
        left.write(sent)
        assert await idle.read() == b""
        left.close()
        closed.set()
        answered = await reader.read()
        writer.close()
        return answered


async def answered_among_silent(sent: bytes, silent: int, limit: int) -> tuple[list[bytes], list[bytes]]:
    """
    The answers to a request that was there before so many silent connections and to one behind them, and what each of
    the silent ones was told; the last of them asks in the end.
    """
    asked, others = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if not asked.is_set():
            asked.set()
            await others.wait()
        await answer(send)

    async with listening(app, limit_concurrency=limit) as port:
        opened = [await asyncio.open_connection("127.0.0.1", port)]
        opened[0][1].write(HEAD + b"\r\n")
        await asked.wait()
        for _ in range(silent):
            opened.append(await asyncio.open_connection("127.0.0.1", port))
            opened[-1][1].write(sent)
        opened.append(await asyncio.open_connection("127.0.0.1", port))
        opened[-1][1].write(HEAD + b"\r\n")
        late = await heard(opened[-1][0])
        others.set()
        opened[-2][1].write((HEAD + b"\r\n").removeprefix(sent))
        early, *told = [await heard(reader) for reader, _ in opened[:-1]]
        for _, writer in opened:
            writer.close()
        return [early, late], told


async def heard(reader: asyncio.StreamReader) -> bytes:
    """All until the connection ends, in whichever way."""
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
