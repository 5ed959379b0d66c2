"""Jobs while their cluster is away: they wait, and none of the queue fails for it. No cluster is started here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import ray

from attune_companion.jobs import ray_engine, worker
from attune_companion.jobs.reporter import DatabaseReporter
from attune_companion.problems import Problem
from attune_companion.settings import Settings
from attune_companion.store.jobs import find_job, want
from attune_companion.training.contract import Outcome

from .test_worker import node

AWAY = Problem(503, "cluster_unavailable", "The Ray cluster cannot be reached. Look whether it runs.")
DONE = Outcome(None, trained_tokens=7)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_engine, "WAITS", (0.0, 0.0))


def test_a_job_waits_for_its_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, database, spec = node(tmp_path, ray="auto")
    left = [AWAY, AWAY]

    def connect(_: Settings) -> None:
        if left:
            raise left.pop()

    monkeypatch.setattr(ray_engine, "connect", connect)
    monkeypatch.setattr(ray_engine, "drive", lambda *_: DONE)
    assert ray_engine.run_on_ray(spec, DatabaseReporter(database, spec.id), settings) == DONE
    events = database.all("SELECT level, message FROM events")
    assert [event["level"] for event in events] == ["warn"]
    assert "waits" in events[0]["message"]


def test_a_job_that_waits_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, database, spec = node(tmp_path, ray="auto")

    def connect(_: Settings) -> None:
        raise AWAY

    monkeypatch.setattr(ray_engine, "connect", connect)
    want(database, spec.id, "pause")
    assert ray_engine.run_on_ray(spec, DatabaseReporter(database, spec.id), settings) == Outcome("pause")


def test_a_job_whose_cluster_is_lost_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, database, spec = node(tmp_path, ray="auto")

    def lost(*_: Any) -> Outcome:
        raise ray.exceptions.ActorDiedError

    monkeypatch.setattr(ray_engine, "connect", lambda _: None)
    monkeypatch.setattr(ray_engine, "drive", lost)
    monkeypatch.setattr(worker, "specify", lambda *_: spec)
    # The process ends by itself; its supervisor puts back what ended in the middle.
    with pytest.raises(SystemExit):
        worker.work(settings, spec.id)
    assert find_job(database, spec.id)["status"] == "running"
