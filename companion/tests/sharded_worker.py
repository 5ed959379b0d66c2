"""
One of two workers on CPUs: the same job with all weights in each, then with each having a share, paused on the way, and
what it would be estimated to take.

Run by test_sharding.py with the worker's number, the port of the first, and a folder that holds `tiny-llama`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

import torch.distributed as dist
from peft import PeftModel
from transformers import AutoModelForCausalLM

from attune_companion.data.rows import ChatRow, Parts, PreferenceRow
from attune_companion.training import generator, preference, sharding
from attune_companion.training.contract import JobSpec
from attune_companion.training.options import read_settings
from attune_companion.training.probe import Shape, measure
from attune_companion.training.run import run

from .rows import ANIMALS

QUICK = {"steps": 6, "batchSize": 4, "maxTokens": 64, "checkpointEvery": 3, "validateEvery": 3, "rank": 4}
METHODS = ("supervised", "dpo")


class Notes:
    """A reporter that keeps losses, and asks for a pause after a step."""

    def __init__(self, pause_at: int | None = None) -> None:
        self.losses: dict[int, float] = {}
        self.scores: dict[int, float] = {}
        self._pause_at = pause_at

    def message(self, text: str, level: str = "info") -> None: ...

    def metrics(self, step: int, total: int, figures: dict[str, float]) -> None:
        if "train_loss" in figures:
            self.losses[step] = figures["train_loss"]
        if "valid_score" in figures:
            self.scores[step] = figures["valid_score"]

    def checkpoint(self, step: int, figures: dict[str, float]) -> None: ...

    def wanted(self) -> str | None:
        return "pause" if self._pause_at is not None and self._pause_at in self.losses else None


def row_of(method: str, i: int) -> Any:
    question = {"role": "user", "content": f"Say {ANIMALS[i % 10]}"}
    if method == "dpo":
        return PreferenceRow((question,), f"aaaa {i}", f"zzzz {i}")
    return ChatRow((question, {"role": "assistant", "content": f"{ANIMALS[i % 10]}!"}), (False, True))


def learned(spec: JobSpec, adapter: Path) -> int:
    """How many of an adapter's matrices, read by PEFT onto the base, are not as they began."""
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(spec.model), adapter)
    return sum("lora_B" in name and bool(weight.abs().max() > 0) for name, weight in model.named_parameters())


def main(rank: int, port: str, folder: Path) -> None:
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "RANK": str(rank), "LOCAL_RANK": str(rank)}
    os.environ |= {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    dist.init_process_group("gloo")
    kept: list[float] = []
    spread = sharding.shard

    def counted(model: Any, spec: JobSpec) -> None:
        """How much of the frozen weights this worker holds from then on."""
        frozen = [weight for weight in model.parameters() if not weight.requires_grad]
        before = sum(weight.numel() for weight in frozen)
        spread(model, spec)
        frozen = [weight for weight in model.parameters() if not weight.requires_grad]
        here = sum((weight.to_local() if hasattr(weight, "to_local") else weight).numel() for weight in frozen)
        kept.append(here / before)

    for module in (generator, preference):
        vars(module)["shard"] = counted
    results: dict[str, Any] = {}
    for method in METHODS:
        rows = [row_of(method, i) for i in range(20)]
        spec = JobSpec(
            id=method,
            method=method,
            base="tiny-llama",
            base_sha256="",
            model=folder / "tiny-llama",
            folder=folder / f"{method}-whole",
            settings=read_settings(method, QUICK),
            seed=3,
            parts=Parts(rows[:16], rows[16:]),
            data_hash="",
            workers=2,
        )
        whole, shared = Notes(), Notes(pause_at=4)
        expected = run(spec, whole)
        sharded = dataclasses.replace(spec, sharded=True, folder=folder / f"{method}-sharded")
        paused = run(sharded, shared)
        rest = Notes()
        found = run(sharded, rest)
        wide = dataclasses.replace(sharded, settings={**sharded.settings, "maxTokens": 480})
        estimated = measure(wide, Shape(train=16, validation=4, characters=None))
        results[method] = {
            "stopped": paused.stopped,
            "whole": {"losses": whole.losses, "scores": whole.scores, "evaluation": expected.evaluation},
            "sharded": {
                "losses": shared.losses | rest.losses,
                "scores": shared.scores | rest.scores,
                "evaluation": found.evaluation,
            },
            "resumed": sorted(rest.losses),
            "estimated_steps": estimated["steps"],
            "learned": learned(spec, found.adapter) if found.adapter else None,
        }
    (folder / f"worker-{rank}.json").write_text(json.dumps({"kept": kept, **results}))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
