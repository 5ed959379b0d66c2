"""A cluster that asks for a token which the node was not given."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from attune_companion.jobs.ray_engine import TOKEN_WANTED, connect
from attune_companion.problems import Problem
from attune_companion.settings import Settings

from .service import until


@pytest.fixture
def address() -> Iterator[str]:
    """Of a cluster as an owner starts one, who has a token."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).parent / "ray"), "start", "--head", "--block", f"--port={port}"]
    command += ["--node-ip-address=127.0.0.1", "--num-cpus=1", "--include-dashboard=false", "--disable-usage-stats"]
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    head = subprocess.Popen(command, env={**os.environ, **token}, stdout=subprocess.DEVNULL)

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        until("the cluster", listens)
        yield f"127.0.0.1:{port}"
    finally:
        for process in (*psutil.Process(head.pid).children(recursive=True), head):
            process.kill()
        head.wait()


def test_a_cluster_that_asks_for_a_token_is_named_with_the_way_out(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Problem) as raised:
        connect(Settings(tmp_path, (), ray=address))
    assert (raised.value.code, raised.value.message) == ("cluster_token", TOKEN_WANTED)
