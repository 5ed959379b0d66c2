"""The Python half of parity.ts: loads what Attune trained, and trains for Attune to load.

Reads <folder>/attune.json (token ids, outputs) and the adapters and merged models beside it; writes <folder>/peft.json
(differences from Attune's outputs; outputs of adapters that were trained here) and PEFT adapters.

Needs: pip install -r scripts/bench/train/requirements.txt
Run:   by parity.ts
"""

import json
import sys
from pathlib import Path

import gguf
import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForSequenceClassification
from safetensors.torch import load_file

folder, models = Path(sys.argv[1]), Path(sys.argv[2])
request = json.loads((folder / "attune.json").read_text())
torch.manual_seed(3)
torch.set_num_threads(2)
ENCODER = models / "all-MiniLM-L6-v2"
DECODER = models / "SmolLM2-135M-Instruct-Q4_1"


def encoder_state():
    return {name: value.float() for name, value in load_file(ENCODER / "model.fp16.safetensors").items()}


def loaded(model, state):
    missing, _ = model.load_state_dict(state, strict=False)
    # The head of a new scorer is random on both sides, and comes with the adapter.
    assert all(name.startswith("classifier.") for name in missing), missing
    return model.float().eval()


def encoder():
    return loaded(AutoModel.from_config(AutoConfig.from_pretrained(ENCODER)), encoder_state())


def scorer():
    config = AutoConfig.from_pretrained(ENCODER, num_labels=1)
    state = {f"bert.{name}": value for name, value in encoder_state().items()}
    return loaded(AutoModelForSequenceClassification.from_config(config), state)


def decoder():
    return AutoModelForCausalLM.from_pretrained(
        DECODER, gguf_file="SmolLM2-135M-Instruct.Q4_1.gguf", dtype=torch.float32
    ).eval()


def embed(model, sequences):
    rows = []
    for ids in sequences:
        hidden = model(input_ids=torch.tensor([ids])).last_hidden_state[0]
        rows.append(torch.nn.functional.normalize(hidden.mean(0), dim=0))
    return torch.stack(rows)


def logits(model, sequences):
    return torch.stack([model(input_ids=torch.tensor([ids])).logits[0, -1] for ids in sequences])


def scores(model, pairs):
    rows = [model(input_ids=torch.tensor([pair["ids"]]), token_type_ids=torch.tensor([pair["types"]])) for pair in pairs]
    return torch.cat([row.logits for row in rows])


def worst(values, expected):
    return (values - torch.tensor(expected)).abs().max().item()


def train(model, loss, steps=6):
    model.train()
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3)
    for _ in range(steps):
        value = loss(model)
        value.backward()
        optimizer.step()
        optimizer.zero_grad()
    print(f"  PEFT trained to a loss of {value.item():.3f}")
    return model.eval()


def ranking_loss(model):
    half = len(request["encoder"]["ids"]) // 2
    vectors = embed(model, request["encoder"]["ids"])
    return torch.nn.functional.cross_entropy(20 * vectors[:half] @ vectors[half:].T, torch.arange(half))


def language_loss(model):
    losses = []
    for ids in request["decoder"]["ids"]:
        tokens = torch.tensor([ids])
        losses.append(model(input_ids=tokens, labels=tokens).loss)
    return torch.stack(losses).mean()


def score_loss(model):
    values = scores(model, request["scorer"]["pairs"])
    labels = torch.arange(len(values)).remainder(2).float()[:, None]
    return torch.nn.functional.binary_cross_entropy_with_logits(values, labels)


report, outputs = {}, {}
with torch.no_grad():
    expected = request["encoder"]
    report["embeddings: base"] = worst(embed(encoder(), expected["ids"]), expected["base"])
    tuned = PeftModel.from_pretrained(encoder(), folder / "encoder-attune").eval()
    report["embeddings: adapter of Attune in PEFT"] = worst(embed(tuned, expected["ids"]), expected["tuned"])
    merged = AutoModel.from_pretrained(folder / "encoder-merged").eval()
    report["embeddings: merged by Attune in Transformers"] = worst(embed(merged, expected["ids"]), expected["tuned"])

    expected = request["decoder"]
    report["logits: base"] = worst(logits(decoder(), expected["ids"]), expected["base"])
    tuned = PeftModel.from_pretrained(decoder(), folder / "decoder-attune").eval()
    report["logits: adapter of Attune in PEFT"] = worst(logits(tuned, expected["ids"]), expected["tuned"])
    merged = AutoModelForCausalLM.from_pretrained(folder / "decoder-merged").eval()
    report["logits: merged by Attune in Transformers"] = worst(logits(merged, expected["ids"]), expected["tuned"])

    # The GGUF adapter: llama.cpp's converter permutes the rows of queries and keys, and so must its B.
    reader = gguf.GGUFReader(folder / "decoder-attune.gguf")
    stored = {tensor.name: torch.from_numpy(np.array(tensor.data)).float() for tensor in reader.tensors}
    alpha = float(reader.fields["adapter.lora.alpha"].parts[-1][0])
    worst_delta, rank = 0.0, 0
    kinds = {"q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
             "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down"}
    for path, module in tuned.base_model.model.named_modules():
        if not hasattr(module, "get_delta_weight"):
            continue
        layer, linear = path.split(".")[2], path.split(".")[-1]
        delta = module.get_delta_weight("default")
        if linear in ("q_proj", "k_proj"):
            heads = delta.shape[0] // 64
            delta = delta.reshape(heads, 2, 32, -1).swapaxes(1, 2).reshape(delta.shape)
        a, b = (stored[f"blk.{layer}.{kinds[linear]}.weight.lora_{part}"] for part in "ab")
        rank = a.shape[0]
        worst_delta = max(worst_delta, ((alpha / rank) * (b @ a) - delta).abs().max().item())
    report["updates: adapter of Attune in GGUF"] = worst_delta

    expected = request["scorer"]
    tuned = PeftModel.from_pretrained(scorer(), folder / "scorer-attune").eval()
    report["scores: adapter of Attune in PEFT"] = worst(scores(tuned, expected["pairs"]), expected["tuned"])
    merged = AutoModelForSequenceClassification.from_pretrained(folder / "scorer-merged").eval()
    report["scores: merged by Attune in Transformers"] = worst(scores(merged, expected["pairs"]), expected["tuned"])

model = train(get_peft_model(encoder(), LoraConfig(r=8, lora_alpha=16, target_modules=[
    f"encoder.layer.{layer}.{end}" for layer in range(6) for end in
    ["attention.self.query", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense"]
])), ranking_loss)
model.save_pretrained(folder / "encoder-peft")
with torch.no_grad():
    outputs["encoder"] = embed(model, request["encoder"]["ids"]).tolist()

model = train(get_peft_model(decoder(), LoraConfig(
    r=4, lora_alpha=8, use_rslora=True, task_type="CAUSAL_LM", rank_pattern={"down_proj": 6},
    target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
)), language_loss)
model.save_pretrained(folder / "decoder-peft")
with torch.no_grad():
    outputs["decoder"] = logits(model, request["decoder"]["ids"]).tolist()

model = train(get_peft_model(scorer(), LoraConfig(
    r=8, lora_alpha=16, task_type="SEQ_CLS", target_modules=["query", "value"],
)), score_loss)
model.save_pretrained(folder / "scorer-peft")
with torch.no_grad():
    outputs["scorer"] = scores(model, request["scorer"]["pairs"]).tolist()

(folder / "peft.json").write_text(json.dumps({"report": report, "outputs": outputs}))
