"""Estimates while they are measured: one at a time, in a process forked from the zygote, and never beside a job."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ..problems import Problem
from ..settings import Settings
from ..store.database import Database, new_id

RESULT = "estimate.json"
SIGKILLED = -9
ENDING = 10.0
"""Seconds for a process that was killed to be gone."""


class Estimates:
    """Jobs go first: whoever starts one calls `give_way` and waits until nothing is `running`."""

    def __init__(self, settings: Settings, database: Database, send: Callable[[dict[str, Any]], None]) -> None:
        self._folder = settings.data / "estimates"
        # What a kill left behind; nobody waits for it any more.
        shutil.rmtree(self._folder, ignore_errors=True)
        self._database = database
        self._send = send
        self._changed = threading.Condition()
        self._name: str | None = None
        self._answer: Future[dict[str, Any]] = Future()

    @property
    def running(self) -> bool:
        return self._name is not None

    def begin(self, asked: dict[str, Any]) -> Future[dict[str, Any]]:
        """Raises a problem while the node has jobs to do."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self.running, ENDING):
                raise busy("another estimate is being measured")
            row = self._database.one("SELECT COUNT(*) AS n FROM jobs WHERE status IN ('queued', 'running')")
            if row is not None and row["n"] > 0:
                raise busy(f"{row['n']} {'job is' if row['n'] == 1 else 'jobs are'} running or waiting")
            self._name, self._answer = new_id("estimate"), Future()
            folder = self._folder / self._name
            folder.mkdir(parents=True, mode=0o700)
            self._send({"measure": self._name, "folder": str(folder), "asked": asked})
            return self._answer

    def give_way(self) -> None:
        """Ends what is being measured in favour of a job."""
        self.stop(self._answer, busy("a job has begun"))

    def stop(self, answer: Future[dict[str, Any]], problem: Problem) -> None:
        """Ends an estimate that nobody waits for, or that takes too long."""
        with self._changed:
            if self._name is not None and answer is self._answer and not answer.done():
                answer.set_exception(problem)
                self._send({"kill": self._name})

    def ended(self, name: str, code: int | None) -> bool:
        """Takes the news of a process's end; None: it was lost with its parent. Returns whether it was this one."""
        with self._changed:
            if name != self._name:
                return False
            if not self._answer.done():
                try:
                    self._answer.set_result(self._read(name, code))
                except Problem as problem:
                    self._answer.set_exception(problem)
            shutil.rmtree(self._folder / name, ignore_errors=True)
            self._name = None
            self._changed.notify_all()
            return True

    def lost(self) -> None:
        """The process above it is gone."""
        if self._name is not None:
            self.ended(self._name, None)

    def _read(self, name: str, code: int | None) -> dict[str, Any]:
        path = self._folder / name / RESULT
        if not path.exists():
            # The kernel ends what takes the last memory, with this signal.
            if code == SIGKILLED:
                return {"fits": False, "memory_limit": None}
            raise Problem(500, "internal_error", f"The process that measured ended with code {code}.")
        answer: dict[str, Any] = json.loads(path.read_text())
        if "problem" in answer:
            raise Problem(*answer["problem"])
        return answer


def busy(reason: str) -> Problem:
    """409: not now."""
    return Problem(409, "busy", f"The node is busy: {reason}. Ask again when it is free.")
