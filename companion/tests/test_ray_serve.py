"""Answers by replicas on a Ray cluster that runs already, as an owner starts one."""

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

import numpy as np
import openai
import psutil
import pytest

from .rows import jsonl, pairs
from .service import Service, running, until
from .test_jobs import QUICK
from .test_serving import ASK, say


@contextmanager
def cluster() -> Iterator[tuple[str, psutil.Process]]:
    """A head of its own, which ends with the block. Its address, and the process that all others hang below."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).parent / "ray"), "start", "--head", "--block", f"--port={port}"]
    command += ["--node-ip-address=127.0.0.1", "--num-cpus=6", "--include-dashboard=false", "--disable-usage-stats"]
    environment = {**os.environ, "RAY_worker_niceness": "0"}
    head = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        yield f"127.0.0.1:{port}", psutil.Process(head.pid)
    finally:
        head.send_signal(signal.SIGTERM)
        head.wait(timeout=60)


def replicas(head: psutil.Process) -> list[psutil.Process]:
    """Processes that answer, by the title that Ray gives them."""
    found = []
    for process in head.children(recursive=True):
        try:
            title = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if title.startswith("ray::ServeReplica"):
            found.append(process)
    return found


def embedded(service: Service, model: str = "tiny-bert") -> list[float] | None:
    """None until there is somebody to answer."""
    try:
        return service.openai.embeddings.create(model=model, input="where does the owl live").data[0].embedding
    except openai.InternalServerError:
        return None


def test_the_cluster_answers_and_may_lose_a_replica(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a network, where whoever reaches a cluster without a token runs what they like.
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    with cluster() as (address, head):
        flags = ("--ray", address, "--ray-replicas", "2")
        with running(tmp_path / "data", models, *flags) as service:
            before = until("an answer", lambda: embedded(service))
            assert np.linalg.norm(before) == pytest.approx(1, abs=1e-5)
            assert len(replicas(head)) == 2
            text = say(service, "tiny-llama")
            stream = service.openai.chat.completions.create(
                model="tiny-llama", messages=ASK, temperature=0, max_tokens=12, stream=True
            )
            assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices) == text
            with pytest.raises(openai.NotFoundError):
                embedded(service, "none")

            replicas(head)[0].send_signal(signal.SIGKILL)
            assert all(embedded(service) == before for _ in range(6))

            job = service.job("embedder", "tiny-bert", service.upload(jsonl(pairs(40))), hyperparameters=QUICK)
            tuned = service.wait(job.id, "succeeded").fine_tuned_model
            assert np.abs(np.subtract(embedded(service, tuned), before)).max() > 1e-4
        # Ray would let them go on after the service.
        until("their end", lambda: not replicas(head))
