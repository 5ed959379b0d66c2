"""What a job is to the code that trains, and what that code tells about its progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..data.rows import Parts


@dataclass(frozen=True)
class JobSpec:
    """Everything that a run depends on; equal specifications give equal adapters on one machine."""

    id: str
    method: str
    base: str
    base_sha256: str
    model: Path
    """Folder that Transformers loads."""
    folder: Path
    """The job's own: checkpoints, best adapter, result."""
    settings: dict[str, Any]
    seed: int
    parts: Parts
    data_hash: str
    batch_halvings: int = 0
    workers: int = 1
    sharded: bool = False
    """Each worker holds a share of a decoder's weights, not all: see `sharding.py`."""
    role: str = "generator"
    untuned: Any = None
    """What `ask_untuned` of the method has found, where a cluster was asked before the run."""


class Reporter(Protocol):
    """Where a run tells what happens. Only the first of several workers reports."""

    def message(self, text: str, level: str = "info") -> None: ...

    def metrics(self, step: int, total: int, figures: dict[str, float]) -> None: ...

    def checkpoint(self, step: int, figures: dict[str, float]) -> None: ...

    def wanted(self) -> str | None:
        """'cancel' or 'pause' when the owner asked for it."""
        ...


@dataclass(frozen=True)
class Score:
    """A look at the validation part; more is better."""

    value: float
    figures: dict[str, float] = field(default_factory=dict)


@dataclass
class Task:
    """A method made ready: the trainer, and how its model is judged."""

    trainer: Any
    """A `transformers.Trainer` with `AdapterCheckpoints`."""
    score_name: str
    validate: Callable[[], Score] | None
    """None where nothing was held out."""
    base_score: Score | None = None
    """What stands for the untuned model where its own score would not be a fair one."""
    card: dict[str, Any] = field(default_factory=dict)
    """What has to travel with the adapter, such as its prompt form."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `stopped`: 'cancel' or 'pause', then there is no adapter yet."""

    stopped: str | None
    adapter: Path | None = None
    evaluation: dict[str, Any] | None = None
    trained_tokens: int = 0
