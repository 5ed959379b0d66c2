"""One run of a job, from its last checkpoint to its adapter. The same code in a local process and in a Ray worker."""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path
from typing import Any

import torch.distributed as dist
from sentence_transformers.base.model_card import BaseModelCardCallback
from transformers import set_seed
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from .checkpoints import last_checkpoint
from .contract import JobSpec, Outcome, Reporter, Task
from .folders import step_of
from .lora import load_weights, save_adapter
from .provenance import CARD, card
from .sharding import is_sharded
from .watch import Scores, Watch, judged

MODULES = {"supervised": "generator", "causal": "generator", "dpo": "preference"}


def prepare(spec: JobSpec) -> Task:
    """Loads model and data of a method."""
    # Everything that is drawn, the adapter's first matrices included, comes of the seed.
    set_seed(spec.seed)
    return importlib.import_module(f".{MODULES.get(spec.method, spec.method)}", __package__).prepare(spec)


def run(spec: JobSpec, reporter: Reporter) -> Outcome:
    """
    Trains until the end, a pause or a cancel. Raises a problem for what the owner can mend; errors of the system and
    of the libraries pass through.
    """
    first = not dist.is_initialized() or dist.get_rank() == 0
    resume = start_folder(spec, first)
    task = prepare(spec)
    trainer = bare(task)
    watch = Watch(spec, task, reporter, first)
    trainer.add_callback(watch)
    if first:
        start = f"from step {step_of(resume)}" if resume else "from the beginning"
        counts = f"{len(spec.parts.train)} rows to learn from, {len(spec.parts.validation)} to judge with"
        reporter.message(f"Training begins {start}: {counts}.")
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    if watch.stopped is not None:
        return Outcome(watch.stopped)
    if not first and not is_sharded(spec):
        return Outcome(None)
    if is_sharded(spec):
        # The best state and its scores, which the first worker wrote, are read by all.
        dist.barrier()
    scores = Scores(spec.folder)
    best = scores.best()
    if best is not None:
        load_weights(trainer.adapted, spec.folder / "best.safetensors")
    evaluation = evaluate(task, scores, best)
    if not first:
        return Outcome(None)
    step = best["step"] if best else trainer.state.global_step
    adapter = save_result(spec, task, evaluation, step)
    return Outcome(None, adapter, evaluation, int(trainer.state.num_input_tokens_seen or 0))


def bare(task: Task) -> Any:
    """The trainer without callbacks that print, or compute examples for a card that nobody reads."""
    for unwanted in (PrinterCallback, ProgressCallback, BaseModelCardCallback):
        task.trainer.remove_callback(unwanted)
    return task.trainer


def start_folder(spec: JobSpec, first: bool) -> Path | None:
    """The checkpoint to go on from. The first worker alone tidies up; the others wait for it."""
    if first:
        spec.folder.mkdir(parents=True, exist_ok=True)
        found = last_checkpoint(spec.folder)
        if found is None:
            (spec.folder / "scores.json").unlink(missing_ok=True)
    if dist.is_initialized():
        dist.barrier()
        if not first:
            found = last_checkpoint(spec.folder)
            dist.barrier()
        else:
            dist.barrier()
    return found


def save_result(spec: JobSpec, task: Task, evaluation: dict[str, Any] | None, step: int) -> Path:
    """The state as a PEFT folder with its card, complete or not there at all."""
    partial, folder = spec.folder / "adapter.partial", spec.folder / "adapter"
    for leftover in (partial, folder):
        shutil.rmtree(leftover, ignore_errors=True)
    save_adapter(task.trainer.adapted, partial)
    (partial / CARD).write_text(json.dumps(card(spec, task.card, evaluation, step), indent=2) + "\n")
    partial.rename(folder)
    return folder


def evaluate(task: Task, scores: Scores, best: dict[str, Any] | None) -> dict[str, Any] | None:
    """Base and tuned on the same held-out questions; the tuned one is measured again on what was saved."""
    base = scores.base()
    if task.validate is None or best is None or base is None:
        return None
    again = judged(task)
    return {
        "score": task.score_name,
        "base": base["value"],
        "tuned": again.value,
        "baseFigures": base["figures"],
        "tunedFigures": again.figures,
        "step": best["step"],
    }
