"""The process of one job: reads its row, trains, writes what happened. Whatever goes wrong ends up in the row."""

from __future__ import annotations

import csv
import io
import json
import logging
import time
from typing import Any

from ..data.load import limited, load_parts
from ..problems import Problem, of_os_error
from ..serving.catalogue import find_model, sha256_of
from ..settings import Settings, is_dashboard
from ..store.adapters import add_adapter
from ..store.database import Database, Row
from ..store.files import Upload
from ..store.jobs import add_event, fail, find_job, remove_work, stopped
from ..training.contract import JobSpec, Outcome
from ..training.options import role_of
from ..watching.logs import set_up_logs
from .failures import is_out_of_memory, limit_memory, place_of
from .reporter import DatabaseReporter

log = logging.getLogger(__name__)
MOST_HALVINGS = 5


def work(settings: Settings, job_id: str) -> None:
    """Runs a job to its end or its next stop."""
    set_up_logs()
    database = Database(settings.database)
    job = find_job(database, job_id)
    try:
        spec = specify(settings, database, job)
        if settings.job_memory > 0:
            limit_memory(settings.job_memory)
        search = json.loads(job["search"]) if job["search"] else None
        outcome = train(DatabaseReporter(database, spec.id), settings, spec, search)
        conclude(settings, database, spec, outcome)
    except Problem as problem:
        if problem.code == "cluster_lost":
            # Its row still runs: the supervisor puts the job back, and counts how often that was without progress.
            add_event(database, job_id, problem.message, level="warn")
            raise SystemExit(1) from None
        fail(database, job_id, problem.code, problem.message, problem.param)
    except Exception as error:
        handle(database, job, error)


def train(reporter: Any, settings: Settings, spec: JobSpec, search: dict[str, Any] | None) -> Outcome:
    """Here, on a cluster, or several times over for a search; all that by a driver elsewhere, where one is asked."""
    if is_dashboard(settings.ray):
        from .ray_jobs import on_cluster

        outcome: Outcome = on_cluster(settings, spec.folder, reporter, train, spec, search)
        return outcome
    if search:
        from .search import best_settings

        found = best_settings(spec, search, reporter)
        if isinstance(found, Outcome):
            return found
        spec = found
    if settings.ray:
        from .ray_engine import run_on_ray

        return run_on_ray(spec, reporter, settings)
    from ..training.run import run

    return run(spec, reporter)


def specify(settings: Settings, database: Database, job: Row) -> JobSpec:
    """The row as what a run depends on."""
    from ..serving.load import prepared

    base = find_model(settings, job["model"])
    values = json.loads(job["settings"])
    validation = settings.files / job["validation_file"] if job["validation_file"] else None
    parts = load_parts(
        settings.files / job["training_file"],
        *(validation, job["method"], settings.max_line, values["heldOut"], job["seed"]),
    )
    # A job that waited through an update has no such setting.
    parts.train = limited(parts.train, values.get("examplesLimit", 0), job["seed"])
    role = role_of(job["method"])
    return JobSpec(
        id=job["id"],
        method=job["method"],
        base=base.id,
        base_sha256=sha256_of(base, settings),
        model=prepared(base, settings),
        folder=settings.jobs / job["id"],
        settings=values,
        seed=job["seed"],
        parts=parts,
        data_hash=job["data_hash"],
        batch_halvings=job["batch_halvings"],
        workers=settings.ray_workers if settings.ray else 1,
        sharded=bool(settings.ray) and settings.ray_shard,
        role=role,
    )


def conclude(settings: Settings, database: Database, spec: JobSpec, outcome: Outcome) -> None:
    """Records how a run ended."""
    if outcome.stopped is not None:
        with database.transaction():
            stopped(database, spec.id, outcome.stopped)
        if outcome.stopped == "cancel":
            remove_work(settings, spec.id)
        return
    assert outcome.adapter is not None
    job = find_job(database, spec.id)
    result = results_if_room(settings, database, spec.id)
    with database.transaction():
        name = add_adapter(settings, database, outcome.adapter, job)
        database.execute(
            "UPDATE jobs SET status = 'succeeded', wanted = NULL, fine_tuned_model = ?, evaluation = ?,"
            " result_file = ?, trained_tokens = ?, finished_at = ? WHERE id = ?",
            *(name, json.dumps(outcome.evaluation), result, outcome.trained_tokens, time.time(), spec.id),
        )
        add_event(database, spec.id, f"The job is done; the model is {name}.", {"evaluation": outcome.evaluation})


def results_if_room(settings: Settings, database: Database, job_id: str) -> str | None:
    """None on a full disk: a model that is done is not lost for a file that its events hold as well."""
    try:
        return write_results(settings, database, job_id)
    except (Problem, OSError) as error:
        log.warning("no results file", extra={"job": job_id, "error": type(error).__name__})
        return None


def write_results(settings: Settings, database: Database, job_id: str) -> str:
    """The curve as a CSV file, as the protocol has it. Returns the file's identifier."""
    rows = database.all("SELECT data FROM events WHERE job = ? AND type = 'metrics' ORDER BY seq", job_id)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["step", "train_loss", "learning_rate"])
    for row in rows:
        data = json.loads(row["data"])
        writer.writerow([data["step"], data["train_loss"], data.get("learning_rate")])
    upload = Upload(settings)
    try:
        upload.write(text.getvalue().encode())
        return str(upload.keep(database, "step_metrics.csv", "fine-tune-results")["id"])
    except BaseException:
        upload.discard()
        raise


def handle(database: Database, job: Row, error: Exception) -> None:
    """Halves the batch on lack of memory and lets the job try again; otherwise it has failed."""
    if is_out_of_memory(error):
        halvings = job["batch_halvings"] + 1
        if halvings > MOST_HALVINGS:
            fail(database, job["id"], "out_of_memory", "Not even a small batch fits into memory. Lower 'maxTokens'.")
            return
        with database.transaction():
            database.execute("UPDATE jobs SET status = 'queued', batch_halvings = ? WHERE id = ?", halvings, job["id"])
            text = f"Memory ran out: the batch is halved ({halvings} times so far), and the job goes on."
            add_event(database, job["id"], text, {"batch_halvings": halvings}, level="warn")
        return
    problem = of_os_error(error) if isinstance(error, OSError) else None
    if problem is not None:
        fail(database, job["id"], problem.code, problem.message)
        return
    place = place_of(error)
    log.error("job failed", extra={"job": job["id"], "error": type(error).__name__, "place": place})
    fail(database, job["id"], "internal_error", f"The run ended with {type(error).__name__} at {place}.")
