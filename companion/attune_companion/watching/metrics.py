"""Figures for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from ..store.database import Database

REGISTRY = CollectorRegistry()
REQUESTS = Counter("attune_requests_total", "Answered requests.", ["route", "method", "status"], registry=REGISTRY)
SECONDS = Histogram("attune_request_seconds", "Time to the end of an answer.", ["route"], registry=REGISTRY)
JOBS = Gauge("attune_jobs", "Jobs by state.", ["status"], registry=REGISTRY)
JOBS_ENDED = Counter("attune_jobs_ended_total", "Jobs that came to an end.", ["status"], registry=REGISTRY)
WORKER_DEATHS = Counter("attune_worker_deaths_total", "Processes of jobs that were killed.", registry=REGISTRY)
STORED = Gauge("attune_stored_bytes", "Bytes of files and adapters.", ["kind"], registry=REGISTRY)
STATES = ("queued", "running", "paused", "succeeded", "failed", "cancelled")


def exposition(database: Database) -> bytes:
    """All figures as text."""
    counts = {row["status"]: row["n"] for row in database.all("SELECT status, COUNT(*) AS n FROM jobs GROUP BY status")}
    for state in STATES:
        JOBS.labels(state).set(counts.get(state, 0))
    for kind in ("files", "adapters"):
        row = database.one(f"SELECT COALESCE(SUM(bytes), 0) AS n FROM {kind}")  # noqa: S608
        STORED.labels(kind).set(row["n"] if row is not None else 0)
    return generate_latest(REGISTRY)
