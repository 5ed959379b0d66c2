"""What becomes of jobs whose process ends, without any process."""

from __future__ import annotations

import io
import json
import sqlite3
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from attune_companion.jobs.supervisor import WEIGHT, Supervisor
from attune_companion.settings import Settings
from attune_companion.store.database import Database, Row
from attune_companion.store.jobs import cancel, find_job


def insert_job(database: Database, job_id: str = "ftjob-1", **more: Any) -> None:
    texts = {"model": "tiny", "method": "causal", "training_file": "file-1", "data_hash": "", "metadata": {}}
    numbers = {"settings": {}, "rows": 1, "seed": 1, "status": "queued", "created_at": time.time()}
    database.insert("jobs", {"id": job_id, **texts, **numbers, **more})


class Node:
    """A supervisor whose zygote is a list of what it was told, and lines of what it says."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = Settings(folder, ())
        self.settings.make_folders()
        self.database = Database(self.settings.database)
        self.database.create()
        self.sent: list[dict[str, Any]] = []
        monkeypatch.setattr(Supervisor, "_send", lambda _, command: self.sent.append(command))
        monkeypatch.setattr(Supervisor, "_work", lambda _: None)
        self.restart()

    def restart(self) -> None:
        self.supervisor = Supervisor(self.settings, self.database)
        self.supervisor.start()
        self.hear({"ready": {"gpus": []}})

    def hear(self, *news: dict[str, Any]) -> None:
        lines = "".join(f"{json.dumps(line)}\n" for line in news)
        self.supervisor._listen(SimpleNamespace(stdout=io.BytesIO(lines.encode())))  # type: ignore[arg-type]

    def look(self) -> None:
        self.supervisor._look()

    def starts(self) -> int:
        """How often it began to answer."""
        return sum("serve" in command for command in self.sent)

    def job(self, job_id: str = "ftjob-1") -> Row:
        return find_job(self.database, job_id)


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    return Node(tmp_path / "data", monkeypatch)


def test_a_job_whose_end_cannot_be_written_starts_again_when_it_can(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert_job(node.database)
    node.look()
    with monkeypatch.context() as full:
        full.setattr(node.database, "execute", refused)
        node.hear({"ended": "ftjob-1", "code": -9}, {"ended": "serving", "code": 1})
    assert node.supervisor.serving_code == 1
    assert node.job()["status"] == "running"
    node.look()
    assert node.sent[-1] == {"run": "ftjob-1"}
    assert node.job()["deaths"] == WEIGHT


def test_a_node_that_a_job_restarts_again_and_again_halves_its_batch_and_gives_it_up(node: Node) -> None:
    insert_job(node.database)
    seen = []
    for _ in range(40):
        node.look()
        seen.append((node.job()["status"], node.job()["batch_halvings"]))
        node.restart()
    assert seen == [("running", 0)] * 20 + [("running", 1)] * 10 + [("failed", 1)] * 10


def test_restarts_between_steps_count_for_nothing(node: Node) -> None:
    insert_job(node.database)
    for step in range(1, 40):
        node.look()
        node.database.execute("UPDATE jobs SET step = ?", step)
        node.restart()
    assert (node.job()["status"], node.job()["batch_halvings"]) == ("queued", 0)


def test_a_job_that_is_killed_for_a_cancel_or_waits_leaves_nothing(node: Node) -> None:
    for job_id, ends in (("ftjob-1", True), ("ftjob-2", False)):
        insert_job(node.database, job_id)
        folder = node.settings.jobs / job_id
        folder.mkdir()
        if ends:
            node.look()
            cancel(node.settings, node.database, job_id)
            assert folder.exists()
            node.hear({"ended": job_id, "code": -9})
        else:
            cancel(node.settings, node.database, job_id)
        assert node.job(job_id)["status"] == "cancelled"
        assert not folder.exists()


def test_answers_that_end_at_once_begin_again_later_each_time(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    waits = []
    for _ in range(9):
        starts = node.starts()
        node.hear({"ended": "serving", "code": 1})
        began = now
        while node.starts() == starts:
            node.supervisor.serve_if_due()
            now += 0.5
        waits.append(round(now - 0.5 - began))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    now += 60
    node.hear({"ended": "serving", "code": -9})
    node.supervisor.serve_if_due()
    assert node.starts() == starts + 2


def refused(*_: Any) -> int:
    raise sqlite3.OperationalError("database or disk is full")
