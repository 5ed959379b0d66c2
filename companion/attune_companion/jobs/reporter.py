"""What a run tells, into the database that the service answers from."""

from __future__ import annotations

import json
import time
from typing import Any

from ..store.database import Database
from ..store.jobs import add_event


class DatabaseReporter:
    """For one job, from the process that trains it or watches over its cluster."""

    def __init__(self, database: Database, job: str) -> None:
        self._database = database
        self._job = job
        self._began: tuple[float, int] | None = None

    def message(self, text: str, level: str = "info") -> None:
        add_event(self._database, self._job, text, level=level)

    def metrics(self, step: int, total: int, figures: dict[str, float]) -> None:
        now = time.time()
        if self._began is None or step < self._began[1]:
            self._began = (now, step)
        since, first = self._began
        finish = now + (total - step) * (now - since) / (step - first) if step > first else None
        data: dict[str, Any] = {"step": step, "total_steps": total, "seconds": round(now - since, 3), **figures}
        words = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
        with self._database.transaction():
            self._database.execute(
                "UPDATE jobs SET step = ?, total_steps = ?, estimated_finish = ? WHERE id = ?",
                *(step, total, finish, self._job),
            )
            # After a crash some steps are done again: their figures replace those from before.
            self._database.execute(
                "DELETE FROM events WHERE job = ?1 AND json_extract(data, '$.step') = ?2"
                " AND json_extract(data, '$.' || ?3) IS NOT NULL",
                *(self._job, step, "train_loss" if "train_loss" in figures else "valid_score"),
            )
            add_event(self._database, self._job, f"Step {step} of {total}: {words}", data)

    def checkpoint(self, step: int, figures: dict[str, float]) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO checkpoints (job, step, metrics, created_at) VALUES (?, ?, ?, ?)",
            *(self._job, step, json.dumps(figures), time.time()),
        )

    def trial(self, number: int, trials: int, value: float, settings: dict[str, Any]) -> None:
        """A finished trial of a search, which is progress: deaths before it do not count against the next."""
        words = ", ".join(f"{name} {setting}" for name, setting in settings.items())
        data = {"trial": number, "trials": trials, "value": value, "settings": settings}
        self._database.execute("UPDATE jobs SET deaths = 0 WHERE id = ?", self._job)
        add_event(self._database, self._job, f"Trial {number} of {trials} scored {value:.4g} with {words}.", data)

    def wanted(self) -> str | None:
        row = self._database.one("SELECT wanted FROM jobs WHERE id = ?", self._job)
        return row["wanted"] if row is not None else "cancel"
