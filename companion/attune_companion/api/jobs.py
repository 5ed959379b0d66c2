"""`/v1/fine_tuning/jobs`."""

from __future__ import annotations

import time
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from ..data.load import check_file
from ..problems import Problem
from ..store.database import new_id
from ..store.files import check_space, find_file, path_of
from ..store.jobs import add_event, cancel, find_job, resume, want
from ..training.fitting import fit_search_to_base, fit_to_base
from ..training.options import read_settings
from .body import read_body
from .context import Context, context_of
from .events import event_object, stream_events
from .job_bodies import CreateJob, base_of, hyperparameters_of, method_of, search_of, seed_of
from .job_objects import checkpoint_object, job_object
from .lists import page

router = APIRouter()


@router.post("/v1/fine_tuning/jobs")
async def create_job(request: Request) -> dict[str, Any]:
    """Checks model, settings and every row of the files, then queues. What it refuses it names."""
    body = await read_body(request, CreateJob)
    context = context_of(request)
    row = await anyio.to_thread.run_sync(queue_job, context, body)
    context.supervisor.notify()
    return job_object(row)


def queue_job(context: Context, body: CreateJob) -> Any:
    """Returns the job's row."""
    settings, database = context.settings, context.database
    method = method_of(body)
    base = base_of(context, body, method)
    hyperparameters = read_settings(method, hyperparameters_of(body, method))
    notes = fit_to_base(base, method, hyperparameters)
    search = search_of(body, method)
    fit_search_to_base(base, method, search)
    waiting = database.one("SELECT COUNT(*) AS n FROM jobs WHERE status IN ('queued', 'running')")
    if waiting is not None and waiting["n"] >= settings.queue:
        raise Problem(429, "queue_full", f"{waiting['n']} jobs wait already. Cancel one, or come back later.")
    check_space(settings, 0)
    training = find_file(database, body.training_file)
    alone = body.validation_file is None
    rows = check_file(path_of(settings, training), method, settings.max_line, alone)
    if body.validation_file is not None:
        check_file(path_of(settings, find_file(database, body.validation_file)), method, settings.max_line)
    job_id = new_id("ftjob")
    with database.transaction():
        # Files may have been deleted while their rows were read.
        for file_id in filter(None, (body.training_file, body.validation_file)):
            find_file(database, file_id)
        database.insert(
            "jobs",
            {
                "id": job_id,
                "model": base.id,
                "method": method,
                "settings": hyperparameters,
                "search": search,
                "training_file": body.training_file,
                "validation_file": body.validation_file,
                "data_hash": training["sha256"],
                "rows": rows,
                "seed": seed_of(body, hyperparameters),
                "suffix": body.suffix,
                "metadata": body.metadata or {},
                "status": "queued",
                "created_at": time.time(),
            },
        )
        add_event(database, job_id, f"The job was created: {rows} rows were checked, and it waits for its turn.")
        for note in notes:
            add_event(database, job_id, note, level="warn")
    return find_job(database, job_id)


@router.get("/v1/fine_tuning/jobs")
def list_jobs(request: Request, limit: int = 20, after: str | None = None) -> dict[str, Any]:
    """Newest first."""
    rows = context_of(request).database.all("SELECT * FROM jobs ORDER BY created_at DESC, id")
    return page([job_object(row) for row in rows], limit, after)


@router.get("/v1/fine_tuning/jobs/{job_id}")
def retrieve_job(request: Request, job_id: str) -> dict[str, Any]:
    """Where a job stands."""
    return job_object(find_job(context_of(request).database, job_id))


@router.post("/v1/fine_tuning/jobs/{job_id}/cancel")
def cancel_job(request: Request, job_id: str) -> dict[str, Any]:
    """A job that runs stops after its step."""
    context = context_of(request)
    row = cancel(context.settings, context.database, job_id)
    context.supervisor.notify()
    return job_object(row)


@router.post("/v1/fine_tuning/jobs/{job_id}/pause")
def pause_job(request: Request, job_id: str) -> dict[str, Any]:
    """A job that runs saves a checkpoint after its step and stops."""
    context = context_of(request)
    row = want(context.database, job_id, "pause")
    context.supervisor.notify()
    return job_object(row)


@router.post("/v1/fine_tuning/jobs/{job_id}/resume")
def resume_job(request: Request, job_id: str) -> dict[str, Any]:
    """A paused job waits for its turn again."""
    context = context_of(request)
    row = resume(context.database, job_id)
    context.supervisor.notify()
    return job_object(row)


@router.get("/v1/fine_tuning/jobs/{job_id}/events")
def list_events(request: Request, job_id: str, limit: int = 20, after: str | None = None, stream: bool = False) -> Any:
    """Newest first; with `stream=true` from the first one on as server-sent events, until the job is over."""
    database = context_of(request).database
    find_job(database, job_id)
    if stream:
        seen = after or request.headers.get("last-event-id")
        return StreamingResponse(stream_events(request, database, job_id, seen), media_type="text/event-stream")
    rows = database.all("SELECT * FROM events WHERE job = ? ORDER BY seq DESC", job_id)
    return page([event_object(row) for row in rows], limit, after)


@router.get("/v1/fine_tuning/jobs/{job_id}/checkpoints")
def list_checkpoints(request: Request, job_id: str, limit: int = 10, after: str | None = None) -> dict[str, Any]:
    """Newest first; the last three can be asked as models."""
    database = context_of(request).database
    job = find_job(database, job_id)
    rows = database.all("SELECT * FROM checkpoints WHERE job = ? ORDER BY step DESC", job_id)
    return page([checkpoint_object(row, job) for row in rows], limit, after)
