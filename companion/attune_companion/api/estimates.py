"""`/v1/estimates`: what a job would take, measured with a real step on rows of nobody. An extension of the protocol."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from ..problems import Problem
from ..training.fitting import fit_to_base
from ..training.options import read_settings, role_of
from .body import read_body
from .context import Context, context_of
from .engine import unavailable
from .job_bodies import JobShape, base_of, hyperparameters_of, method_of, seed_of

router = APIRouter()
LIMIT = 240.0
"""Seconds for everything: loading, a step over the longest texts, ordinary ones."""
Count = Annotated[int, Field(ge=0, le=100_000_000)]
Characters = Annotated[int, Field(ge=1, le=100_000)]


class Lengths(BaseModel):
    """Mean characters of the parts of a row."""

    model_config = ConfigDict(extra="ignore", strict=True)

    question: Characters
    answer: Characters
    passage: Characters


class EstimateRequest(JobShape):
    """A job without its file: how many rows it would have, and how long they are; without lengths, the longest."""

    rows: Annotated[Count, Field(ge=1)]
    validation_rows: Count = 0
    characters: Lengths | None = None


@router.post("/v1/estimates")
async def estimate(request: Request) -> dict[str, Any]:
    """409 `busy` while jobs run or wait, and when one comes meanwhile; 504 `too_slow`. Hanging up ends it."""
    body = await read_body(request, EstimateRequest)
    context = context_of(request)
    asked = await anyio.to_thread.run_sync(asked_of, context, body)
    if not context.supervisor.ready:
        raise unavailable()
    answer = await measured(request, context, asked)
    workers = context.settings.ray_workers if context.settings.ray else 1
    return {"object": "estimate", "model": body.model, "method": asked["method"], "workers": workers, **answer}


def asked_of(context: Context, body: EstimateRequest) -> dict[str, Any]:
    """Checked as a job is."""
    method = method_of(body)
    base = base_of(context, body, method)
    settings = read_settings(method, hyperparameters_of(body, method))
    fit_to_base(base, method, settings)
    shape = {
        "train": min(body.rows, settings["examplesLimit"] or body.rows),
        "validation": body.validation_rows,
        "characters": body.characters and body.characters.model_dump(),
    }
    seed = seed_of(body, settings)
    return {
        "method": method,
        "base": base.id,
        "settings": settings,
        "seed": seed,
        "role": role_of(method),
        "shape": shape,
    }


async def measured(request: Request, context: Context, asked: dict[str, Any]) -> dict[str, Any]:
    """Waits for it, no longer than somebody else does and than the limit."""
    estimates = context.supervisor.estimates
    future = await anyio.to_thread.run_sync(estimates.begin, asked)
    answer: asyncio.Future[Any] = asyncio.wrap_future(future)
    # Behind its body a connection has nothing more to say than that it ends.
    hung_up: asyncio.Future[Any] = asyncio.ensure_future(request.receive())
    try:
        done, _ = await asyncio.wait([answer, hung_up], timeout=LIMIT, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            text = f"Loading the model and one step took more than {LIMIT:.0f} seconds."
            raise Problem(504, "too_slow", text)
        if answer not in done:
            raise nobody_waits()
        return answer.result()
    finally:
        hung_up.cancel()
        estimates.stop(future, nobody_waits())


def nobody_waits() -> Problem:
    """What nobody reads."""
    return Problem(499, "gone", "Nobody waits for it.")
