"""The process of one estimate: measures a probe of a job and leaves the answer as a file."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import psutil
import torch

from ..data.rows import Parts
from ..problems import Problem
from ..serving.catalogue import find_model
from ..settings import Settings, is_dashboard
from ..training.contract import JobSpec
from ..training.probe import Shape, measure
from ..watching.logs import set_up_logs
from .estimates import RESULT
from .failures import is_out_of_memory, limit_memory, place_of

log = logging.getLogger(__name__)


def estimate(settings: Settings, folder: Path, asked: dict[str, Any]) -> None:
    """Writes what was measured, or the problem, into the folder."""
    set_up_logs()
    limit = memory_limit(settings)
    try:
        answer = {**probe(settings, folder, asked, limit), "fits": True}
    except Problem as problem:
        answer = {"problem": [problem.status, problem.code, problem.message, problem.param]}
    except Exception as error:
        if is_out_of_memory(error):
            answer = {"fits": False}
        else:
            place = place_of(error)
            log.error("estimate failed", extra={"error": type(error).__name__, "place": place})
            answer = {
                "problem": [500, "internal_error", f"The step ended with {type(error).__name__} at {place}.", None]
            }
    partial = folder / f"{RESULT}.partial"
    partial.write_text(json.dumps({**answer, "memory_limit": limit}))
    partial.rename(folder / RESULT)


def probe(settings: Settings, folder: Path, asked: dict[str, Any], limit: int) -> dict[str, Any]:
    """By this process, or by a driver on the cluster."""
    from ..serving.load import prepared

    spec = JobSpec(
        **{key: asked[key] for key in ("method", "base", "settings", "seed", "role")},
        id="estimate",
        base_sha256="",
        model=prepared(find_model(settings, asked["base"]), settings),
        folder=folder,
        parts=Parts(),
        data_hash="",
        workers=settings.ray_workers if settings.ray else 1,
        sharded=bool(settings.ray) and settings.ray_shard and settings.ray_workers > 1 and asked["role"] == "generator",
    )
    shape = Shape(**asked["shape"])
    if is_dashboard(settings.ray):
        from .ray_jobs import Nobody, on_cluster

        answer: dict[str, Any] = on_cluster(settings, folder, Nobody(), measure_spec, folder, spec, shape)
        return answer
    if not settings.ray and not torch.cuda.is_available():
        # A probe that is too large fails here as an error, before the kernel ends something else for it.
        limit_memory(limit)
    return measure_spec(None, settings, folder, spec, shape)


def measure_spec(_: Any, settings: Settings, folder: Path, spec: JobSpec, shape: Shape) -> dict[str, Any]:
    """
    Here, or by a worker of the cluster that the job itself would run on; by all, where weights are spread. Nothing is
    reported of it: it has no curve.
    """
    if settings.ray:
        from .ray_engine import on_a_worker, on_all_workers

        if spec.sharded:
            return dict(on_all_workers(settings, folder / "ray", measure, spec, shape))
        return on_a_worker(settings, measure, spec, shape)
    return measure(spec, shape)


def memory_limit(settings: Settings) -> int:
    """What a job may take on this machine, in bytes."""
    if torch.cuda.is_available():
        return int(torch.cuda.get_device_properties(0).total_memory)
    return settings.job_memory or psutil.virtual_memory().available
