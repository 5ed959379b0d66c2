"""
What a job would take, before it exists: a step over the longest texts says how much memory, ordinary ones how much
time. It is the job's own code that runs, on rows of nobody.
"""

from __future__ import annotations

import dataclasses
import gc
import math
import resource
import time
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import psutil
import torch
from transformers import TrainerCallback

from ..data.rows import Parts
from ..data.stand_ins import longest, stand_ins
from ..serving.load import device_name
from .contract import JobSpec
from .run import bare, prepare
from .sharding import is_sharded

STEPS = 3
"""The first of them also warms up and does not count."""
ENOUGH = 40.0
"""Seconds after which no further step is begun."""
FORWARD_SHARE = 0.35
"""A forward pass alone, as a share of a step over the same texts (forward, backward twice as much)."""


@dataclass(frozen=True)
class Shape:
    """What is known of the rows: how many, and the mean characters of their parts; None: as long as the model reads."""

    train: int
    validation: int
    characters: dict[str, int] | None


class Clock(TrainerCallback):
    """Seconds between the ends of steps, with the reading of their rows."""

    def __init__(self) -> None:
        self._marks: list[float] = []

    def _mark(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self._marks.append(time.perf_counter())

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._mark()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._mark()
        # Of a group, one that stopped alone would leave the others waiting.
        if args.world_size == 1 and self._marks[-1] - self._marks[0] > ENOUGH:
            control.should_training_stop = True

    @property
    def seconds(self) -> float:
        """Mean of a step; of the first alone where there was no time for another."""
        spans = [end - start for start, end in zip(self._marks, self._marks[1:], strict=False)]
        return fmean(spans[1:] or spans)


def measure(spec: JobSpec, shape: Shape) -> dict[str, Any]:
    """
    `{"device", "steps", "seconds_per_step", "seconds", "memory_bytes"}` of a job. Of several workers one is measured
    with its share of the batch; what they say to each other is not in it. Where weights are spread, all of them call
    this together, and each measures itself with what it holds. Raises what training raises.
    """
    settings = spec.settings
    one = dataclasses.replace(spec, settings={**settings, "accumulation": 1})
    if not is_sharded(spec):
        share = max(1, settings["batchSize"] // spec.workers)
        one = dataclasses.replace(one, workers=1, settings={**one.settings, "batchSize": share})
    memory = Memory()
    full = longest(settings["maxTokens"])
    seconds = train(one, full, 1 if shape.characters else STEPS)
    if shape.characters:
        gc.collect()
        seconds = train(one, {**full, **shape.characters}, STEPS)
    seconds *= settings["accumulation"]
    steps = steps_of(settings, shape.train)
    return {
        "device": device_name(),
        "steps": steps,
        "seconds_per_step": seconds,
        "seconds": seconds * steps + validation_seconds(spec, shape, seconds, steps),
        "memory_bytes": memory.peak(),
    }


def train(spec: JobSpec, characters: dict[str, int], steps: int) -> float:
    """Some real steps of a new adapter, which is thrown away. Returns the seconds of one."""
    settings = {**spec.settings, "steps": steps}
    rows = stand_ins(spec.method, settings, steps * settings["batchSize"], characters)
    task = prepare(dataclasses.replace(spec, settings=settings, parts=Parts(rows)))
    clock = Clock()
    trainer = bare(task)
    trainer.args.save_strategy = "no"
    trainer.add_callback(clock)
    trainer.train()
    return clock.seconds


def steps_of(settings: dict[str, Any], rows: int) -> int:
    """Steps of the whole run, by the Trainer's count."""
    if settings["steps"] > 0:
        return int(settings["steps"])
    batches = math.ceil(rows / settings["batchSize"])
    return max(1, math.ceil(settings["epochs"] * max(1, batches // settings["accumulation"])))


def validation_seconds(spec: JobSpec, shape: Shape, step_seconds: float, steps: int) -> float:
    """All looks at the validation part, by the texts that one reads against those of a step."""
    settings, held = spec.settings, shape.validation
    if held == 0:
        return 0.0
    asked, per_row = min(held, settings["validationLimit"]), 1
    read = asked
    if spec.method == "embedder":
        read = asked + max(held, min(settings["validationPool"], held + shape.train))
        per_row = 2 + settings["hardNegatives"]
    elif spec.method == "reranker":
        read = asked * min(settings["candidates"], held + shape.train)
        per_row = 1 + settings["hardNegatives"]
    elif spec.method == "dpo":
        read, per_row = 4 * asked, 2
    looks = 2 + (steps // settings["validateEvery"] if settings["validateEvery"] > 0 else 0)
    texts = settings["batchSize"] * settings["accumulation"] * per_row
    return looks * step_seconds * FORWARD_SHARE * read / texts


class Memory:
    """What is taken from now on at most, in bytes: of the GPU, or of this process beyond what it begins with."""

    def __init__(self) -> None:
        self._began = psutil.Process().memory_info().rss
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()

    def peak(self) -> int:
        if torch.cuda.is_available():
            return torch.cuda.max_memory_reserved()
        # Linux counts in KiB.
        return max(0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - self._began)
