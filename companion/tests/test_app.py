"""The built app in Chromium against this node: from pairing to a ranking and an answer that changed."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .service import FOLDER, Service, running, until
from .test_ray import train_workers

ROOT = FOLDER.parent
STEPS = 24
"""Long enough to lose a worker in the middle."""


@pytest.mark.parametrize("what", ["Search model", "Answer model"])
def test_a_model_tuned_here_serves_in_the_tab(what: str, tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path / "data", ROOT / "public/models", "--origin", f"http://localhost:{port}") as node:
        node.wait_ready()
        found = walk(node, port, what)
    assert found["before"] != found["after"]


def test_the_same_on_two_ray_workers_of_which_one_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Another cluster that this machine knows of is not the one that is asked for.
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    port = free_port()
    flags = ("--origin", f"http://localhost:{port}", "--ray", "local", "--ray-workers", "2")
    with running(tmp_path / "data", ROOT / "public/models", *flags) as node, ThreadPoolExecutor() as beside:
        node.wait_ready()
        killed = beside.submit(kill_a_worker, node)
        found = walk(node, port, "Search model", str(STEPS))
        job = killed.result(timeout=1)
        starts = [event.message for event in node.events(job) if event.message.startswith("Training begins")]
    assert found["before"] != found["after"]
    assert len(starts) == 2
    assert "from step" in starts[1]


def kill_a_worker(node: Service) -> str:
    """The first job with a checkpoint loses one of its workers. Gives its id."""
    jobs = node.openai.fine_tuning.jobs

    def saved() -> str | None:
        return next((job.id for job in jobs.list().data if jobs.checkpoints.list(job.id).data), None)

    job = until("a checkpoint", saved, 900)
    train_workers(node)[-1].send_signal(signal.SIGKILL)
    return job


def walk(node: Service, port: int, what: str, *more: str) -> dict[str, object]:
    """The script prints what changed as its last line."""
    script = FOLDER / "tests/node/app-in-chromium.ts"
    tsx = ROOT / "node_modules/tsx/dist/cli.mjs"
    command = ["node", str(tsx), str(script), node.url, node.token, str(port), what, *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1500, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:] + node.tail()
    found: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def free_port() -> int:
    """A port for the app's page, which the node has to know before the page is there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
