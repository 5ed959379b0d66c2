"""How a job's process writes down what it did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attune_companion.data.rows import Parts
from attune_companion.jobs.worker import conclude
from attune_companion.settings import Settings
from attune_companion.store.adapters import find_adapter
from attune_companion.store.database import Database
from attune_companion.store.jobs import find_job
from attune_companion.training.contract import JobSpec, Outcome

from .test_supervisor import insert_job

CARD = {"base": {"id": "tiny", "sha256": ""}, "role": "generator"}


def node(folder: Path, **more: Any) -> tuple[Settings, Database, JobSpec]:
    """Of one job that runs."""
    settings = Settings(folder, (), **more)
    settings.make_folders()
    database = Database(settings.database)
    database.create()
    insert_job(database, status="running")
    spec = JobSpec(
        **{"id": "ftjob-1", "method": "causal", "base": "tiny", "base_sha256": "", "data_hash": "", "seed": 1},
        **{"model": folder, "folder": settings.jobs / "ftjob-1", "settings": {}},
        parts=Parts(),
    )
    return settings, database, spec


def adapter(spec: JobSpec) -> Path:
    folder = spec.folder / "adapter"
    folder.mkdir(parents=True)
    (folder / "attune.json").write_text(json.dumps(CARD))
    return folder


def test_a_disk_that_is_nearly_full_costs_the_curve_and_not_the_model(tmp_path: Path) -> None:
    settings, database, spec = node(tmp_path, reserve=2**62)
    conclude(settings, database, spec, Outcome(None, adapter(spec)))
    job = find_job(database, spec.id)
    assert (job["status"], job["result_file"]) == ("succeeded", None)
    assert find_adapter(database, job["fine_tuned_model"])["job"] == spec.id
    assert list(settings.files.iterdir()) == []
