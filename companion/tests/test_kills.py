"""SIGKILL at random moments: nothing that was promised is lost, and everything goes on."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import psutil
from safetensors.numpy import load

from .rows import chats, jsonl, pairs
from .service import Service, running, until
from .test_jobs import QUICK, adapter_of, curve_of

LONG = {**QUICK, "steps": 600, "checkpointEvery": 4, "validateEvery": 25, "patience": 0}


def children(service: Service) -> list[psutil.Process]:
    return psutil.Process(service.process.pid).children(recursive=True)


def zygote(service: Service) -> psutil.Process | None:
    """The process below the service that jobs are forked from."""
    found = psutil.Process(service.process.pid).children()
    return found[0] if found else None


def furthest(service: Service, job: str) -> int:
    """The step a job must pass before its next death, or the node gives it up as one that kills its process.

    From the database, which is also there while the service is not."""
    with closing(sqlite3.connect(service.data / "companion.sqlite", timeout=30)) as database:
        return max(database.execute("SELECT step, death_step FROM jobs WHERE id = ?", [job]).fetchone())


def goes_on(service: Service, job: str, beyond: int) -> bool:
    found = service.openai.fine_tuning.jobs.retrieve(job)
    return found.status == "succeeded" or int(found.step) > beyond


def gone(processes: list[psutil.Process]) -> None:
    """Waits for their end, so that what they wrote is their last word."""
    until("their end", lambda: not any(alive(process) for process in processes))


def kill_worker(service: Service) -> None:
    """Kills what the zygote has forked: the job's process, and the one that answers."""
    parent = zygote(service)
    forked = parent.children() if parent else []
    for process in forked:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    gone(forked)


def kill_zygote(service: Service) -> None:
    parent = until("the zygote", lambda: zygote(service))
    below = children(service)
    parent.send_signal(signal.SIGKILL)
    gone(below)


def kill_service(service: Service) -> None:
    below = children(service)
    service.kill()
    gone(below)


def kill_start(service: Service) -> None:
    """Kills a node that has just begun to answer."""
    kill_service(service)
    service.start()
    kill_service(service)


KILL = {"worker": kill_worker, "zygote": kill_zygote, "service": kill_service, "start": kill_start}


def test_nothing_is_lost_by_twenty_kills_at_random_moments(tmp_path: Path, models: Path) -> None:
    seed = int.from_bytes(os.urandom(4))
    print(f"seed {seed}")
    draw = random.Random(seed)  # noqa: S311
    with running(tmp_path / "data", models) as service:
        file = service.upload(jsonl(chats(24)))
        whole = service.job("supervised", "tiny-llama", file, hyperparameters=LONG, seed=9)
        expected = service.wait(whole.id, "succeeded").fine_tuned_model
        broken = service.job("supervised", "tiny-llama", file, hyperparameters=LONG, seed=9)
        queued = [
            service.job("embedder", "tiny-bert", service.upload(jsonl(pairs(40))), hyperparameters=QUICK).id
            for _ in range(2)
        ]
        files = {found.id for found in service.openai.files.list()}
        # Most kills hit the job between two checkpoints; some the node itself, the zygote, or a node that just started.
        kinds = ["worker"] * 14 + ["zygote"] * 2 + ["service"] * 2 + ["start"] * 2
        draw.shuffle(kinds)
        kills, passed = 0, 0
        for kind in kinds:
            if kind == "worker":
                until("progress", lambda passed=passed: goes_on(service, broken.id, passed))
                time.sleep(draw.random() * 0.1)
            elif kind != "start":
                service.wait_ready()
            if service.openai.fine_tuning.jobs.retrieve(broken.id).status == "succeeded":
                # What runs next is short: it would die more often than it gets further.
                break
            KILL[kind](service)
            kills += 1
            passed = furthest(service, broken.id)
            if service.process.poll() is not None:
                service.start()
            assert {found.id for found in service.openai.files.list()} >= files
            assert {job.id for job in service.openai.fine_tuning.jobs.list(limit=100)} == {whole.id, broken.id, *queued}

        assert kills == len(kinds)
        again = service.wait(broken.id, "succeeded").fine_tuned_model
        assert curve_of(service, whole.id) == curve_of(service, broken.id)
        first, second = (load(adapter_of(service, name)["adapter_model.safetensors"]) for name in (expected, again))
        for key in first:
            np.testing.assert_array_equal(first[key], second[key])
        for job in queued:
            service.wait(job, "succeeded")
        leftovers = [path.name for path in (service.data / "files").iterdir() if path.name.endswith(".partial")]
        assert leftovers == []


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_lack_of_memory_halves_the_batch_and_says_so(tmp_path: Path, models: Path) -> None:
    with running(tmp_path / "data", models, "--job-memory", "700") as service:
        rows = [{"text": "the owl lives in the tree " * 60}] * 64
        big = {**QUICK, "batchSize": 256, "maxTokens": 512, "steps": 1, "validateEvery": 0, "heldOut": 0}
        job = service.job("causal", "tiny-llama", service.upload(jsonl(rows)), hyperparameters=big)
        done = service.wait(job.id, "succeeded")
        assert done.batch_halvings >= 1
        assert any("the batch is halved" in event.message for event in service.events(job.id))


def test_a_full_disk_is_said_and_leaves_nothing_half(tmp_path: Path, models: Path) -> None:
    with running(tmp_path / "data", models, "--reserve", str(2**30)) as service:
        answer = service.http.post("/v1/files", files={"file": ("a", b"{}")}, data={"purpose": "fine-tune"})
        assert answer.status_code == 507
        assert answer.json()["error"]["code"] == "disk_full"
        assert list((service.data / "files").iterdir()) == []
