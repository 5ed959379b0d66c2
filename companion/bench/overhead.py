"""
Seconds per step of the same tuning: a bare PyTorch + PEFT loop, the service, and Ray with one and two workers.

    companion/.venv/bin/python companion/bench/overhead.py public/models STEPS [ROUNDS]

In turns: a round is so many steps of each, one after the other, so that what else the machine does slows all alike. A
round's ratio is to the bare loop of the same round; printed are the median over the rounds, and the least and the most.

MiniLM, LoRA r=8 on all six linears, 32 pairs of `attackqa-like`, at most 128 tokens, multiple negatives ranking. Every
process computes with one thread, as the service's tests do, so that two workers have a processor each. A round's time
is the median over its steps after the first; news of a cluster come five times a second, so theirs are right to that.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median

FOLDER = Path(__file__).parent.parent
sys.path.insert(0, str(FOLDER))
from tests.service import Service, running  # noqa: E402

BASE, BATCH, LONGEST = "all-MiniLM-L6-v2", 32, 128
NODES: dict[str, tuple[str, ...]] = {
    "the service": (),
    "Ray, 1 worker": ("--ray", "local"),
    "Ray, 2 workers": ("--ray", "local", "--ray-workers", "2"),
}

BARE = """
import json, sys, time, torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel
folder, rows, steps, batch, longest = sys.argv[1], json.load(open(sys.argv[2])), *map(int, sys.argv[3:])
tokenizer = Tokenizer.from_file(folder + "/tokenizer.json"); tokenizer.enable_truncation(longest)
tokenizer.enable_padding()
model = BertModel(BertConfig.from_json_file(folder + "/config.json"), add_pooling_layer=False)
weights = load_file(folder + "/model.fp16.safetensors")
model.load_state_dict({key: value.float() for key, value in weights.items()}, strict=False)
names = ["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"]
model = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules=names))
optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
def embed(texts):
    encoded = tokenizer.encode_batch(texts)
    ids = torch.tensor([e.ids for e in encoded]); mask = torch.tensor([e.attention_mask for e in encoded])
    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state * mask.unsqueeze(-1)
    return torch.nn.functional.normalize(hidden.sum(1) / mask.sum(1, keepdim=True), dim=-1)
for step in range(steps):
    start = time.perf_counter()
    part = [rows[(step * batch + i) % len(rows)] for i in range(batch)]
    scores = 20 * embed([row["question"] for row in part]) @ embed([row["passage"] for row in part]).T
    torch.nn.functional.cross_entropy(scores, torch.arange(batch)).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1); optimiser.step(); optimiser.zero_grad()
    print(time.perf_counter() - start, flush=True)
"""


def rows_of(data: Path, count: int) -> list[dict[str, str]]:
    """Questions with their passages, as far as they are text."""
    with gzip.open(data / "corpus.jsonl.gz", "rt") as file:
        documents = {row["doc_id"]: row["text"] for row in map(json.loads, file)}
    with gzip.open(data / "qa.jsonl.gz", "rt") as file:
        questions = [json.loads(line) for line in file]
    found = [
        {"question": row["question"], "passage": documents[document], "document": document}
        for row in questions
        for document in row["relevant_doc_ids"][:1]
        if document in documents
    ]
    return found[:count]


def bare(models: Path, rows: list[dict[str, str]], steps: int) -> float:
    """The loop that one would write oneself."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(rows, file)
        file.flush()
        command = [sys.executable, "-c", BARE, str(models / BASE), file.name, *map(str, (steps, BATCH, LONGEST))]
        one = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=one)
    return median(map(float, done.stdout.split()[1:]))


def service(node: Service, rows: list[dict[str, str]], steps: int) -> float:
    """A job of a node that runs, from its curve."""
    settings = {"steps": steps, "batchSize": BATCH, "maxTokens": LONGEST, "chunkTokens": 2 * BATCH * LONGEST}
    quiet = {"validateEvery": 0, "patience": 0, "heldOut": 0, "checkpointEvery": steps}
    text = "".join(json.dumps(row) + "\n" for row in rows)
    job = node.job("embedder", BASE, node.upload(text), hyperparameters={**settings, **quiet})
    node.wait(job.id, "succeeded")
    times = [event.data["seconds"] for event in node.events(job.id) if "train_loss" in (event.data or {})]
    return median(b - a for a, b in pairwise(times))


def report(seconds: dict[str, list[float]]) -> None:
    """A line for each, of as many rounds as there have been."""
    first = next(iter(seconds.values()))
    for name, found in seconds.items():
        ratios = [one / bare for one, bare in zip(found, first, strict=True)]
        spread = f"{median(ratios):.2f} of the bare loop's time ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"{name}: {median(found):.2f} s per step ({min(found):.2f} to {max(found):.2f}), {spread}", flush=True)


def main() -> None:
    """Nodes are started once and wait between their turns."""
    models, steps = Path(sys.argv[1]).absolute(), int(sys.argv[2])
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    rows = rows_of(FOLDER.parent.parent / "shared/data/attackqa-like", BATCH * steps)
    with ExitStack() as open_nodes:
        folder = Path(open_nodes.enter_context(tempfile.TemporaryDirectory()))
        turns: dict[str, Callable[[], float]] = {"bare PyTorch + PEFT": lambda: bare(models, rows, steps)}
        for i, (name, flags) in enumerate(NODES.items()):
            node = open_nodes.enter_context(running(folder / f"node-{i}", models, *flags))
            turns[name] = partial(service, node, rows, steps)
        seconds: dict[str, list[float]] = {name: [] for name in turns}
        for number in range(rounds):
            for name, turn in turns.items():
                seconds[name].append(turn())
            told = ", ".join(f"{found[-1]:.2f} s" for found in seconds.values())
            print(f"round {number + 1} of {rounds}: {told}", flush=True)
        report(seconds)


main()
