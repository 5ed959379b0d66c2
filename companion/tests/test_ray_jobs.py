"""Jobs whose driver runs on the cluster, from a node that is no part of it and is killed meanwhile."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from .rows import chats, jsonl, pairs
from .service import Service, running, until
from .test_estimates import ask
from .test_jobs import QUICK, curve_of

LONG = {**QUICK, "steps": 120, "checkpointEvery": 5, "validateEvery": 0, "patience": 0}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def cluster() -> Iterator[str]:
    """A head of its own with a dashboard, which ends with the block. The address of the dashboard."""
    port = free_port()
    command = [str(Path(sys.executable).parent / "ray"), "start", "--head", "--block", f"--port={free_port()}"]
    command += ["--node-ip-address=127.0.0.1", "--num-cpus=4", "--disable-usage-stats"]
    command += ["--include-dashboard=true", "--dashboard-host=127.0.0.1", f"--dashboard-port={port}"]
    environment = {**os.environ, "RAY_worker_niceness": "0"}
    head = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        processes = psutil.Process(head.pid).children(recursive=True)
        head.send_signal(signal.SIGTERM)
        head.wait(timeout=60)
        for process in processes:
            if process.is_running():
                process.kill()


def steps_told(service: Service, job: str) -> int:
    """How far the driver says that it is, whether or not anybody reads it."""
    path = service.data / "jobs" / job / "cluster" / "news.jsonl"
    return path.read_text().count('"metrics"') if path.exists() else 0


def drivers() -> list[psutil.Process]:
    """Those that run on this machine."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if "attune_companion.jobs.submitted" in (process.info["cmdline"] or []) and process.is_running()
    ]


def test_a_job_runs_on_while_its_node_is_killed_and_ends_with_its_cancel(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    with cluster() as address, running(tmp_path / "data", models, "--ray", address, "--ray-workers", "2") as service:
        service.wait_ready()
        # The node has to wait for a cluster that is on its way.
        rows = service.upload(jsonl(chats(40)))
        job = service.job("supervised", "tiny-llama", rows, hyperparameters=LONG, seed=4)
        until("a step", lambda: steps_told(service, job.id) >= 1 or over(service, job.id))
        service.kill()
        before = steps_told(service, job.id)
        until("more of them", lambda: steps_told(service, job.id) >= before + 5)
        service.start()
        done = service.wait(job.id, "succeeded")
        assert sorted(curve_of(service, job.id)) == list(range(1, 121))
        starts = [event.message for event in service.events(job.id) if event.message.startswith("Training begins")]
        assert len(starts) == 1
        assert "from the beginning" in starts[0]
        assert done.fine_tuned_model
        assert not (service.data / "jobs" / job.id / "cluster").exists()

        endless = {**LONG, "steps": 5000}
        paused = service.job("supervised", "tiny-llama", rows, hyperparameters=endless)
        until("a step", lambda: steps_told(service, paused.id) >= 1)
        service.openai.fine_tuning.jobs.pause(paused.id)
        assert service.wait(paused.id, "paused").step > 0
        until("its driver's end", lambda: not drivers())
        service.openai.fine_tuning.jobs.resume(paused.id)
        until("a step again", lambda: steps_told(service, paused.id) >= 1)
        service.openai.fine_tuning.jobs.cancel(paused.id)
        until("its end", lambda: service.openai.fine_tuning.jobs.retrieve(paused.id).status == "cancelled")
        until("its driver's end", lambda: not drivers())

        found = ask(service, "embedder", {"batchSize": 4, "maxTokens": 64}).json()
        assert found.get("fits") is True, f"{found}\n{service.tail()}"
        short = service.job("embedder", "tiny-bert", service.upload(jsonl(pairs(40))), hyperparameters=QUICK)
        assert service.wait(short.id, "succeeded").evaluation["tuned"] >= 0


def over(service: Service, job: str) -> bool:
    found = service.openai.fine_tuning.jobs.retrieve(job)
    assert found.status != "failed", f"{found.error}\n{service.tail()}"
    return False
