"""One training step of PyTorch + PEFT for each line read, its seconds for each line written: the peer of train.ts.

Started by scripts/bench/train.ts, which asks for steps in turn with its own, so that both see the same machine.
Usage: torch_steps.py MINILM_FOLDER THREADS. Commands: `embedder`, `generator <tokens> <of the answer>`, `quit`.
"""
import json
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import BertConfig, BertModel, LlamaConfig, LlamaForCausalLM

folder, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)
torch.manual_seed(1)
PAIRS, QUERY, PASSAGE = 32, 37, 96


def adapted(model, targets):
    model = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules=targets))
    return model, torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)


def embedder():
    model = BertModel(BertConfig.from_json_file(f"{folder}/config.json"), add_pooling_layer=False)
    weights = {name: tensor.float() for name, tensor in load_file(f"{folder}/model.fp16.safetensors").items()}
    model.load_state_dict(weights, strict=False)
    targets = ["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"]
    model, optimizer = adapted(model, targets)

    def encode(ids):
        mask = torch.ones_like(ids)
        hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
        return torch.nn.functional.normalize(hidden.mean(1), dim=-1)

    def step():
        queries = torch.randint(1000, 20000, (PAIRS, QUERY))
        passages = torch.randint(1000, 20000, (PAIRS, PASSAGE))
        scores = encode(queries) @ encode(passages).T * 20
        torch.nn.functional.cross_entropy(scores, torch.arange(PAIRS)).backward()
        finish(model, optimizer)

    return step


def generator():
    # The shape of SmolLM2-135M; random weights take the same time.
    config = LlamaConfig(
        hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3,
        vocab_size=49152, tie_word_embeddings=True,
    )
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    model, optimizer = adapted(LlamaForCausalLM(config), targets)

    def step(tokens, answer):
        ids = torch.randint(0, 49152, (1, int(tokens)))
        labels = ids.clone()
        labels[:, : int(tokens) - int(answer)] = -100
        model(input_ids=ids, labels=labels).loss.backward()
        finish(model, optimizer)

    return step


def finish(model, optimizer):
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
    optimizer.step()
    optimizer.zero_grad()


makers, steps = {"embedder": embedder, "generator": generator}, {}
for line in sys.stdin:
    name, *arguments = line.split()
    if name == "quit":
        break
    if name not in steps:
        steps[name] = makers[name]()
    started = time.perf_counter()
    steps[name](*arguments)
    print(json.dumps(time.perf_counter() - started), flush=True)
