"""How a job's folder is laid out. Imports no library, so that the service can look without loading them."""

from __future__ import annotations

from pathlib import Path

COMPLETE = "complete"
"""Name of the mark of a checkpoint whose files are all written."""


def step_of(folder: Path) -> int:
    """`checkpoint-12` -> 12."""
    return int(folder.name.rsplit("-", 1)[-1])


def checkpoints(folder: Path) -> list[Path]:
    """Whole checkpoints below a job's folder, oldest first."""
    found = [path for path in folder.glob("checkpoint-*") if (path / COMPLETE).exists()]
    return sorted(found, key=step_of)


def checkpoint_folder(folder: Path, step: int) -> Path | None:
    """The whole checkpoint of a step, where it is still kept."""
    return next((path for path in checkpoints(folder) if step_of(path) == step), None)
