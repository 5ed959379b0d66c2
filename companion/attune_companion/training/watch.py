"""What happens between steps: progress, validation, early end, checkpoints, and stopping when asked."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from transformers import TrainerCallback

from ..problems import Problem
from .checkpoints import mark_complete
from .contract import JobSpec, Reporter, Score, Task
from .lora import save_weights
from .sharding import is_sharded

STOPS = (None, "pause", "cancel")


class Watch(TrainerCallback):
    """
    One per run. With several workers each has one; the first validates and reports, all stop together. Where weights
    are spread no worker can look at the validation part alone: all do, and the first keeps the score.
    """

    def __init__(self, spec: JobSpec, task: Task, reporter: Reporter, first: bool) -> None:
        self._spec = spec
        self._task = task
        self._reporter = reporter
        self._first = first
        self._judges = first or is_sharded(spec)
        self._scores = Scores(spec.folder)
        self._last: dict[str, float] = {}
        self.stopped: str | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._scores.forget_after(state.global_step)
        if state.global_step == 0 and self._judges:
            self._validate(0)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        if logs is None or "loss" not in logs or not self._first:
            return
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise Problem(
                400, "diverged", f"The loss is {loss} at step {state.global_step}. Lower the learning rate.", None
            )
        self._last = {"train_loss": loss, "learning_rate": float(logs.get("learning_rate", 0))}
        if "grad_norm" in logs:
            self._last["gradient_norm"] = float(logs["grad_norm"])
        self._reporter.metrics(state.global_step, state.max_steps, self._last)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        step, every = state.global_step, self._spec.settings["validateEvery"]
        enough = False
        last = step == state.max_steps
        if self._judges and (last or (every > 0 and step % every == 0)):
            self._validate(step)
            enough = self._scores.waited(self._spec.settings["patience"])
        asked, enough = together(self._reporter.wanted() if self._first else None, enough, args.world_size)
        if asked is not None and not last:
            self.stopped = asked
            control.should_save = asked == "pause"
            control.should_training_stop = True
        elif enough:
            if self._first and not last:
                self._reporter.message(f"Ended at step {step}: the score no longer rises.")
            control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if args.world_size > 1:
            # The mark follows the files of every worker.
            dist.barrier()
        if self._first:
            mark_complete(self._spec.folder / f"checkpoint-{state.global_step}")
            self._reporter.checkpoint(state.global_step, {**self._last, **self._scores.last_figures()})

    def _validate(self, step: int) -> None:
        if self._task.validate is None:
            return
        score = self._task.base_score if step == 0 and self._task.base_score else judged(self._task)
        if not self._first:
            return
        if self._scores.is_best(step, score):
            # Before its score, and whole or not at all: what is said to be best is there.
            partial = self._spec.folder / "best.partial"
            save_weights(self._task.trainer.adapted, partial)
            partial.rename(self._spec.folder / "best.safetensors")
        self._scores.add(step, score)
        self._reporter.metrics(step, self._task.trainer.state.max_steps, {"valid_score": score.value, **score.figures})


def judged(task: Task) -> Score:
    """A look at the validation part that leaves draws and gradients of the training as they were."""
    assert task.validate is not None
    model = task.trainer.model
    was_training = model.training
    with torch.random.fork_rng(), torch.no_grad():
        model.eval()
        score = task.validate()
        model.train(was_training)
    return score


def together(asked: str | None, enough: bool, workers: int) -> tuple[str | None, bool]:
    """What the first worker found out, to all of them: one that stops alone would leave the others waiting."""
    if workers == 1:
        return asked, enough
    device = "cuda" if dist.get_backend() == "nccl" else "cpu"
    flags = torch.tensor([STOPS.index(asked), int(enough)], device=device)
    dist.broadcast(flags, src=0)
    return STOPS[int(flags[0])], bool(flags[1])


class Scores:
    """Validations of a run, kept beside its checkpoints so that a resumed run knows its best."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "scores.json"
        self.all: list[dict[str, Any]] = json.loads(self._path.read_text()) if self._path.exists() else []

    def forget_after(self, step: int) -> None:
        """What came after the checkpoint is done again, and comes out the same."""
        self.all = [score for score in self.all if score["step"] < step or score["step"] == step > 0]

    def is_best(self, step: int, score: Score) -> bool:
        """Of the steps so far; step 0, the untuned model, does not count."""
        return step > 0 and all(score.value > other["value"] for other in self.all if other["step"] > 0)

    def add(self, step: int, score: Score) -> None:
        self.all.append({"step": step, "value": score.value, "figures": score.figures})
        partial = self._path.with_suffix(".partial")
        partial.write_text(json.dumps(self.all))
        partial.rename(self._path)

    def best(self) -> dict[str, Any] | None:
        tuned = [score for score in self.all if score["step"] > 0]
        return max(tuned, key=lambda score: (score["value"], -score["step"])) if tuned else None

    def base(self) -> dict[str, Any] | None:
        return next((score for score in self.all if score["step"] == 0), None)

    def waited(self, patience: int) -> bool:
        """Whether the last `patience` validations brought nothing better."""
        best, tuned = self.best(), [score for score in self.all if score["step"] > 0]
        return patience > 0 and best is not None and len(tuned) - 1 - tuned.index(best) >= patience

    def last_figures(self) -> dict[str, float]:
        return {"valid_score": self.all[-1]["value"]} if self.all else {}
