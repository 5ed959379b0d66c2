"""Events of a job, as a list and as a stream that can be taken up again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import anyio
from fastapi import Request

from ..numbers import natural
from ..store.database import Database
from ..store.jobs import OVER

LOOK_EVERY = 0.2
COMMENT_EVERY = 15.0


def event_object(row: Any) -> dict[str, Any]:
    """`fine_tuning.job.event`."""
    return {
        "id": f"ftevent-{row['seq']}",
        "object": "fine_tuning.job.event",
        "created_at": int(row["created_at"]),
        "level": row["level"],
        "message": row["message"],
        "data": json.loads(row["data"]) if row["data"] else None,
        "type": row["type"],
    }


async def stream_events(request: Request, database: Database, job_id: str, after: str | None) -> AsyncIterator[str]:
    """
    Server-sent events, oldest first; `after` or the header `Last-Event-ID` says where to go on. Ends with the job, or
    when it is paused.
    """
    seen = natural((after or "").removeprefix("ftevent-")) or 0
    quiet = 0.0
    version = -1
    while not await request.is_disconnected():
        now = database.data_version()
        if now == version:
            quiet += LOOK_EVERY
            if quiet >= COMMENT_EVERY:
                quiet = 0.0
                yield ": still here\n\n"
            await anyio.sleep(LOOK_EVERY)
            continue
        version = now
        job = database.one("SELECT status FROM jobs WHERE id = ?", job_id)
        rows = database.all("SELECT * FROM events WHERE job = ? AND seq > ? ORDER BY seq", job_id, seen)
        for row in rows:
            seen, quiet = row["seq"], 0.0
            yield f"id: ftevent-{seen}\ndata: {json.dumps(event_object(row))}\n\n"
        if job is None or job["status"] in (*OVER, "paused"):
            yield "data: [DONE]\n\n"
            return
