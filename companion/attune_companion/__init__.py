"""Attune's companion node: tunes and serves models on a machine of one's own, over the OpenAI protocol."""

import os

__version__ = "0.1.0"

# No hub is asked for anything and nothing is reported to anybody: models come from folders of this machine.
for _name in (
    "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE",
    "HF_DATASETS_OFFLINE",
    "HF_HUB_DISABLE_TELEMETRY",
    "DO_NOT_TRACK",
):
    os.environ[_name] = "1"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# CUDA is counted without being initialised, or processes forked afterwards could not use it.
os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
