"""Health, figures, and what the node is: `/health`, `/metrics`, `/v1/system`."""

from __future__ import annotations

import shutil
from typing import Any

import psutil
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from .. import __version__
from ..jobs.zygote import gpus
from ..settings import Settings
from ..training.options import METHODS, knobs_of
from ..watching.metrics import exposition
from .context import context_of

router = APIRouter()


@router.get("/health/live")
def live() -> dict[str, str]:
    """Whether the service answers."""
    return {"status": "ok"}


@router.get("/health/ready")
def ready(request: Request) -> JSONResponse:
    """Whether jobs and answers begin at once: the libraries are loaded and the database answers."""
    context = context_of(request)
    context.database.one("SELECT 1")
    is_ready = context.supervisor.ready
    return JSONResponse({"status": "ok" if is_ready else "starting"}, 200 if is_ready else 503)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """For Prometheus, which sends the token as well (`authorization.credentials_file`)."""
    return Response(exposition(context_of(request).database), media_type="text/plain; version=0.0.4")


def cluster_of(settings: Settings) -> dict[str, Any] | None:
    """Who runs jobs and answers, where that is a cluster."""
    if not settings.ray:
        return None
    replicas = {"replicas": settings.ray_replicas} if settings.ray_replicas else {}
    return {"address": settings.ray, "workers": settings.ray_workers, "sharded": settings.ray_shard, **replicas}


@router.get("/v1/system")
def system(request: Request) -> dict[str, Any]:
    """GPU, memory, disk and queue."""
    context = context_of(request)
    memory, disk = psutil.virtual_memory(), shutil.disk_usage(context.settings.data)
    counts = context.database.all("SELECT status, COUNT(*) AS n FROM jobs GROUP BY status")
    found, settings = context.supervisor.hardware, context.settings
    return {
        "object": "system",
        "version": __version__,
        "ready": context.supervisor.ready,
        "cpus": psutil.cpu_count(),
        "memory": {"total": memory.total, "available": memory.available},
        "disk": {"total": disk.total, "free": disk.free},
        "gpus": gpus() if found.get("gpus") else [],
        "torch": found.get("torch"),
        "ray": cluster_of(settings),
        "queue": {row["status"]: row["n"] for row in counts},
        "limits": {
            "file": settings.max_file,
            "row": settings.max_line,
            "queue": settings.queue,
        },
        "methods": {method: knobs_of(method) for method in METHODS},
    }
