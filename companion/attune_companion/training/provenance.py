"""What an adapter was made of and with: enough to make it again."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

import torch

from .. import __version__
from .contract import JobSpec

LIBRARIES = ("torch", "transformers", "peft", "trl", "sentence-transformers", "accelerate", "ray")
CARD = "attune.json"


def card(spec: JobSpec, task_card: dict[str, Any], evaluation: dict[str, Any] | None, step: int) -> dict[str, Any]:
    """The file `attune.json` beside the PEFT files."""
    cuda = torch.cuda.is_available()
    return {
        "format": 1,
        "role": spec.role,
        "method": spec.method,
        "base": {"id": spec.base, "sha256": spec.base_sha256},
        "settings": spec.settings,
        "seed": spec.seed,
        "data": {
            "sha256": spec.data_hash,
            "train": len(spec.parts.train),
            "validation": len(spec.parts.validation),
        },
        "step": step,
        "evaluation": evaluation,
        "workers": spec.workers,
        "batchHalvings": spec.batch_halvings,
        "libraries": {
            "attune-companion": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
        "device": torch.cuda.get_device_name() if cuda else f"{platform.machine()} CPU",
        **task_card,
    }
