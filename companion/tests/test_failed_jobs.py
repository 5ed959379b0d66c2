"""What a job that failed had learned: it can be asked and deleted, and what is forgotten does not pile up."""

from __future__ import annotations

from pathlib import Path

import pytest

from attune_companion.problems import Problem
from attune_companion.settings import Settings
from attune_companion.store.adapters import delete_adapter, folder_of
from attune_companion.store.database import Database
from attune_companion.store.jobs import KEPT_FAILED, fail, model_name
from attune_companion.training.folders import COMPLETE

from .test_supervisor import Node, insert_job


def failing(settings: Settings, database: Database, job_id: str) -> Path:
    """A job with a checkpoint that has just failed. Returns the folder of the checkpoint."""
    insert_job(database, job_id, status="running")
    folder = settings.jobs / job_id / "checkpoint-20"
    folder.mkdir(parents=True)
    (folder / COMPLETE).touch()
    row = {"job": job_id, "step": 20, "metrics": {}, "created_at": 0}
    database.insert("checkpoints", row)
    fail(database, job_id, "diverged", "The loss is nan.")
    return folder


def test_checkpoints_of_a_failed_job_are_models_until_they_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Node(tmp_path / "data", monkeypatch)
    folder = failing(node.settings, node.database, "ftjob-12345678")
    name = model_name(node.job("ftjob-12345678"))
    assert folder_of(node.settings, node.database, f"{name}:ckpt-step-20")[0] == folder
    with pytest.raises(Problem):
        delete_adapter(node.settings, node.database, f"ft:other::{name[-8:]}")
    assert folder.exists()
    delete_adapter(node.settings, node.database, name)
    assert not folder.parent.exists()
    assert node.database.all("SELECT * FROM checkpoints") == []
    with pytest.raises(Problem):
        folder_of(node.settings, node.database, f"{name}:ckpt-step-20")


def test_only_the_last_failures_keep_their_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(tmp_path / "data", monkeypatch)
    names = [f"ftjob-{i:08d}" for i in range(KEPT_FAILED + 3)]
    folders = []
    for name in names:
        folders.append(failing(node.settings, node.database, name))
        node.hear({"ended": name, "code": 0})
    assert [folder.exists() for folder in folders] == [False] * 3 + [True] * KEPT_FAILED
    kept = {row["job"] for row in node.database.all("SELECT job FROM checkpoints")}
    assert kept == {*names[3:]}
