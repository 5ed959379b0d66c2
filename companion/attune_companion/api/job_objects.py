"""Jobs and checkpoints as the protocol shows them."""

from __future__ import annotations

import json
from typing import Any

from ..store.jobs import model_name


def seconds(value: float | None) -> int | None:
    return None if value is None else int(value)


def job_object(row: Any) -> dict[str, Any]:
    """`fine_tuning.job`; progress and evaluation are ours, under names that the protocol does not use."""
    settings = json.loads(row["settings"])
    hyperparameters = {
        **settings,
        "n_epochs": settings["epochs"],
        "batch_size": settings["batchSize"],
        "learning_rate_multiplier": 1,
    }
    method: dict[str, Any] = {"hyperparameters": hyperparameters}
    if row["search"]:
        method["search"] = json.loads(row["search"])
    return {
        "id": row["id"],
        "object": "fine_tuning.job",
        "created_at": int(row["created_at"]),
        "error": json.loads(row["error"]) if row["error"] else None,
        "fine_tuned_model": row["fine_tuned_model"],
        "finished_at": seconds(row["finished_at"]),
        "hyperparameters": hyperparameters,
        "model": row["model"],
        "organization_id": "attune-companion",
        "result_files": [row["result_file"]] if row["result_file"] else [],
        "status": row["status"],
        "trained_tokens": row["trained_tokens"],
        "training_file": row["training_file"],
        "validation_file": row["validation_file"],
        "seed": row["seed"],
        "estimated_finish": seconds(row["estimated_finish"]) if row["status"] == "running" else None,
        "integrations": [],
        "metadata": json.loads(row["metadata"]),
        "method": {"type": row["method"], row["method"]: method},
        "user_provided_suffix": row["suffix"],
        "step": row["step"],
        "total_steps": row["total_steps"],
        "batch_halvings": row["batch_halvings"],
        "evaluation": json.loads(row["evaluation"]) if row["evaluation"] else None,
        "data_sha256": row["data_hash"],
    }


def checkpoint_object(row: Any, job: Any) -> dict[str, Any]:
    """`fine_tuning.job.checkpoint`."""
    return {
        "id": f"ftckpt-{job['id'][-8:]}-{row['step']}",
        "object": "fine_tuning.job.checkpoint",
        "created_at": int(row["created_at"]),
        "fine_tuned_model_checkpoint": f"{model_name(job)}:ckpt-step-{row['step']}",
        "fine_tuning_job_id": job["id"],
        "metrics": {"step": row["step"], **json.loads(row["metrics"])},
        "step_number": row["step"],
    }
