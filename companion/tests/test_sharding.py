"""Weights spread over two workers change nothing of a run but where they lie."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import Any

import pytest

from .service import FOLDER, PATIENCE
from .tiny_models import tiny_llama


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What both workers have to tell after all their runs."""
    folder = tmp_path_factory.mktemp("sharded")
    tiny_llama(folder / "tiny-llama")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tests.sharded_worker"]
    workers = [
        subprocess.Popen([*command, str(rank), str(port), str(folder)], cwd=FOLDER, stderr=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    for worker in workers:
        _, errors = worker.communicate(timeout=PATIENCE)
        assert worker.returncode == 0, errors[-3000:]
    return [json.loads((folder / f"worker-{rank}.json").read_text()) for rank in range(2)]


def test_each_worker_keeps_its_share_of_the_base(worked: list[dict[str, Any]]) -> None:
    for told in worked:
        # A run with whole weights, two with a share, and an estimate of those.
        assert told["kept"] == [1, 0.5, 0.5, 0.5] * 2
        assert told["dpo"]["estimated_steps"] == 6


@pytest.mark.parametrize("method", ["supervised", "dpo"])
def test_it_takes_the_steps_of_a_run_with_whole_weights_also_after_a_pause(
    worked: list[dict[str, Any]], method: str
) -> None:
    told = worked[0][method]
    assert told["stopped"] == "pause"
    assert told["resumed"][-1] == 6
    assert 1 not in told["resumed"]
    assert sorted(told["sharded"]["losses"]) == sorted(told["whole"]["losses"]) == list("123456")
    for kind in ("losses", "scores"):
        assert told["sharded"][kind] == pytest.approx(told["whole"][kind], rel=1e-5)
    assert told["sharded"]["evaluation"]["tuned"] == pytest.approx(told["whole"]["evaluation"]["tuned"], rel=1e-5)


@pytest.mark.parametrize("method", ["supervised", "dpo"])
def test_its_adapter_is_a_whole_peft_folder(worked: list[dict[str, Any]], method: str) -> None:
    # Seven matrices in each of two blocks, all of which have learned something.
    assert worked[0][method]["learned"] == 14
