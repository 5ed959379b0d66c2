"""The official Node client against the same node."""

from __future__ import annotations

import subprocess

from .rows import chats, jsonl
from .service import FOLDER, Service


def test_the_official_node_client_goes_through_a_whole_job(service: Service) -> None:
    script = FOLDER / "tests/node/official-client.mjs"
    command = ["node", str(script), f"{service.url}/v1", service.token, jsonl(chats(12))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr[-2000:]
