"""Calls of the process that answers with models."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from ..problems import Problem
from .context import Context

LARGEST_PART = 64 * 2**20


async def ask(context: Context, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """
    The parts of an answer. Raises the problem that the process reports, or 503 while it starts or when it ends.
    Closing the iterator hangs up, which stops the model.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(context.supervisor.socket, limit=LARGEST_PART)
    except OSError:
        raise (ended() if context.supervisor.serving_code is not None else unavailable()) from None
    try:
        writer.write((json.dumps(request) + "\n").encode())
        await writer.drain()
        while True:
            line = await reader.readline()
            if not line:
                raise ended()
            part = json.loads(line)
            if "problem" in part:
                raise Problem(*part["problem"])
            if part.get("end"):
                return
            yield part
    finally:
        writer.close()


def unavailable() -> Problem:
    """503."""
    return Problem(503, "not_ready", "The node is loading its libraries. Ask again in half a minute.")


def ended() -> Problem:
    """503."""
    text = "The process that answers ended, as it does where memory is too small for a model. It is started again: ask"
    return Problem(503, "answers_ended", f"{text} in a minute, or use a smaller model. The node's log has its code.")


async def one(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """An answer of a single part."""
    async for part in ask(context, request):
        return part
    raise ended()
