"""
The driver on the cluster: does what lies in a folder, and writes there what happens. It ends when its order is gone,
which is how a job is called off, also by a service that has forgotten it.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import threading
import time
from pathlib import Path
from typing import Any

from ..problems import Problem
from .failures import is_out_of_memory, place_of

TASK, ORDER, NEWS, RESULT = "task.pickle", "order", "news.jsonl", "result.pickle"
LOOK_EVERY = 1.0


class FileReporter:
    """A `Reporter` by a file that the service reads; what it wants stands in the order."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def message(self, text: str, level: str = "info") -> None:
        self._tell("message", text, level)

    def metrics(self, step: int, total: int, figures: dict[str, float]) -> None:
        self._tell("metrics", step, total, figures)

    def checkpoint(self, step: int, figures: dict[str, float]) -> None:
        self._tell("checkpoint", step, figures)

    def trial(self, number: int, trials: int, value: float, settings: dict[str, Any]) -> None:
        self._tell("trial", number, trials, value, settings)

    def wanted(self) -> str | None:
        path = self._place / ORDER
        return (path.read_text() or None) if path.exists() else "cancel"

    def _tell(self, kind: str, *values: Any) -> None:
        with (self._place / NEWS).open("a") as file:
            file.write(json.dumps([kind, values]) + "\n")
            file.flush()
            os.fsync(file.fileno())


def main() -> None:
    """The folder is the only argument."""
    place = Path(sys.argv[1])
    threading.Thread(target=watch, args=(place,), daemon=True).start()
    # Written by the service into a folder that is its owner's alone.
    work, values = pickle.loads((place / TASK).read_bytes())  # noqa: S301
    result: Any = None
    problem: BaseException | None = None
    try:
        result = work(FileReporter(place), *values)
    except Problem as found:
        problem = found
    except Exception as error:
        problem = told(error)
    if isinstance(problem, Problem) and problem.code == "cluster_lost":
        # Nothing is written: the service sees the end, and hands the job over again.
        raise SystemExit(1)
    partial = place / f"{RESULT}.partial"
    partial.write_bytes(pickle.dumps((result, problem)))
    partial.rename(place / RESULT)


def watch(place: Path) -> None:
    """Ends the driver, and with it its workers, when it is called off."""
    while (place / ORDER).exists():
        time.sleep(LOOK_EVERY)
    os._exit(1)


def told(error: Exception) -> Exception:
    """What the service makes of an error of the run, without its text, which may quote rows."""
    if is_out_of_memory(error):
        return MemoryError()
    return Problem(500, "internal_error", f"The run ended with {type(error).__name__} at {place_of(error)}.")


if __name__ == "__main__":
    main()
