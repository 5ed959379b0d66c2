"""
Keeps jobs going: one at a time, the oldest first, in a process forked from the zygote.

Everything that matters is a row. A job whose process died is put back in the queue and goes on from its last
checkpoint; so is one that ran when the service itself was killed.
"""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import threading
import time
from typing import Any

from ..settings import Settings
from ..store.database import Database, Row
from ..store.jobs import add_event, fail, find_job, forget_old_failures, remove_work, stopped
from ..watching import metrics
from .estimates import Estimates

log = logging.getLogger(__name__)
GRACE = 15.0
"""Seconds that a job has to stop by itself after its step, before its process is ended for a cancel."""
TAKE_DOWN = 120.0
"""Seconds for the cluster to end what it answers with."""
WEIGHT = 10
"""Restarts of the node that a death of the job's own process counts for: most restarts are nobody's fault."""
SERVED_WELL = 60.0
"""Seconds after which the process that answers is started again at once; one that ends sooner has to wait."""


class Supervisor:
    """Runs in a thread of the service. `notify` after a change of rows that it should look at."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._changed = threading.Condition()
        self._closing = False
        self._zygote: subprocess.Popen[bytes] | None = None
        self._running: str | None = None
        self._asked_at: float | None = None
        self._serving_path = settings.state / "serving.sock"
        self._serving_since = 0.0
        self._serve_at: float | None = None
        self._serve_wait = 0.0
        self.serving_code: int | None = None
        self.estimates = Estimates(settings, database, self._send)
        self.hardware: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._work, name="supervisor", daemon=True)

    @property
    def socket(self) -> str:
        """Where the process that answers with models listens."""
        return str(self._serving_path)

    @property
    def ready(self) -> bool:
        """Whether jobs and answers can begin at once."""
        return bool(self.hardware)

    def start(self) -> None:
        """Puts back what a kill interrupted, then works."""
        for job in self._database.all("SELECT * FROM jobs WHERE status = 'running'"):
            self._put_back(job, "The node was restarted")
        self._thread.start()

    def close(self) -> None:
        """Ends the zygote and with it everything below it; a running job goes on at the next start."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._zygote is not None:
            self._zygote.kill()
        self._thread.join(timeout=10)
        if self._settings.ray_replicas > 0:
            # Ray Serve keeps what it runs when its starter is gone. After a kill the next start takes it over.
            command = [sys.executable, "-m", "attune_companion.serving.cluster", self._settings.to_json()]
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run(command, check=False, timeout=TAKE_DOWN)

    def notify(self) -> None:
        """Something in the database has changed."""
        with self._changed:
            self._changed.notify_all()

    def _work(self) -> None:
        while not self._closing:
            try:
                if self._zygote is None or self._zygote.poll() is not None:
                    self._start_zygote()
                self.serve_if_due()
                self._look()
            except Exception as error:
                log.error("supervisor", extra={"error": type(error).__name__})
            with self._changed:
                if not self._closing:
                    self._changed.wait(timeout=0.5)

    def _start_zygote(self) -> None:
        if self._running is not None:
            job, self._running = find_job(self._database, self._running), None
            if job["status"] == "running":
                self._put_back(job, "The node's workshop was restarted")
        self.estimates.lost()
        self.hardware, self._serve_at = {}, None
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "attune_companion.jobs.zygote", self._settings.to_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        threading.Thread(target=self._listen, args=(self._zygote,), name="zygote news", daemon=True).start()

    def _listen(self, zygote: subprocess.Popen[bytes]) -> None:
        assert zygote.stdout is not None
        for line in zygote.stdout:
            try:
                self._take(json.loads(line))
            except Exception as error:
                # Whoever reads the news outlives a full disk: `_look` finds a job whose end could not be written.
                log.error("zygote news", extra={"error": type(error).__name__})
            self.notify()
        self.notify()

    def _take(self, news: dict[str, Any]) -> None:
        if "ready" in news:
            self.hardware = news["ready"]
            self._serve_wait, self.serving_code = 0.0, None
            self._serve()
        elif news["ended"] == "serving":
            self._serve_again(news["code"])
        elif self.estimates.ended(news["ended"], news["code"]):
            log.info("estimate ended", extra={"code": news["code"]})
        elif not self._closing:
            self._ended(news["ended"], news["code"])

    def serve_if_due(self) -> None:
        """Starts the process that answers again when it has waited."""
        if self._serve_at is not None and time.monotonic() >= self._serve_at:
            self._serve()

    def _serve(self) -> None:
        self._serving_since, self._serve_at = time.monotonic(), None
        self._send({"serve": self.socket})

    def _serve_again(self, code: int) -> None:
        """What ends it as soon as it starts would take a core for itself: it waits twice as long each time."""
        now = time.monotonic()
        well = now - self._serving_since >= SERVED_WELL
        self._serve_wait = 0.0 if well else min(SERVED_WELL, max(1.0, 2 * self._serve_wait))
        log.warning("serving ended", extra={"code": code, "again_in": self._serve_wait})
        self.serving_code, self._serve_at = code, now + self._serve_wait

    def _send(self, command: dict[str, Any]) -> None:
        zygote = self._zygote
        if zygote is None or zygote.stdin is None:
            return
        try:
            zygote.stdin.write((json.dumps(command) + "\n").encode())
            zygote.stdin.flush()
        except OSError:
            log.warning("zygote is gone")

    def _look(self) -> None:
        """Starts the next job, or ends one that does not stop."""
        if self._running is not None:
            self._watch(find_job(self._database, self._running))
            return
        if not self.hardware:
            return
        for lost in self._database.all("SELECT * FROM jobs WHERE status = 'running'"):
            # None is: the end of its process could not be written down.
            self._record_end(lost, None)
        if self.estimates.running:
            if self._database.one("SELECT 1 FROM jobs WHERE status = 'queued'") is not None:
                self.estimates.give_way()
            return
        with self._database.transaction():
            job = self._database.one("SELECT * FROM jobs WHERE status = 'queued' ORDER BY created_at LIMIT 1")
            if job is None:
                return
            self._database.execute(
                "UPDATE jobs SET status = 'running', started_at = COALESCE(started_at, ?) WHERE id = ?",
                *(time.time(), job["id"]),
            )
        self._running, self._asked_at = job["id"], None
        log.info("job starts", extra={"job": job["id"], "method": job["method"]})
        self._send({"run": job["id"]})

    def _watch(self, job: Row) -> None:
        """Models that load or steps that take minutes do not hold a cancel up."""
        if job["wanted"] != "cancel" or job["status"] != "running":
            return
        now = time.monotonic()
        self._asked_at = self._asked_at or now
        if now - self._asked_at > GRACE:
            self._send({"kill": job["id"]})

    def _ended(self, job_id: str, code: int) -> None:
        """After a job's process: rows say how it ended, unless it could not write any more."""
        try:
            job = self._database.one("SELECT * FROM jobs WHERE id = ?", job_id)
            if job is not None:
                self._record_end(job, code)
        finally:
            # After its row: a job that goes back into the queue is not overtaken by the one behind it.
            self._running = None

    def _record_end(self, job: Row, code: int | None) -> None:
        log.info("job process ended", extra={"job": job["id"], "code": code, "status": job["status"]})
        if job["status"] == "running":
            if job["wanted"] is not None:
                self._stopped(job)
            else:
                metrics.WORKER_DEATHS.inc()
                self._put_back(job, "The job's process was killed")
        else:
            metrics.JOBS_ENDED.labels(job["status"]).inc()
        forget_old_failures(self._settings, self._database)

    def _put_back(self, job: Row, reason: str) -> None:
        """
        Counts ends without progress, so that a job that kills its process, or the node with it, does not do so for
        ever. The count is in restarts, of which a death is `WEIGHT`.
        """
        before = 0 if job["step"] > job["death_step"] else job["deaths"]
        deaths = before + (1 if reason.startswith("The node") else WEIGHT)
        most = WEIGHT * self._settings.attempts
        if deaths >= most:
            message = "The job's process was ended again and again without getting further: memory may be too small."
            fail(self._database, job["id"], "worker_died", message)
            return
        last_try = before < most - WEIGHT <= deaths
        halvings = job["batch_halvings"] + int(last_try)
        with self._database.transaction():
            self._database.execute(
                "UPDATE jobs SET status = 'queued', deaths = ?, death_step = ?, batch_halvings = ? WHERE id = ?",
                *(deaths, max(job["step"], job["death_step"]), halvings, job["id"]),
            )
            more = " with half the batch" if halvings > job["batch_halvings"] else ""
            add_event(self._database, job["id"], f"{reason}; it goes on from its last checkpoint{more}.", level="warn")
        if job["wanted"] is not None:
            self._stopped(job)

    def _stopped(self, job: Row) -> None:
        """As it was asked to, by its end."""
        with self._database.transaction():
            stopped(self._database, job["id"], job["wanted"])
        if job["wanted"] == "cancel":
            remove_work(self._settings, job["id"])
