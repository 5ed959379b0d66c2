"""
Seconds per step and memory of tuning an answer model of the size of Llama 3.2 1B on a GPU, with random weights.

    companion/.venv/bin/python companion/bench/qlora.py [--steps 10] [--batch 4] [--tokens 1024] [--weights nf4|full]

The training is a job's own (`attune_companion.training`): LoRA r=16 on all linears, blocks computed again on the way
back, AdamW. On CUDA the frozen weights are in NF4 (QLoRA), or in the GPU's own precision with `--weights full`. Speed
and memory hang on shapes and not on values, so nothing has to be downloaded. `--tiny` is a shape of a few kB that shows
that it runs; a machine without CUDA takes that by itself, and prints no figure of the large one.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

FOLDER = Path(__file__).parent.parent
sys.path.insert(0, str(FOLDER))
from attune_companion.data.rows import Parts  # noqa: E402
from attune_companion.training import probe  # noqa: E402
from attune_companion.training.contract import JobSpec  # noqa: E402
from attune_companion.training.options import read_settings  # noqa: E402
from tests.tiny_models import tiny_llama  # noqa: E402

# https://huggingface.co/meta-llama/Llama-3.2-1B/blob/main/config.json, as far as it is shape.
LLAMA_1B = {
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "rope_theta": 500000.0,
    "tie_word_embeddings": True,
}


def options() -> argparse.Namespace:
    read = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read.add_argument("--steps", type=int, default=10, help="of which the first does not count")
    read.add_argument("--batch", type=int, default=4)
    read.add_argument("--tokens", type=int, default=1024, help="of every row")
    read.add_argument("--weights", choices=["nf4", "full"], default="nf4")
    read.add_argument("--tiny", action="store_true")
    return read.parse_args()


def write_model(folder: Path, tiny: bool) -> int:
    """A folder that a job loads. Returns how many weights the model has."""
    tiny_llama(folder)
    if not tiny:
        # The tokenizer stays that of bytes: rows are cut to length, so the time is one of shapes alone.
        ends = json.loads((folder / "config.json").read_text())["eos_token_id"]
        torch.manual_seed(1)
        large = AutoModelForCausalLM.from_config(LlamaConfig(**LLAMA_1B, eos_token_id=ends), dtype=torch.bfloat16)
        large.save_pretrained(folder)
    with torch.device("meta"):
        whole = LlamaForCausalLM(LlamaConfig.from_pretrained(folder))
    return sum(weight.numel() for weight in whole.parameters())


def main() -> None:
    asked = options()
    tiny = asked.tiny or not torch.cuda.is_available()
    if tiny and not asked.tiny:
        print("No CUDA here: a tiny shape shows that it runs; its figures say nothing of a 1B model.")
    tokens = min(asked.tokens, 512) if tiny else asked.tokens
    knobs = {"batchSize": asked.batch, "maxTokens": tokens, "rank": 16, "targets": "all"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        weights = write_model(folder / "model", tiny)
        spec = JobSpec(
            **{"id": "bench", "method": "causal", "base": "bench", "base_sha256": "", "data_hash": "", "seed": 1},
            **{"model": folder / "model", "folder": folder / "job", "parts": Parts()},
            settings=read_settings("causal", {**knobs, "weights": "full" if asked.weights == "full" else "stored"}),
        )
        probe.STEPS, probe.ENOUGH = asked.steps, float("inf")
        found = probe.measure(spec, probe.Shape(train=1000, validation=0, characters=None))
    print(f"{weights:,} weights, {asked.weights}, on {found['device']}")
    print(f"{asked.batch} rows of {tokens} tokens: {found['seconds_per_step']:.3f} s per step", end=", ")
    print(f"{asked.batch * tokens / found['seconds_per_step']:.0f} tokens per second", end=", ")
    print(f"{found['memory_bytes'] / 2**30:.2f} GiB of memory at most")


main()
