"""The same jobs on a Ray cluster: two workers on one machine, one of them killed in the middle."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import psutil
import pytest

from .rows import chats, jsonl, pairs
from .service import Service, running, until
from .test_estimates import ask
from .test_jobs import QUICK, adapter_of, curve_of

LONG = {**QUICK, "steps": 60, "checkpointEvery": 5, "validateEvery": 20, "patience": 0}


def train_workers(service: Service) -> list[psutil.Process]:
    """Ray's processes that train, by the title that Ray gives them."""
    found = []
    for process in psutil.Process(service.process.pid).children(recursive=True):
        try:
            title = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if title.startswith("ray::") and "TrainWorker" in title:
            found.append(process)
    return found


def test_two_workers_tune_together_and_one_may_be_lost(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another cluster that this machine knows of is not the one that is asked for.
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    flags = ("--ray", "local", "--ray-workers", "2", "--ray-shard")
    with running(tmp_path / "data", models, *flags) as service:
        assert service.http.get("/v1/system").json()["ray"] == {"address": "local", "workers": 2, "sharded": True}
        service.wait_ready()
        found = ask(service, "supervised", {"batchSize": 4, "maxTokens": 480}).json()
        assert found.get("fits") is True, f"{found}\n{service.tail()}"
        assert found["workers"] == 2
        file = service.upload(jsonl(chats(40)))
        job = service.job("supervised", "tiny-llama", file, hyperparameters=LONG, seed=4)
        until(
            "a checkpoint",
            lambda: service.openai.fine_tuning.jobs.checkpoints.list(job.id).data or over(service, job.id),
        )
        workers = train_workers(service)
        assert len(workers) >= 2
        workers[-1].send_signal(signal.SIGKILL)
        done = service.wait(job.id, "succeeded")
        assert sorted(curve_of(service, job.id)) == list(range(1, 61))
        starts = [event.message for event in service.events(job.id) if event.message.startswith("Training begins")]
        assert len(starts) == 2
        assert "from the beginning" in starts[0]
        assert "from step" in starts[1]
        card = json.loads(adapter_of(service, done.fine_tuned_model)["attune.json"])
        assert (card["workers"], card["sharded"]) == (2, True)

        # Encoders are small: each worker has all of it.
        short = service.job("embedder", "tiny-bert", service.upload(jsonl(pairs(40))), hyperparameters=QUICK)
        assert service.wait(short.id, "succeeded").evaluation["tuned"] >= 0


def over(service: Service, job: str) -> bool:
    found = service.openai.fine_tuning.jobs.retrieve(job)
    assert found.status != "failed", f"{found.error}\n{service.tail()}"
    return found.status == "succeeded"
