"""
Base weights spread over the workers of a job (FSDP2), for decoders that do not fit on one GPU.

Each block is gathered when it is needed and dropped behind it. The adapter alone learns and is small: every worker has
it whole, and its gradients are averaged as without sharding (DDP). So a run takes the same steps, and checkpoints and
results stay PEFT folders.
"""

from __future__ import annotations

from typing import Any

import torch.distributed as dist
from peft import PeftModel
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from ..serving.load import load_generator
from .contract import JobSpec


def is_sharded(spec: JobSpec) -> bool:
    """Whether a worker has only its share of the base weights."""
    return spec.sharded and spec.workers > 1 and dist.is_initialized()


def load_base(spec: JobSpec) -> tuple[Any, Any]:
    """The decoder and its tokenizer. Weights in 4 bits cannot be spread: they are read as they are stored."""
    return load_generator(spec.model, spec.settings["weights"] != "full" and not is_sharded(spec))


def shard(model: PeftModel, spec: JobSpec) -> None:
    """Keeps of the frozen weights only this worker's share."""
    if not is_sharded(spec):
        return
    learned = {weight for weight in model.parameters() if weight.requires_grad}
    decoder: Any = model.get_base_model()
    for block in decoder.get_decoder().layers:
        fully_shard(block, ignored_params=learned)
    fully_shard(decoder, ignored_params=learned)
    # DDP would send what is spread from the first worker to all, to begin with.
    frozen = [name for name, weight in model.named_parameters() if not weight.requires_grad]
    DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(model, frozen)
