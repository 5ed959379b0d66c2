"""A search for settings that is stopped in the middle, or whose trials diverge; the runs are made up."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from attune_companion.data.rows import PairRow, Parts
from attune_companion.jobs.reporter import DatabaseReporter
from attune_companion.jobs.search import best_settings
from attune_companion.problems import Problem
from attune_companion.store.database import Database
from attune_companion.store.jobs import find_job
from attune_companion.training import run as training
from attune_companion.training.contract import JobSpec, Outcome
from attune_companion.training.options import read_settings

from .test_supervisor import insert_job

SEARCH = {"trials": 5, "space": {"rank": [2, 4, 8, 16], "learningRate": {"low": 1e-5, "high": 1e-1}}}
TRIED = ("rank", "learningRate")


class Trials:
    """Runs that score by their rank, in the order in which they were asked for."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder.mkdir()
        self.tried: list[dict[str, Any]] = []
        self.ends: dict[int, Outcome | Problem] = {}
        self.database = Database(folder / "companion.sqlite")
        self.database.create()
        insert_job(self.database)
        self.spec = JobSpec(
            **{"id": "ftjob-1", "method": "embedder", "base": "tiny", "base_sha256": "", "data_hash": "", "seed": 1},
            **{"model": folder, "folder": folder / "job", "settings": read_settings("embedder", {})},
            parts=Parts([], [PairRow("a")]),
        )
        monkeypatch.setattr(training, "run", self._run)

    def _run(self, spec: JobSpec, _: Any) -> Outcome:
        self.tried.append({name: spec.settings[name] for name in TRIED})
        end = self.ends.pop(len(self.tried), None)
        if isinstance(end, Problem):
            raise end
        return end or Outcome(None, evaluation={"tuned": spec.settings["rank"] / 16})

    def search(self) -> JobSpec | Outcome:
        return best_settings(self.spec, SEARCH, DatabaseReporter(self.database, "ftjob-1"))


@pytest.fixture
def trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trials:
    return Trials(tmp_path / "node", monkeypatch)


def test_a_search_that_was_paused_tries_what_it_would_have_tried(trials: Trials) -> None:
    trials.search()
    whole = trials.tried.copy()
    assert len({str(settings) for settings in whole}) == 5
    shutil.rmtree(trials.spec.folder)
    trials.tried.clear()
    trials.ends[3] = Outcome("pause")
    assert trials.search() == Outcome("pause")
    trials.search()
    assert trials.tried == [*whole[:3], *whole[2:]]


def test_a_trial_that_diverges_is_the_worst_and_no_end(trials: Trials) -> None:
    trials.ends[2] = Problem(400, "diverged", "The loss is nan at step 1. Lower the learning rate.")
    found = trials.search()
    assert isinstance(found, JobSpec)
    assert len(trials.tried) == 5
    others = [settings["rank"] for i, settings in enumerate(trials.tried) if i != 1]
    assert found.settings["rank"] == max(others)


def test_a_finished_trial_is_progress(trials: Trials) -> None:
    trials.database.execute("UPDATE jobs SET deaths = 2")
    trials.search()
    assert find_job(trials.database, "ftjob-1")["deaths"] == 0
