"""SIGKILL at random moments: nothing that was promised is lost, and everything goes on."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import psutil
from safetensors.numpy import load

from .rows import chats, jsonl, pairs
from .service import Service, running, until
from .test_jobs import QUICK, adapter_of, curve_of

LONG = {**QUICK, "steps": 150, "checkpointEvery": 4, "validateEvery": 25, "patience": 0}


def children(service: Service) -> list[psutil.Process]:
    return psutil.Process(service.process.pid).children(recursive=True)


def zygote(service: Service) -> psutil.Process | None:
    """The process below the service that jobs are forked from."""
    found = psutil.Process(service.process.pid).children()
    return found[0] if found else None


def step(service: Service, job: str) -> int:
    return int(service.openai.fine_tuning.jobs.retrieve(job).step)


def is_over(service: Service, job: str) -> bool:
    return service.openai.fine_tuning.jobs.retrieve(job).status == "succeeded"


def kill_worker(service: Service) -> bool:
    """Kills what the zygote has forked: the job's process, and the one that answers."""
    parent = zygote(service)
    killed = parent.children() if parent else []
    for process in killed:
        process.send_signal(signal.SIGKILL)
    return bool(killed)


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
        furthest = 0
        for kind in kinds:
            if kind == "worker":
                # Three deaths without a step beyond the furthest would, rightly, end the job.
                until("progress", lambda far=furthest: step(service, broken.id) > far or is_over(service, broken.id))
                time.sleep(draw.random() * 0.2)
                until("a process to kill", lambda: kill_worker(service) or is_over(service, broken.id))
                furthest = max(furthest, step(service, broken.id))
            elif kind == "zygote":
                parent = until("the zygote", lambda: zygote(service))
                parent.send_signal(signal.SIGKILL)
            else:
                if kind == "service":
                    service.wait_ready()
                below = children(service)
                service.kill()
                until("the end of all below it", lambda below=below: not any(alive(process) for process in below))
                service.start()
            assert {found.id for found in service.openai.files.list()} >= files
            assert {job.id for job in service.openai.fine_tuning.jobs.list(limit=100)} == {whole.id, broken.id, *queued}

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
