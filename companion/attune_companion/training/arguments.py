"""A job's knobs as arguments of Transformers' Trainer."""

from __future__ import annotations

from typing import Any

import torch
from trl import DPOConfig, SFTConfig  # type: ignore[attr-defined]

from .contract import JobSpec

SCHEDULES = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}


def batch_of(spec: JobSpec) -> tuple[int, int]:
    """
    Examples at once on one worker, and how often gradients are added before a step. Halving the one doubles the other:
    a step stays a step over equally many examples.
    """
    settings = spec.settings
    batch = max(1, settings["batchSize"] // (spec.workers * 2**spec.batch_halvings))
    whole = settings["batchSize"] * settings["accumulation"]
    return batch, max(1, whole // (batch * spec.workers))


def arguments(kind: Any, spec: JobSpec, **more: Any) -> Any:
    """`kind`: TrainingArguments or a class that extends it. `more` overrides."""
    settings = spec.settings
    batch, accumulation = batch_of(spec)
    cuda = torch.cuda.is_available()
    values: dict[str, Any] = {
        "output_dir": str(spec.folder),
        "per_device_train_batch_size": batch,
        "gradient_accumulation_steps": accumulation,
        "num_train_epochs": settings["epochs"],
        "max_steps": settings["steps"] or -1,
        "learning_rate": settings["learningRate"],
        "lr_scheduler_type": SCHEDULES[settings["schedule"]],
        # Below 1 it is a share of the steps.
        "warmup_steps": settings["warmUp"],
        "weight_decay": settings["weightDecay"],
        # 0 never shortens, for the app; the Trainer means the same by it.
        "max_grad_norm": settings["maxGradientNorm"],
        "optim": "adamw_torch",
        "seed": spec.seed,
        "data_seed": spec.seed,
        "save_strategy": "steps",
        "save_steps": settings["checkpointEvery"],
        "eval_strategy": "no",
        "logging_strategy": "steps",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": not cuda,
        "bf16": cuda and torch.cuda.is_bf16_supported(),
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": cuda,
    }
    if issubclass(kind, SFTConfig | DPOConfig):
        # Decoders on a GPU keep the inputs of their blocks alone and compute the rest again. TRL's default is to do so
        # everywhere.
        values["gradient_checkpointing"] = cuda
    if spec.workers > 1:
        values |= {"ddp_backend": "nccl" if cuda else "gloo", "ddp_find_unused_parameters": False}
    return kind(**{**values, **more})
