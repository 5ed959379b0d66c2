"""Jobs as rows: what they are, where they stand, what happened to them."""

from __future__ import annotations

import json
import shutil
import time
from typing import Any

from ..problems import Problem, not_found
from ..settings import Settings
from .database import Database, Row

KEPT_FAILED = 5
"""Failed jobs whose checkpoints stay; of older ones they go, so that jobs that are forgotten do not fill the disk."""
OVER = ("succeeded", "failed", "cancelled")


def find_job(database: Database, job_id: str) -> Row:
    """The row of a job. Raises a problem when there is none."""
    row = database.one("SELECT * FROM jobs WHERE id = ?", job_id)
    if row is None:
        raise not_found("fine_tuning_job", job_id)
    return row


def model_name(job: Row) -> str:
    """Under which a job's model and its checkpoints are asked for, such as `ft:MiniLM:handbook:3f2a91c0`."""
    return f"ft:{job['model']}:{job['suffix'] or ''}:{job['id'][-8:]}"


def add_event(
    database: Database, job: str, message: str, data: dict[str, Any] | None = None, level: str = "info"
) -> None:
    """Appends to a job's log. Messages hold no text of documents."""
    kind = "metrics" if data is not None and "train_loss" in data else "message"
    row = {"job": job, "level": level, "type": kind, "message": message, "created_at": time.time()}
    database.insert("events", {**row, "data": data})


def want(database: Database, job_id: str, wanted: str) -> Row:
    """
    Asks for 'cancel' or 'pause'. A job that waits stops at once; one that runs after its step.

    Raises a problem when the job is in no state for it.
    """
    with database.transaction():
        job = find_job(database, job_id)
        status = job["status"]
        allowed = ("queued", "running", "paused") if wanted == "cancel" else ("queued", "running")
        if status not in allowed:
            raise Problem(400, "invalid_state", f"The job is {status}; only one that is not over can be stopped.")
        if status == "running":
            database.execute("UPDATE jobs SET wanted = ? WHERE id = ?", wanted, job_id)
        else:
            stopped(database, job_id, wanted)
    return find_job(database, job_id)


def cancel(settings: Settings, database: Database, job_id: str) -> Row:
    """As `want`; one that does not run leaves no checkpoints."""
    job = want(database, job_id, "cancel")
    if job["status"] == "cancelled":
        remove_work(settings, job_id)
    return job


def remove_work(settings: Settings, job_id: str) -> None:
    """Checkpoints of a job that nobody will go on with."""
    shutil.rmtree(settings.jobs / job_id, ignore_errors=True)


def forget_work(settings: Settings, database: Database, job_id: str) -> None:
    """Checkpoints of a job with their rows."""
    database.execute("DELETE FROM checkpoints WHERE job = ?", job_id)
    remove_work(settings, job_id)


def forget_old_failures(settings: Settings, database: Database) -> None:
    """Of failed jobs the last few keep what they had learned."""
    query = "SELECT id FROM jobs WHERE status = 'failed' ORDER BY finished_at DESC LIMIT -1 OFFSET ?"
    for row in database.all(query, KEPT_FAILED):
        forget_work(settings, database, row["id"])


def stopped(database: Database, job_id: str, wanted: str) -> None:
    """Records that a job has stopped as asked."""
    if wanted == "cancel":
        database.execute(
            "UPDATE jobs SET status = 'cancelled', wanted = NULL, finished_at = ? WHERE id = ?", time.time(), job_id
        )
        add_event(database, job_id, "The job was cancelled.")
    else:
        database.execute("UPDATE jobs SET status = 'paused', wanted = NULL WHERE id = ?", job_id)
        add_event(database, job_id, "The job is paused; it goes on from its checkpoint when resumed.")


def resume(database: Database, job_id: str) -> Row:
    """Lets a paused job wait for its turn again."""
    with database.transaction():
        job = find_job(database, job_id)
        if job["status"] != "paused":
            raise Problem(400, "invalid_state", f"The job is {job['status']}; only a paused one can be resumed.")
        database.execute("UPDATE jobs SET status = 'queued' WHERE id = ?", job_id)
        add_event(database, job_id, "The job was resumed and waits for its turn.")
    return find_job(database, job_id)


def fail(database: Database, job_id: str, code: str, message: str, param: str | None = None) -> None:
    """Ends a job with the reason."""
    error = json.dumps({"code": code, "message": message, "param": param})
    with database.transaction():
        database.execute(
            "UPDATE jobs SET status = 'failed', wanted = NULL, error = ?, finished_at = ? WHERE id = ?",
            *(error, time.time(), job_id),
        )
        add_event(database, job_id, message, level="error")
