"""The built app in Chromium against this node: from pairing to a ranking and an answer that changed."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

import pytest

from .service import FOLDER, Service, running

ROOT = FOLDER.parent


@pytest.mark.parametrize("what", ["Search model", "Answer model"])
def test_a_model_tuned_here_serves_in_the_tab(what: str, tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path / "data", ROOT / "public/models", "--origin", f"http://localhost:{port}") as node:
        node.wait_ready()
        found = walk(node, port, what)
    assert found["before"] != found["after"]


def walk(node: Service, port: int, what: str) -> dict[str, object]:
    """The script prints what changed as its last line."""
    script = FOLDER / "tests/node/app-in-chromium.ts"
    tsx = ROOT / "node_modules/tsx/dist/cli.mjs"
    command = ["node", str(tsx), str(script), node.url, node.token, str(port), what]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1500, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:] + node.tail()
    found: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def free_port() -> int:
    """A port for the app's page, which the node has to know before the page is there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
