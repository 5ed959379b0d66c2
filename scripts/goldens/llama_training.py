"""Losses, gradients and ten steps of LoRA training from PyTorch and PEFT, in double, on the tiny models of llama_tiny.py.

The low-rank matrices are a formula that the test knows too, so that they need not be stored.

Needs: pip install torch transformers peft gguf
Run:   python scripts/goldens/llama_training.py
Out:   tests/fixtures/llama/training.json
"""

import base64
import json
import math
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

TINY = Path("tests/fixtures/llama/tiny")
RANK, ALPHA = 3, 6
LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
EXAMPLES = [
    {"tokens": [5, 17, 50, 2, 41, 33, 8, 61, 44, 12, 3, 55], "lossFrom": 5},
    {"tokens": [9, 60, 7, 33, 21, 1, 19], "lossFrom": 0},
]
# A trunk with two branches, written out one by one.
TRUNK, BRANCHES = [5, 17, 50, 2, 41], [{"tokens": [1, 2, 3], "lossFrom": 0}, {"tokens": [44, 55], "lossFrom": 1}]
# A teacher's two likeliest tokens for each of the seven tokens of the first example that have a loss.
TEACHER = {"k": 2, "tokens": [[8, 3], [33, 1], [61, 2], [12, 44], [3, 0], [55, 9], [6, 7]],
           "logProbabilities": [[-0.2, -2.0], [-0.7, -0.9], [-0.1, -4.0], [-1.0, -1.5], [-0.3, -1.6], [-0.5, -1.2], [-0.9, -1.1]]}
# name, keyword arguments of from_pretrained
MODELS = [
    ("llama-q4_1", {"gguf_file": "model.gguf"}),
    ("llama-linear-rope-tied", {}),
    ("qwen2-bf16", {}),
    ("qwen3-f16", {}),
    ("mistral-window", {}),
]


def wave(k: int, count: int) -> torch.Tensor:
    """Elements of the k-th low-rank matrix."""
    return torch.tensor([0.1 * math.sin(1.7 * i + 0.3 * k + 1) for i in range(count)], dtype=torch.float64)


def adapted(name: str, arguments: dict, **lora):
    base = AutoModelForCausalLM.from_pretrained(TINY / name, dtype=torch.float32, attn_implementation="eager", **arguments)
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=LINEARS, task_type="CAUSAL_LM", **lora)
    model = get_peft_model(base.double(), config).double()
    matrices = {}
    layers = base.config.num_hidden_layers
    for layer in range(layers):
        for i, linear in enumerate(LINEARS):
            part = "self_attn" if i < 4 else "mlp"
            path = f"model.layers.{layer}.{part}.{linear}"
            for j, side in enumerate("AB"):
                parameter = dict(model.named_parameters())[f"base_model.model.{path}.lora_{side}.default.weight"]
                parameter.data = wave((layer * 7 + i) * 2 + j, parameter.numel()).reshape(parameter.shape)
                matrices[f"{path}.lora_{side}.weight"] = parameter
    return model, matrices


def loss_of(model, tokens, loss_from):
    labels = [t if i >= max(1, loss_from) else -100 for i, t in enumerate(tokens)]
    logits = model(input_ids=torch.tensor([tokens])).logits.double()
    return torch.nn.functional.cross_entropy(logits[0, :-1], torch.tensor(labels[1:]), ignore_index=-100)


def batch_loss(model):
    return sum(loss_of(model, e["tokens"], e["lossFrom"]) for e in EXAMPLES) / len(EXAMPLES)


def branched_loss(model):
    return sum(loss_of(model, TRUNK + b["tokens"], len(TRUNK) + b["lossFrom"]) for b in BRANCHES) / len(BRANCHES)


def teacher_loss(model, share):
    tokens, loss_from = EXAMPLES[0]["tokens"], EXAMPLES[0]["lossFrom"]
    logs = model(input_ids=torch.tensor([tokens])).logits[0].double().log_softmax(-1)
    total = 0
    for i, (likely, scores) in enumerate(zip(TEACHER["tokens"], TEACHER["logProbabilities"])):
        at = loss_from + i - 1
        chances = torch.tensor(scores, dtype=torch.float64).exp()
        chances = chances / chances.sum()
        divergence = (chances * (chances.log() - logs[at, likely])).sum()
        total = total + share * divergence - (1 - share) * logs[at, tokens[loss_from + i]]
    return total / len(TEACHER["tokens"])


def coded(tensor) -> str:
    return base64.b64encode(tensor.detach().numpy().astype("<f4").tobytes()).decode()


def golden(name: str, arguments: dict) -> dict:
    model, matrices = adapted(name, arguments)
    loss = batch_loss(model)
    loss.backward()
    out = {"loss": loss.item(), "gradients": {key: coded(p.grad) for key, p in matrices.items()}}
    optimizer = torch.optim.AdamW(matrices.values(), lr=1e-2, weight_decay=0.01)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = batch_loss(model)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(matrices.values(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return out | {"tenSteps": losses}


def main() -> None:
    first = MODELS[0]
    out = {"rank": RANK, "alpha": ALPHA, "examples": EXAMPLES, "trunk": TRUNK, "branches": BRANCHES, "teacher": TEACHER}
    out["models"] = {name: golden(name, arguments) for name, arguments in MODELS}
    with torch.no_grad():
        plain, _ = adapted(*first)
        stabilised, _ = adapted(*first, use_rslora=True)
        out["losses"] = {
            "rank-stabilised": batch_loss(stabilised).item(),
            "branched": branched_loss(plain).item(),
            "teacher": teacher_loss(plain, 1).item(),
            "half teacher": teacher_loss(plain, 0.5).item(),
        }
    Path("tests/fixtures/llama/training.json").write_text(json.dumps(out) + "\n")


main()
