"""
Work whose driver runs on the cluster (Ray Jobs): the service may be on a machine outside it, and may be killed while a
job runs on. The two talk by files in the job's folder, on the storage that all machines see; the rows stay with the
service, which takes the work up again by its ticket.
"""

from __future__ import annotations

import json
import pickle
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ray.job_submission import JobSubmissionClient

from ..problems import Problem
from ..settings import Settings
from ..training.contract import Outcome
from .desk import pass_on
from .ray_engine import LOOK_EVERY, TOKEN_WANTED, WAITS, environment
from .submitted import NEWS, ORDER, RESULT, TASK

TICKET = "ticket.json"
VISIBLE = 30.0
"""Seconds that a file of another machine may take to be seen here."""


def on_cluster(settings: Settings, folder: Path, reporter: Any, work: Callable[..., Any], *values: Any) -> Any:
    """
    What `work(reporter, settings, *values)` comes to on a machine of the cluster, with a job's folder to talk in; an
    `Outcome` where it was stopped before it had begun.

    Raises what the work raises, or 503 `cluster_lost`.
    """
    return Submission(settings, folder, reporter).result(work, replace(settings, ray="auto"), *values)


class Nobody:
    """A reporter of what has no curve and is stopped by the end of its folder."""

    def message(self, text: str, level: str = "info") -> None: ...

    def wanted(self) -> str | None:
        return None


class Submission:
    """One piece of work in a folder: handed over once, and followed by as many processes as it takes."""

    def __init__(self, settings: Settings, folder: Path, reporter: Any) -> None:
        self._settings = settings
        self._place = folder / "cluster"
        self._reporter = reporter
        self._client: Any = None
        self._told = False
        self._next_look = 0.0
        self._wait = WAITS[0]

    def result(self, work: Callable[..., Any], *values: Any) -> Any:
        """What it came to; an `Outcome` where it was stopped before it had begun."""
        cancelled = False
        ended_at: float | None = None
        handed_over = self._was_handed_over()
        while True:
            status = self._status()
            if not handed_over and status != "away":
                self._hand_over(work, *values)
                handed_over, status = True, "RUNNING"
            self._pass_on()
            if (self._place / RESULT).exists():
                return self._take()
            if status in ("none", "SUCCEEDED", "FAILED", "STOPPED"):
                if cancelled:
                    return Outcome("cancel")
                ended_at = ended_at or time.monotonic()
                if status != "SUCCEEDED" or time.monotonic() - ended_at > VISIBLE:
                    # Whoever comes next hands it over anew.
                    shutil.rmtree(self._place)
                    raise Problem(503, "cluster_lost", "The job's driver on the Ray cluster was lost.")
            wanted = self._reporter.wanted()
            if wanted is not None and not handed_over:
                return Outcome(wanted)
            if wanted == "cancel":
                # Without its order the driver ends.
                (self._place / ORDER).unlink(missing_ok=True)
                cancelled = True
            elif wanted == "pause":
                (self._place / ORDER).write_text("pause")
            time.sleep(LOOK_EVERY)

    def _was_handed_over(self) -> bool:
        """By this process or one before it: the ticket is the last that is written."""
        return (self._place / TICKET).exists()

    def _hand_over(self, work: Callable[..., Any], *values: Any) -> None:
        shutil.rmtree(self._place, ignore_errors=True)
        self._place.mkdir(parents=True)
        (self._place / TASK).write_bytes(pickle.dumps((work, values)))
        (self._place / ORDER).touch()
        name = f"{self._place.parent.name}-{secrets.token_hex(4)}"
        self._keep({"id": name, "passed_on": 0})
        # The same packages are at the same place on every machine: deploy/ray-cluster.yaml.
        entry = f"{sys.executable} -m attune_companion.jobs.submitted {self._place}"
        given = environment()
        # The driver names its own when it connects, which Ray would take for a contradiction.
        given["env_vars"]["RAY_OVERRIDE_JOB_RUNTIME_ENV"] = "1"
        try:
            self._client.submit_job(entrypoint=entry, submission_id=name, runtime_env=given)
        except Exception as error:
            # It may have been taken all the same: whoever comes next asks for it by its ticket.
            text = "The Ray cluster went away as the job was handed over."
            raise Problem(503, "cluster_lost", text) from error

    def _status(self) -> str:
        """As Ray has it; 'none' where Ray does not know it, 'away' where Ray cannot be asked, 'asked' between looks."""
        now = time.monotonic()
        if now < self._next_look:
            return "away" if self._told else "asked"
        try:
            self._client = self._client or JobSubmissionClient(self._settings.ray)
            self._next_look, self._wait, self._told = now + 1, WAITS[0], False
            if not self._was_handed_over():
                return "none"
            return str(self._client.get_job_status(self._ticket()["id"]).value)
        except Exception as error:
            if isinstance(error, RuntimeError) and "404" in str(error):
                return "none"
            if "Authentication" in f"{type(error).__name__} {error}":
                raise Problem(503, "cluster_token", TOKEN_WANTED) from None
            if not self._told:
                text = "The Ray cluster cannot be reached. The job waits until it is back."
                self._reporter.message(text, "warn")
            self._told, self._next_look = True, now + self._wait
            self._wait = min(2 * self._wait, WAITS[1])
            return "away"

    def _pass_on(self) -> None:
        """What the driver has told since; a line that is half written waits."""
        path = self._place / NEWS
        if not path.exists():
            return
        ticket = self._ticket()
        with path.open("rb") as file:
            file.seek(ticket["passed_on"])
            whole, end, _ = file.read().rpartition(b"\n")
        if end:
            pass_on([(kind, tuple(values)) for kind, values in map(json.loads, whole.splitlines())], self._reporter)
            self._keep({**ticket, "passed_on": ticket["passed_on"] + len(whole) + 1})

    def _take(self) -> Any:
        result, problem = pickle.loads((self._place / RESULT).read_bytes())  # noqa: S301
        self._pass_on()
        shutil.rmtree(self._place)
        if problem is not None:
            raise problem
        return result

    def _ticket(self) -> dict[str, Any]:
        ticket: dict[str, Any] = json.loads((self._place / TICKET).read_text())
        return ticket

    def _keep(self, ticket: dict[str, Any]) -> None:
        partial = self._place / f"{TICKET}.partial"
        partial.write_text(json.dumps(ticket))
        partial.replace(self._place / TICKET)
