"""What an adapter was made of and with: enough to make it again."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

from .. import __version__
from ..serving.load import device_name
from .contract import JobSpec
from .sharding import is_sharded

LIBRARIES = ("torch", "transformers", "peft", "trl", "sentence-transformers", "accelerate", "ray")
CARD = "attune.json"


def card(spec: JobSpec, task_card: dict[str, Any], evaluation: dict[str, Any] | None, step: int) -> dict[str, Any]:
    """The file `attune.json` beside the PEFT files."""
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
        "sharded": is_sharded(spec),
        "batchHalvings": spec.batch_halvings,
        "libraries": {
            "attune-companion": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
        "device": device_name(),
        **task_card,
    }
