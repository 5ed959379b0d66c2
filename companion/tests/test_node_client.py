"""The official Node client against the same node."""

from __future__ import annotations

import json
import subprocess

from .rows import chats, jsonl, pairs
from .service import FOLDER, Service


def test_the_official_node_client_goes_through_a_whole_job(service: Service) -> None:
    script = FOLDER / "tests/node/official-client.mjs"
    command = ["node", str(script), f"{service.url}/v1", service.token, jsonl(chats(12))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_apps_own_client_goes_through_a_whole_job(service: Service) -> None:
    service.wait_ready()
    rows = [
        {**row, "headings": [], "negatives": [], "documentKey": row["document"], "ordinal": i}
        for i, row in enumerate(pairs(24))
    ]
    script = FOLDER / "tests/node/app-client.ts"
    tsx = FOLDER.parent / "node_modules/tsx/dist/cli.mjs"
    command = ["node", str(tsx), str(script), service.url, service.token, json.dumps(rows), str(service.models)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr[-2000:]
