"""The real service in a process of its own, as an owner starts it, and the means to wait for what it does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import httpx
import openai

PATIENCE = float(os.environ.get("ATTUNE_PATIENCE", "600"))
"""Seconds after which something that has not happened counts as lost; nothing waits for them when all is well."""
T = TypeVar("T")
FOLDER = Path(__file__).parent.parent
ORIGIN = "http://localhost:4173"


def until(what: str, look: Callable[[], T | None], seconds: float = PATIENCE) -> T:
    """Looks again and again until there is something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds:.0f} s")


class Service:
    """A running node."""

    def __init__(self, data: Path, models: Path, *flags: str, port: int = 0) -> None:
        self.data, self.models, self.flags, self.port = data, models, flags, port
        self.log = data.parent / f"{data.name}.log"
        self.process: subprocess.Popen[bytes]
        self.start()

    def start(self) -> None:
        """Returns when it answers. A restarted one takes its old port."""
        command = [sys.executable, "-m", "attune_companion", "--data", str(self.data), "--models", str(self.models)]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(FOLDER)}
        offset = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), *self.flags],
                stdout=log,
                stderr=log,
                env=environment,
                cwd=FOLDER,
                start_new_session=True,
            )

        def announced() -> re.Match[str] | None:
            with self.log.open() as file:
                file.seek(offset)
                text = file.read()
            assert self.process.poll() is None, text[-3000:]
            return re.search(r" at (https?)://\S+:(\d+)\nToken: (\S+)\n", text)

        found = until("the announcement", announced)
        self.scheme, self.port, self.token = found[1], int(found[2]), found[3]
        until("the first answer", self.answers)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/live", verify=False).status_code == 200
        except httpx.HTTPError:
            return False

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @cached_property
    def openai(self) -> openai.OpenAI:
        """The official client, as it comes. Port and token outlive a restart."""
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=self.token, max_retries=0)

    @property
    def http(self) -> httpx.Client:
        """For what the official client does not know."""
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def wait_ready(self) -> None:
        """Until jobs begin at once."""
        until("readiness", lambda: httpx.get(f"{self.url}/health/ready").status_code == 200)

    def upload(self, text: str | bytes, name: str = "rows.jsonl", purpose: str = "fine-tune") -> str:
        content = text.encode() if isinstance(text, str) else text
        return self.openai.files.create(file=(name, content), purpose=purpose).id  # type: ignore[arg-type]

    def job(self, method: str, model: str, file: str, **more: Any) -> Any:
        """Creates a job by the official client."""
        options = {"hyperparameters": more.pop("hyperparameters", {}), **more.pop("options", {})}
        kind: Any = {"type": method, method: options}
        return self.openai.fine_tuning.jobs.create(model=model, training_file=file, method=kind, **more)

    def wait(self, job_id: str, *states: str) -> Any:
        """Until a job is in one of the states; any other end is a failure that says why."""

        def look() -> Any:
            job = self.openai.fine_tuning.jobs.retrieve(job_id)
            if job.status in states:
                return job
            assert job.status not in ("failed", "cancelled"), f"{job.status}: {job.error}\n{self.tail()}"
            return None

        return until(f"{job_id} to be {' or '.join(states)}", look)

    def tail(self) -> str:
        return self.log.read_text()[-3000:]

    def events(self, job_id: str) -> list[Any]:
        """All of them, oldest first."""
        return list(self.openai.fine_tuning.jobs.list_events(job_id, limit=1000))[::-1]

    def kill(self) -> None:
        """As the kernel would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def running(data: Path, models: Path, *flags: str) -> Iterator[Service]:
    """A node for a block."""
    service = Service(data, models, *flags)
    try:
        yield service
    finally:
        service.stop()
